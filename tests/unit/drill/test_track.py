from __future__ import annotations

import io
import json
from typing import Any

import pytest

from app.drill.probe.tasks import longest_gap
from app.drill.probe.telling import Teller
from app.drill.probe.track import Track
from app.drill.probe.visitor import disorder


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def track(out: io.StringIO, clock: Clock) -> Track:
    return Track("writes", 0.02, Teller(out), clock)


def told(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_the_longest_silence_is_the_gap_and_is_told_when_it_is_over(
    track: Track, clock: Clock, out: io.StringIO
) -> None:
    for moment in (100.0, 100.02, 101.5, 101.52):
        clock.now = moment
        track.well(0.01)
    assert track.gap == pytest.approx(1.48)
    moments = told(out)
    assert [(each["what"], each["detail"], each["at"]) for each in moments] == [
        ("good again", "after 1.48 s without", 101.5)
    ]


def test_a_silence_that_lasts_counts_as_well(track: Track, clock: Clock) -> None:
    assert track.final_gap(100.0) == float("inf")
    track.well()
    clock.now = 103.0
    assert track.final_gap(clock.now) == 3.0


def test_every_error_is_counted_and_some_are_told(track: Track, clock: Clock, out: io.StringIO) -> None:
    for number in range(100):
        clock.now = 100.0 + number / 10
        track.badly(0.1, f"error {number}")
    assert track.bad == 100
    assert [each["detail"] for each in told(out)] == ["error 0", "error 51"]


def test_a_beat_carries_the_points_since_the_last(track: Track, clock: Clock) -> None:
    track.well(0.2)
    track.badly(0.5, "no")
    clock.now = 100.3
    track.well(0.1)
    assert track.beat() == {
        "good": 2,
        "bad": 1,
        "silent": 0.0,
        "slots": [[100.0, 1, 1, 0.5], [100.25, 1, 0, 0.1]],
    }
    assert track.beat()["slots"] == []


@pytest.mark.parametrize(
    ("heard", "wrong"), [([], 0), ([1, 2, 4], 0), ([1, 2, 2], 1), ([1, 3, 2, 4], 1), ([2, 1, 1], 2)]
)
def test_what_comes_twice_or_too_late_is_disorder(heard: list[int], wrong: int) -> None:
    assert disorder(heard) == wrong


def test_the_longest_gap_of_tasks_is_between_any_two_runs() -> None:
    assert longest_gap({1: [10.0], 2: [10.5, 14.0], 3: [11.0]}) == 3.0
    assert longest_gap({1: [10.0]}) == float("inf")
