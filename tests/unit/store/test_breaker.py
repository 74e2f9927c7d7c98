from __future__ import annotations

from app.store.breaker import FORGET_AFTER, PROBE_INTERVAL, Breaker


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def fail_for(breaker: Breaker, clock: Clock, seconds: float) -> None:
    end = clock.now + seconds
    while clock.now < end:
        breaker.failed()
        clock.now += 0.25
    breaker.failed()


def test_it_opens_only_after_its_patience() -> None:
    clock = Clock()
    breaker = Breaker(5.0, clock=clock)
    fail_for(breaker, clock, 4.5)
    assert not breaker.is_open
    fail_for(breaker, clock, 0.5)
    assert breaker.is_open


def test_one_probe_at_a_time_passes_while_it_is_open() -> None:
    clock = Clock()
    breaker = Breaker(1.0, clock=clock)
    fail_for(breaker, clock, 1.0)
    assert not breaker.admits()
    clock.now += PROBE_INTERVAL
    assert [breaker.admits(), breaker.admits()] == [True, False]


def test_a_success_closes_it_and_is_told() -> None:
    clock = Clock()
    changes: list[bool] = []
    breaker = Breaker(1.0, changes.append, clock)
    fail_for(breaker, clock, 1.0)
    breaker.succeeded()
    assert breaker.admits()
    assert changes == [True, False]


def test_failures_with_nothing_between_them_do_not_add_up() -> None:
    clock = Clock()
    breaker = Breaker(5.0, clock=clock)
    breaker.failed()
    clock.now += FORGET_AFTER + 10
    breaker.failed()
    assert not breaker.is_open
