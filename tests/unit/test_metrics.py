from __future__ import annotations

import re

import pytest
from prometheus_client import REGISTRY, Counter, Gauge, Histogram

from app.ops import metrics

AREAS = "http|store|cache|limit|session|event|task|guardian"
UNITS = "seconds|total|connections|requests|streams|tasks|circuits|nodes|sentinels|epoch|info|ratio|bytes"
DECLARED = {name: value for name, value in vars(metrics).items() if isinstance(value, Counter | Gauge | Histogram)}
FROM_REDIS = {name: value for name, value in vars(metrics).items() if name.startswith("QUEUE_")}


def full_name(metric: Counter | Gauge | Histogram) -> str:
    return str(metric._name) + ("_total" if isinstance(metric, Counter) else "")


NAMES = [full_name(metric) for metric in DECLARED.values()] + [name for name, _ in FROM_REDIS.values()]


def test_there_are_metrics_and_no_two_of_one_name() -> None:
    assert len(DECLARED) > 15
    assert len(FROM_REDIS) == 3
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_says_product_area_what_and_unit(name: str) -> None:
    assert re.fullmatch(rf"haven_({AREAS})(_[a-z]+)+_({UNITS})", name)


@pytest.mark.parametrize("name", DECLARED)
def test_a_metric_says_what_it_means(name: str) -> None:
    assert DECLARED[name]._documentation.endswith(".")


SHARED_GAUGES = [
    name for name, metric in DECLARED.items() if isinstance(metric, Gauge) and not name.startswith("GUARDIAN_")
]


@pytest.mark.parametrize("name", SHARED_GAUGES)
def test_a_gauge_says_how_the_workers_values_are_joined_and_forgets_the_dead(name: str) -> None:
    gauge = DECLARED[name]
    assert isinstance(gauge, Gauge)
    assert gauge._multiprocess_mode.startswith("live")


@pytest.mark.parametrize("name", [name for name, metric in DECLARED.items() if isinstance(metric, Histogram)])
def test_durations_have_buckets_in_order_from_milliseconds_on(name: str) -> None:
    histogram = DECLARED[name]
    bounds = histogram._kwargs["buckets"]
    assert list(bounds) == sorted(set(bounds))
    assert bounds[0] <= 0.005


def test_the_guardians_metrics_are_shown_by_guardians_only() -> None:
    ours = {family.name for family in metrics.GUARDIAN.collect()}
    everyones = {family.name for family in REGISTRY.collect()}
    assert len(ours) == sum(name.startswith("GUARDIAN_") for name in DECLARED)
    assert not ours & everyones
    assert not any("guardian" in name for name in everyones)


def test_operations_are_measured_under_one_name_each() -> None:
    metrics.observe_operation("SOME COMMAND", 0.1)
    metrics.observe_operation("SOME COMMAND", 0.1)
    labels = {"operation": "some command"}
    samples = [
        sample.value
        for family in metrics.STORE_DURATION.collect()
        for sample in family.samples
        if sample.name.endswith("_count") and sample.labels == labels
    ]
    assert samples == [2]
