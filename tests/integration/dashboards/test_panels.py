"""Every panel shows something: asked of a real Prometheus that watches the running stack, as Grafana asks."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import pytest

from app.local import LocalError
from tests.dashboards.metrics import AT_THE_SCRAPE, OF_THE_TARGET
from tests.dashboards.reading import Target, dashboards, filled, marks, targets

if TYPE_CHECKING:
    from app.local.prometheus import Sample
    from tests.integration.dashboards.conftest import Watched

pytestmark = pytest.mark.stack

STEP = 1.0
RATE_INTERVAL = "15s"
# What can't have data on this machine, and why; Grafana then shows the panel's own words.
WITHOUT_DATA = {"Time until certificates end": "the local stack speaks no TLS"}
# What has happened, so that a zero or `none` in its place would be wrong.
SHOWN: dict[str, dict[str, str]] = {
    "Answers of 400 and above by route": {"route": "none", "status": "404"},
    "Attempts that were repeated": {},
    "Attempts that failed, by task": {"task": "hopeless", "outcome": "dead"},
    "Rejections by scope": {},
    "Session ids that were refused": {"event": "unknown"},
    "Streams open": {"kind": "sse"},
    "Events delivered": {"to": "sse"},
    "Last run of each drill": {"drill": "primary-kill", "result": "held"},
}


def asked(watched: Watched, expression: str, *, instant: bool) -> list[Sample]:
    """What Grafana gets, with All for both variables."""
    now = time.time()
    values = {"$__rate_interval": RATE_INTERVAL, "$__range": f"{now - watched.began:.0f}s"}
    for name in ("namespace", "release"):
        found = {sample.labels[name] for sample in watched.prometheus.query("haven_store_failovers_total")}
        values[f"${name}"] = "|".join(sorted(found))
    text = filled(expression, values)
    assert "$" not in text
    if instant:
        return watched.prometheus.query(text)
    return watched.prometheus.query_range(text, watched.began, now, STEP)


def shown(watched: Watched, target: Target) -> list[Sample]:
    """The series of a query that have a number; what is not one Grafana leaves out."""
    try:
        found = asked(watched, target.expression, instant=bool(target.found.get("instant")))
    except LocalError as error:
        pytest.fail(f"{target}: {error}")
    return [sample for sample in found if any(math.isfinite(value) for _, value in sample.values)]


def of(watched: Watched, dashboard: str, title: str) -> list[Sample]:
    (found,) = [each for each in targets() if (each.dashboard, each.panel["title"]) == (dashboard, title)]
    return shown(watched, found)


def test_every_query_of_every_panel_has_data(watched: Watched) -> None:
    empty = {each.panel["title"] for each in targets() if not shown(watched, each)}
    assert empty == WITHOUT_DATA.keys()


def test_a_panel_without_data_says_why() -> None:
    told = {each.panel["title"]: each.panel["fieldConfig"]["defaults"].get("noValue") for each in targets()}
    assert all(told[title] for title in WITHOUT_DATA)


def test_what_happened_is_shown_and_not_a_zero_in_its_place(watched: Watched) -> None:
    for each in targets():
        wanted = SHOWN.get(each.panel["title"])
        if wanted is not None:
            found = [sample.labels for sample in shown(watched, each)]
            real = [labels for labels in found if not set(labels.values()) <= {"none"}]
            assert any(labels.items() >= wanted.items() for labels in real), f"{each}: {found}"


def test_annotations_show_the_failover_and_the_drill(watched: Watched) -> None:
    for each in marks():
        assert asked(watched, each["expr"], instant=False), each["name"]


def test_the_role_time_line_shows_the_role_at_several_nodes_and_one_at_a_time(watched: Watched) -> None:
    primary = 4.0
    found = of(watched, "haven-redis", "Roles")
    assert {sample.labels["pod"] for sample in found} == {"redis-1", "redis-2", "redis-3"}
    were = {sample.labels["pod"] for sample in found if primary in {value for _, value in sample.values}}
    assert len(were) > 1
    assert [sample.values[-1][1] for sample in found].count(primary) == 1


def test_a_failover_and_a_handover_are_counted_from_the_first_one_on(watched: Watched) -> None:
    def most(title: str, **labels: str) -> float:
        series = [each for each in of(watched, "haven-redis", title) if each.labels.items() >= labels.items()]
        return max(value for each in series for _, value in each.values if math.isfinite(value))

    assert most("Handovers", result="done") > 0
    assert most("Changes of the primary") > 0
    assert most("Failovers seen by clients") > 0
    assert 0 < most("Duration of the last failover") < 30
    assert 0 < most("Pause of the last handover") < 5


def test_the_drills_row_leads_to_the_time_around_its_end(watched: Watched) -> None:
    age, start, end = (
        shown(watched, each)[0].value for each in targets() if each.panel["title"] == "Last run of each drill"
    )
    assert 0 < age < 300
    ended = time.time() - age
    assert start / 1000 == pytest.approx(ended - 600, abs=5)
    assert end / 1000 == pytest.approx(ended + 60, abs=5)


def test_what_is_read_at_the_scrape_has_the_labels_that_the_rules_know(watched: Watched) -> None:
    for name, labels in AT_THE_SCRAPE.items():
        found = watched.prometheus.query(name)
        assert found
        assert all(set(sample.labels) - {"__name__"} == labels | OF_THE_TARGET for sample in found)


def test_variables_offer_this_installation(watched: Watched) -> None:
    for dashboard in dashboards():
        for variable in dashboard["templating"]["list"][1:]:
            metric = variable["query"].removeprefix("label_values(").rpartition(",")[0]
            found = asked(watched, metric, instant=True)
            right = {"namespace": "local", "release": "haven"}[variable["name"]]
            assert {sample.labels[variable["name"]] for sample in found} == {right}
