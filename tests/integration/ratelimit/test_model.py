"""The script beside a plain model of each kind, on a clock that goes forth and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.ratelimit import Limit
from tests.integration.clocked import ClockedLimiter
from tests.integration.ratelimit.model import Limits

if TYPE_CHECKING:
    from app.store import Store

# Windows are so long that Redis, whose own clock forgets keys, forgets none in the middle of a test.
WINDOWS = st.sampled_from([60.0, 61.7, 3600.0])
PLAIN = st.builds(Limit, st.integers(1, 12), WINDOWS)
EXACT = st.builds(Limit, st.integers(1, 12), WINDOWS, exact=st.just(True))
BURST = st.builds(Limit, st.integers(1, 12), WINDOWS, burst=st.integers(1, 15))
SEVERAL = st.lists(PLAIN | EXACT | BURST, min_size=1, max_size=3).map(
    lambda limits: [
        Limit(each.limit, each.window, each.exact, each.burst, name=f"n{index}") for index, each in enumerate(limits)
    ]
)
PASSING = st.integers(0, 20_000) | st.integers(-100_000, 100_000) | st.integers(-8_000_000, 8_000_000)
STEPS = st.lists(st.tuples(PASSING, st.integers(0, 4), st.sampled_from(["hit", "hit", "strict", "peek"])), max_size=40)
QUICK = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@QUICK
@given(SEVERAL, STEPS)
@example([Limit(1, 60)], [(0, 1, "hit"), (60_000, 1, "hit"), (-7_200_000, 1, "hit"), (59_999, 1, "hit"), (1, 1, "hit")])
@example([Limit(5, 60)], [(1000, 1, "hit")] * 40)
def test_the_script_decides_as_the_model_does(
    store: Store, limits: list[Limit], steps: list[tuple[int, int, str]]
) -> None:
    store.redis.flushall()
    limiter, model = ClockedLimiter(store), Limits(limits)
    for passed, cost, act in steps:
        limiter.clock.now += passed
        if act == "peek":
            found = limiter.peek("view", "ada", *limits, cost=cost)
        else:
            found = limiter.hit("view", "ada", *limits, cost=cost, count_rejected=act == "strict")
        expected = model.hit(limiter.clock.now, cost, act)
        assert (found.allowed, [state.remaining for state in found.states]) == expected


@QUICK
@given(SEVERAL, STEPS, st.integers(1, 3))
def test_waiting_as_told_is_enough_and_no_less(
    store: Store, limits: list[Limit], steps: list[tuple[int, int, str]], cost: int
) -> None:
    store.redis.flushall()
    limiter = ClockedLimiter(store)
    for passed, each, _ in steps:
        limiter.clock.now += passed
        limiter.hit("view", "ada", *limits, cost=each)
    while not (asked := limiter.hit("view", "ada", *limits, cost=cost)).allowed:
        if cost > min(limit.most for limit in limits):
            return
        before = limiter.clock.now
        limiter.clock.now = before + round(asked.reset * 1000) - 1
        assert not limiter.peek("view", "ada", *limits, cost=cost).allowed
        limiter.clock.now += 1
        still = [state.limit.name for state in limiter.peek("view", "ada", *limits, cost=cost).states if state.rejects]
        assert asked.tightest.limit.name not in still


@pytest.mark.parametrize("limit", [Limit(3, 60), Limit(3, 60, exact=True), Limit(3, 60, burst=3)], ids=str)
@QUICK
@given(steps=st.lists(st.integers(-8_000_000, 8_000_000) | st.integers(0, 30_000), max_size=30))
def test_whatever_the_clock_did_nobody_waits_longer_than_a_window(store: Store, limit: Limit, steps: list[int]) -> None:
    store.redis.flushall()
    limiter = ClockedLimiter(store)
    for passed in steps:
        limiter.clock.now += passed
        assert limiter.hit("view", "ada", limit).reset <= limit.window
    limiter.clock.now += round(limit.window * 1000)
    assert limiter.hit("view", "ada", limit).allowed


@QUICK
@given(st.builds(Limit, st.integers(1, 30), st.just(60.0)), st.lists(st.integers(0, 60_000), max_size=80))
def test_a_counter_lets_less_than_twice_the_limit_into_any_window(store: Store, limit: Limit, steps: list[int]) -> None:
    store.redis.flushall()
    limiter, passed = ClockedLimiter(store), []
    for step in steps:
        limiter.clock.now += step
        if limiter.hit("view", "ada", limit).allowed:
            passed.append(limiter.clock.now)
    # of one or two both ends are known, and so all: it is exact
    most = limit.limit if limit.limit < 3 else 2 * limit.limit - 2
    assert max((sum(at <= other < at + 60_000 for other in passed) for at in passed), default=0) <= most
