from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.drill import records
from app.drill.records import Record
from app.ops.drills import DrillCollector
from app.ops.metrics_files import render

if TYPE_CHECKING:
    from app.store import Store


def record(number: int, drill: str = "primary-kill", result: str = records.HELD) -> Record:
    return Record(
        str(number), drill, "It dies", "local", result, "as promised", 1000.0 + number, 1010.0 + number, {"gap": 0.5}
    )


def test_the_last_ones_are_kept_the_newest_first(store: Store) -> None:
    for number in range(records.KEPT + 5):
        records.keep(store, record(number), "")
    found = records.recent(store)
    assert [entry.id for entry in found] == [str(number) for number in range(records.KEPT + 4, 4, -1)]
    assert found[0] == record(records.KEPT + 4)


def test_the_last_of_each_outlives_any_number_of_others(store: Store) -> None:
    records.keep(store, record(0, "quorum-loss", records.DEVIATED), "")
    for number in range(1, records.KEPT + 2):
        records.keep(store, record(number), "")
    assert records.last_of_each(store)["quorum-loss"].result == records.DEVIATED
    assert records.last_of_each(store)["primary-kill"].id == str(records.KEPT + 1)


def test_a_report_comes_back_as_it_was_for_a_time(store: Store) -> None:
    text = "<p>späť</p>" * 1000
    records.keep(store, record(1), text)
    assert records.report(store, "1") == text
    assert 0 < store.redis.ttl("haven:drill:report:1") <= records.REPORT_TTL
    assert records.report(store, "2") is None


@pytest.mark.parametrize("result", records.RESULTS)
def test_age_and_result_are_metrics(store: Store, result: str) -> None:
    assert b'{drill="' not in render(DrillCollector(store))
    records.keep(store, record(1, result=result), "")
    text = render(DrillCollector(store)).decode()
    assert 'haven_drill_last_end_timestamp_seconds{drill="primary-kill"} 1011.0' in text
    assert f'haven_drill_last_result_info{{drill="primary-kill",result="{result}"}} 1.0' in text
