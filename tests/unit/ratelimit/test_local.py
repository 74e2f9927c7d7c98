from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from app.ratelimit import Limit
from app.ratelimit.limiter import Rule
from app.ratelimit.local import LocalBuckets


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def rule(*limits: Limit) -> Rule:
    return Rule("view", limits)


def test_a_process_allows_its_share_and_regains_it_as_fast_as_its_share() -> None:
    time = Time()
    buckets, six = LocalBuckets(4, clock=time), rule(Limit(24, 60))
    assert [buckets.decide(six, ["ada"], 1).allowed for _ in range(7)] == [True] * 6 + [False]
    rejected = buckets.decide(six, ["ada"], 1)
    assert (rejected.remaining, rejected.reset, rejected.violated) == (0, 10, ["minute"])
    time.now += 9.9
    assert not buckets.decide(six, ["ada"], 1).allowed
    time.now += 0.1
    assert [buckets.decide(six, ["ada"], 1).allowed for _ in range(2)] == [True, False]
    assert buckets.decide(six, ["grace"], 1).allowed


def test_a_share_of_less_than_one_is_one_that_comes_back_more_seldom() -> None:
    time = Time()
    buckets, few = LocalBuckets(10, clock=time), rule(Limit(5, 60))
    assert [buckets.decide(few, ["ada"], 1).allowed for _ in range(2)] == [True, False]
    time.now += 119
    assert not buckets.decide(few, ["ada"], 1).allowed
    time.now += 1
    assert buckets.decide(few, ["ada"], 1).allowed


def test_a_request_counts_in_all_limits_or_in_none() -> None:
    buckets, two = LocalBuckets(1), rule(Limit(1, 60), Limit(5, 3600))
    assert [buckets.decide(two, ["ada", "all"], 1).allowed for _ in range(2)] == [True, False]
    assert buckets.decide(two, ["grace", "all"], 0).states[1].remaining == 4


def test_what_costs_more_than_the_share_takes_all_of_it() -> None:
    time = Time()
    buckets, some = LocalBuckets(5, clock=time), rule(Limit(10, 10))
    assert [buckets.decide(some, ["ada"], 8).allowed for _ in range(2)] == [True, False]
    time.now += 39
    assert not buckets.decide(some, ["ada"], 8).allowed, "it is paid for in full"
    time.now += 1
    assert buckets.decide(some, ["ada"], 8).allowed


def test_at_most_so_many_are_known_and_the_one_who_came_longest_ago_is_forgotten() -> None:
    buckets, one = LocalBuckets(1, most=100), rule(Limit(1, 60))
    for name in ("ada", "grace"):
        assert buckets.decide(one, [name], 1).allowed
    for number in range(1000):
        buckets.decide(one, [f"bot{number}"], 1)
        assert not buckets.decide(one, ["ada"], 1).allowed, "who goes on asking stays known"
    assert len(buckets) == 100
    assert buckets.decide(one, ["grace"], 1).allowed


def test_threads_together_get_no_more_than_the_share() -> None:
    buckets, some = LocalBuckets(2), rule(Limit(100, 86_400))
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: buckets.decide(some, ["ada"], 1).allowed, range(500)))
    assert sum(found) == 50
