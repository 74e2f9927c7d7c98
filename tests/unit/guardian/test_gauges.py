"""The metrics of a guardian's turn. NaN is «unknown», so that no alert's comparison is true."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.guardian.facts import AWAY, PRIMARY, REPLICA, Seen
from app.guardian.gauges import Gauges
from app.guardian.verdict import judge
from app.guardian.vitals import Vitals
from app.ops import metrics
from tests.unit.guardian.worlds import look, names, primary, replica

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prometheus_client import Counter, Gauge

WELL = Vitals(memory_used=500, memory_limit=1000, full_resyncs=2, failing="", unsaved_for=0.0, refuses="", refused=7)


def value(metric: Gauge | Counter) -> float:
    return float(metric._value.get())


class Turns:
    """A guardian's turns, one after another."""

    def __init__(self) -> None:
        self.gauges = Gauges()

    def see(self, nodes: Sequence[Seen | None], now: float = 0.0, *, me: int = 0, tilt: bool | None = None) -> None:
        opinions = [replace(each, tilt=tilt) for each in names(0, 0, 0)]
        seen = look(nodes, opinions, me=me, now=now)
        node = nodes[me]
        state = AWAY if node is None else PRIMARY if node.primary else REPLICA
        self.gauges.show(seen, judge(seen, 0), state, None)


@pytest.fixture
def turns() -> Turns:
    return Turns()


def test_replicas_that_could_take_over_are_linked_and_fit_and_answer(turns: Turns) -> None:
    turns.see([primary(replicas=2), replica(0), replica(0, fit=False)])
    assert value(metrics.GUARDIAN_FIT_REPLICAS) == 1
    assert (value(metrics.GUARDIAN_CONFIGURED), value(metrics.GUARDIAN_NODES)) == (3, 3)
    assert value(metrics.GUARDIAN_LINKED) == 2
    turns.see([primary(), replica(0, linked=False), None])
    assert value(metrics.GUARDIAN_FIT_REPLICAS) == 0
    assert (value(metrics.GUARDIAN_CONFIGURED), value(metrics.GUARDIAN_NODES)) == (3, 2)


def test_how_long_a_link_has_been_down_is_counted_here(turns: Turns) -> None:
    turns.see([primary(), replica(0), replica(0)], 10, me=1)
    assert value(metrics.GUARDIAN_LINK_DOWN) == 0
    assert math.isnan(value(metrics.GUARDIAN_LINKED))
    for now, down in ((20.0, 0.0), (27.0, 7.0)):
        turns.see([primary(), replica(0, linked=False), replica(0)], now, me=1)
        assert value(metrics.GUARDIAN_LINK_DOWN) == down
    turns.see([primary(), replica(0), replica(0)], 30, me=1)
    turns.see([primary(), replica(0, linked=False), replica(0)], 40, me=1)
    assert value(metrics.GUARDIAN_LINK_DOWN) == 0  # begun anew
    turns.see([primary(), primary(), replica(0)], 50, me=1)
    assert math.isnan(value(metrics.GUARDIAN_LINK_DOWN))


def test_a_silent_redis_is_unknown_and_not_well(turns: Turns) -> None:
    turns.see([primary(vitals=WELL), replica(0), replica(0)], tilt=False)
    told = (
        metrics.GUARDIAN_MEMORY,
        metrics.GUARDIAN_MEMORY_LIMIT,
        metrics.GUARDIAN_RESTORE_AGE,
        metrics.GUARDIAN_FAILING,
        metrics.GUARDIAN_REFUSES,
    )
    assert [value(each) for each in told] == [500, 1000, 0, 0, 0]
    assert value(metrics.GUARDIAN_TILT) == 0
    turns.see([None, replica(0), replica(0)])
    assert all(math.isnan(value(each)) for each in (*told, metrics.GUARDIAN_TILT))


def test_what_is_wrong_is_one(turns: Turns) -> None:
    ill = replace(WELL, failing="the snapshot can't be written", refuses="its memory is at the limit")
    turns.see([primary(vitals=ill), replica(0), replica(0)], tilt=True)
    assert (value(metrics.GUARDIAN_FAILING), value(metrics.GUARDIAN_REFUSES)) == (1, 1)
    assert value(metrics.GUARDIAN_TILT) == 1


def test_a_write_refused_between_two_looks_counts_for_half_a_minute(turns: Turns) -> None:
    others = [replica(0), replica(0)]
    for now, run, refused, refuses in (
        (0.0, "a", 7, 0),  # before this guardian
        (1.0, "a", 8, 1),
        (30.9, "a", 8, 1),
        (31.0, "a", 8, 0),
        (32.0, "b", 9, 0),  # another life: nobody knows when
        (33.0, "b", 10, 1),
    ):
        turns.see([primary(run=run, vitals=replace(WELL, refused=refused)), *others], now)
        assert value(metrics.GUARDIAN_REFUSES) == refuses, now
    turns.see([replica(1, run="b", vitals=replace(WELL, refused=11)), primary(), replica(1)], 34)
    assert value(metrics.GUARDIAN_REFUSES) == 0  # a replica's are no client's


def test_full_copies_are_counted_across_restarts_and_not_those_before_this_guardian(turns: Turns) -> None:
    begin = value(metrics.GUARDIAN_RESYNCS)
    for run, count, sum_of in (("a", 2, 0), ("a", 3, 1), ("b", 1, 2), ("b", 1, 2), ("c", 0, 2)):
        turns.see([primary(run=run, vitals=replace(WELL, full_resyncs=count)), replica(0), replica(0)])
        assert value(metrics.GUARDIAN_RESYNCS) - begin == sum_of
        turns.see([None, replica(0), replica(0)])


def test_data_get_older_from_the_moment_that_the_disk_fails(turns: Turns) -> None:
    failed = replace(WELL, unsaved_for=None)
    for now, vitals, age in (
        (100.0, WELL, 0.0),
        (110.0, failed, 10.0),
        (160.0, failed, 60.0),
        (170.0, WELL, 0.0),
        (180.0, replace(WELL, unsaved_for=30.0), 30.0),
        (190.0, failed, 40.0),
    ):
        turns.see([primary(vitals=vitals), replica(0), replica(0)], now)
        assert value(metrics.GUARDIAN_RESTORE_AGE) == age


def test_a_disk_that_failed_before_this_guardian_counts_from_its_first_look(turns: Turns) -> None:
    failed = replace(WELL, unsaved_for=None)
    for now, age in ((100.0, 0.0), (130.0, 30.0)):
        turns.see([primary(vitals=failed), replica(0), replica(0)], now)
        assert value(metrics.GUARDIAN_RESTORE_AGE) == age
