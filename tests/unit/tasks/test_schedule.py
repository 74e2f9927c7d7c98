from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from app.errors import InvalidTask, UnknownTask
from app.tasks import Registry
from app.tasks.schedule import MOST_MISSED, Schedule

MINUTE = 60_000


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


NOON = ms("2026-03-01T12:00:00")


@pytest.mark.parametrize(
    ("cron", "zone", "after", "following"),
    [
        ("*/5 * * * *", "UTC", "2026-03-01T12:00:00", "2026-03-01T12:05:00"),
        ("*/5 * * * *", "UTC", "2026-03-01T12:04:59", "2026-03-01T12:05:00"),
        ("30 3 * * 1-5", "Europe/Berlin", "2026-03-06T12:00:00", "2026-03-09T02:30:00"),
        ("0 0 29 2 *", "UTC", "2026-03-01T00:00:00", "2028-02-29T00:00:00"),
        # the hour that Berlin leaves out: what would have been in it is done at once after it
        ("30 2 * * *", "Europe/Berlin", "2026-03-29T00:00:00", "2026-03-29T01:00:00"),
        # the hour that it has twice: once
        ("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00", "2026-10-26T01:30:00"),
    ],
)
def test_the_following_tick(cron: str, zone: str, after: str, following: str) -> None:
    assert Schedule(cron, "note", zone=zone).following(ms(after)) == ms(following)


def test_a_tick_that_is_due_is_enqueued_by_every_policy() -> None:
    for missed in ("once", "skip", "all"):
        schedule = Schedule("*/5 * * * *", "note", missed=missed)
        assert schedule.due(NOON - MINUTE, NOON) == [NOON]
        assert schedule.due(NOON, NOON + MINUTE) == []
        assert schedule.due(NOON, NOON) == []


def test_of_missed_ticks_the_policy_decides() -> None:
    since, now = NOON, NOON + 17 * MINUTE
    ticks = [NOON + minutes * MINUTE for minutes in (5, 10, 15)]

    def due(**options: Any) -> list[int]:
        return Schedule("*/5 * * * *", "note", **options).due(since, now)

    assert due() == ticks[-1:]
    assert due(missed="all") == ticks
    assert due(missed="skip") == [], "it is two minutes late"
    assert Schedule("* * * * *", "note", missed="skip").due(since, now + 30_000) == [now]


def test_a_long_pause_is_made_up_for_within_bounds() -> None:
    year = 365 * 24 * 60 * MINUTE
    found = Schedule("* * * * *", "note", missed="all").due(NOON - year, NOON)
    assert len(found) == MOST_MISSED
    assert (found[0], found[-1]) == (NOON - (MOST_MISSED - 1) * MINUTE, NOON)


def test_a_tick_has_one_id() -> None:
    assert Schedule("* * * * *", "note", name="often").tick_id(NOON) == "cron:often:2026-03-01T12:00:00Z"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"cron": "often"}, "'often' is no cron expression"),
        ({"cron": "61 * * * *"}, "'61"),
        ({"cron": "0 0 * * *", "zone": "Atlantis"}, "'Atlantis'.*Europe/Berlin"),
        ({"cron": "0 0 * * *", "missed": "some"}, "'some'.*once, skip, all"),
    ],
)
def test_what_no_clock_shows_is_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Schedule(task="note", **options)


def test_a_registry_checks_what_the_clock_will_enqueue() -> None:
    tasks = Registry()

    @tasks.task()
    def note(text: str, times: int = 1) -> None:
        """Nothing."""

    made = tasks.schedule("0 3 * * *", note, {"text": "a"}, zone="Europe/Berlin")
    assert (made.name, made.args) == ("note", {"text": "a", "times": 1})
    with pytest.raises(ValueError, match="'note' already"):
        tasks.schedule("0 4 * * *", "note", {"text": "b"})
    tasks.schedule("0 4 * * *", "note", {"text": "b"}, name="later")
    with pytest.raises(InvalidTask, match="text"):
        tasks.schedule("0 4 * * *", "note", name="wrong")
    with pytest.raises(UnknownTask):
        tasks.schedule("0 4 * * *", "nothing")
    assert set(tasks.schedules) == {"note", "later"}
