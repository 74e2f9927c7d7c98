from __future__ import annotations

import pytest

from app.ops.heart import Heart


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_new_heart_is_alive_and_not_ready(clock: Clock) -> None:
    heart = Heart(clock=clock)
    assert (heart.alive, heart.ready) == (True, False)


def test_a_loop_that_never_turned_is_stuck_after_its_patience(clock: Clock) -> None:
    heart = Heart(patience=60, clock=clock)
    clock.now += 61
    assert not heart.alive


def test_turning_without_success_keeps_it_alive_and_not_ready(clock: Clock) -> None:
    heart = Heart(patience=60, grace=15, clock=clock)
    heart.beat()
    assert heart.ready
    for _ in range(20):
        clock.now += 30
        heart.turn()
        assert (heart.alive, heart.ready) == (True, False)
    heart.beat()
    assert (heart.alive, heart.ready) == (True, True)


def test_readiness_outlasts_its_grace_and_no_more(clock: Clock) -> None:
    heart = Heart(patience=60, grace=15, clock=clock)
    heart.beat()
    clock.now += 14
    assert heart.ready
    clock.now += 2
    assert not heart.ready
    assert heart.alive
