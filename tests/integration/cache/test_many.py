"""Many values at once: one load for those that are not there, and the same promises as for one."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from app.cache import MISS, Cache, Policy
from tests.integration.helpers import metric, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.local import RedisServer
    from app.store import Store

NAMES = [f"key:{number}" for number in range(6)]


@pytest.fixture
def cache(store: Store) -> Cache:
    return Cache(store)


def counted(pause: float = 0.0) -> tuple[list[list[str]], Callable[[list[str]], dict[str, Any]]]:
    calls: list[list[str]] = []

    def make(names: list[str]) -> dict[str, Any]:
        calls.append(names)
        time.sleep(pause)
        return {name: f"value of {name}" for name in names}

    return calls, make


def expected(names: list[str]) -> dict[str, str]:
    return {name: f"value of {name}" for name in names}


def test_what_is_not_there_is_made_by_one_call(cache: Cache, store: Store) -> None:
    calls, make = counted()
    cache.set("key:1", "value of key:1", 60, ["tag"])
    cache.set("key:4", "value of key:4", 60)
    before = metric("haven_cache_requests_total", result="miss")
    assert cache.get_or_compute_many([*NAMES, "key:0"], 60, ["tag"], make) == expected(NAMES)
    assert calls == [["key:0", "key:2", "key:3", "key:5"]]
    assert metric("haven_cache_requests_total", result="miss") == before + 4
    assert list(cache.get_or_compute_many(NAMES, 60, ["tag"], make)) == NAMES
    assert len(calls) == 1
    assert cache.get_or_compute("key:2", 60, ["tag"], lambda: "another") == "value of key:2"
    assert not store.redis.keys("haven:lease:*")
    cache.invalidate_by_tag("tag")
    cache.get_or_compute_many(NAMES, 60, ["tag"], make)
    assert calls[1] == ["key:0", "key:1", "key:2", "key:3", "key:5"]
    assert cache.get_or_compute_many([], 60, [], make) == {}


def test_what_the_call_leaves_out_is_not_there_and_known_as_such(cache: Cache, store: Store) -> None:
    policy = Policy(60, absent=5, jitter=0)
    for _ in range(2):
        assert cache.get_or_compute_many(["a", "b"], policy, [], lambda _: {"a": 1}) == {"a": 1, "b": None}
    assert store.redis.pttl("haven:cache:b") <= 5_000 < store.redis.pttl("haven:cache:a")


def test_those_who_want_the_same_at_once_do_not_make_it_twice_nor_wait_for_each_other(store: Store) -> None:
    caches = [Cache(store) for _ in range(3)]  # processes, as far as they can tell
    calls, make = counted(0.2)
    orders = [NAMES, NAMES[::-1], NAMES[2:5], NAMES[:1]]
    begin = threading.Barrier(12)

    def ask(number: int) -> None:
        names = orders[number % 4]
        begin.wait()
        began = time.monotonic()
        assert caches[number % 3].get_or_compute_many(names, 60, ["tag"], make) == expected(names)
        assert time.monotonic() - began < 2

    with ThreadPoolExecutor(12) as pool:
        for one in [pool.submit(ask, number) for number in range(12)]:
            one.result(10)
    assert sorted(name for names in calls for name in names) == NAMES


def test_one_of_many_is_waited_for_by_those_who_want_it_alone(cache: Cache) -> None:
    calls, make = counted(0.3)
    with ThreadPoolExecutor(2) as pool:
        many = pool.submit(cache.get_or_compute_many, NAMES, 60, [], make)
        until(lambda: calls)
        assert cache.get_or_compute("key:3", 60, [], lambda: "another") == "value of key:3"
        assert many.result() == expected(NAMES)


def test_an_invalidation_during_the_call_wins(cache: Cache) -> None:
    def slow(names: list[str]) -> dict[str, str]:
        cache.invalidate_by_tag("tag")
        cache.delete("free:1")
        return dict.fromkeys(names, "old")

    assert cache.get_or_compute_many(NAMES, 60, ["tag"], slow) == dict.fromkeys(NAMES, "old")
    assert cache.get_many(NAMES) == {}
    cache.get_or_compute_many(["free:1", "free:2"], 60, [], slow)
    assert cache.get_many(["free:1", "free:2"]) == {"free:2": "old"}


def test_whoever_asks_after_an_invalidation_does_not_get_a_call_from_before(cache: Cache) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(names: list[str]) -> dict[str, str]:
        begun.set()
        go_on.wait(5)
        return dict.fromkeys(names, "old")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.get_or_compute_many, NAMES, 60, ["tag"], slow)
        begun.wait(5)
        cache.invalidate_by_tag("tag")
        second = pool.submit(cache.get_or_compute, "key:1", 60, ["tag"], lambda: "new")
        time.sleep(0.2)
        go_on.set()
        assert (first.result(5)["key:1"], second.result(5)) == ("old", "new")


def test_a_call_that_fails_leaves_nothing_behind(cache: Cache, store: Store) -> None:
    def broken(_: list[str]) -> dict[str, Any]:
        raise LookupError("no such thing")

    for make in (broken, lambda names: dict.fromkeys(names, object())):
        with pytest.raises((LookupError, TypeError)):
            cache.get_or_compute_many(NAMES, 60, [], make)
        assert not store.redis.keys("haven:*")
    began = time.monotonic()
    assert cache.get_or_compute_many(NAMES, 60, [], counted()[1]) == expected(NAMES)
    assert time.monotonic() - began < 1


def test_old_ones_are_served_while_they_are_made_anew(cache: Cache) -> None:
    policy = Policy(0.1, stale=60, jitter=0)
    cache.get_or_compute_many(NAMES, policy, [], lambda names: dict.fromkeys(names, "old"))
    time.sleep(0.15)
    calls, make = counted()
    assert cache.get_or_compute_many(NAMES, policy, [], make) == dict.fromkeys(NAMES, "old")
    until(lambda: cache.get_many(NAMES) == expected(NAMES))
    assert sorted(name for names in calls for name in names) == NAMES


def test_without_redis_they_are_made_by_one_call(cache: Cache, server: RedisServer) -> None:
    calls, make = counted()
    server.node.kill()
    assert cache.get_or_compute_many(NAMES, 60, ["tag"], make) == expected(NAMES)
    assert calls == [NAMES]


def test_many_are_kept_in_one_round_trip(cache: Cache, store: Store) -> None:
    cache.set("warm", 1, 60)  # the script is known now
    store.redis.config_resetstat()
    cache.set_many({name: name for name in NAMES}, 60, ["a", "b"])
    stats = store.redis.info("commandstats")
    assert stats["cmdstat_evalsha"]["calls"] == 1
    assert cache.get_many(NAMES) == {name: name for name in NAMES}
    cache.invalidate_by_tag("b")
    assert cache.get_many(NAMES) == {}


def test_a_value_that_is_set_and_too_large_does_not_leave_the_former_one(store: Store) -> None:
    cache = Cache(store, max_bytes=100)
    cache.set("key", "small", 60)
    cache.set_many({"key": "x" * 200, "other": 1}, 60, ["tag"])
    assert cache.get("key") is MISS
    assert cache.get("other") == 1


def test_a_tag_is_prolonged_seldom(cache: Cache, store: Store) -> None:
    cache.get_or_compute("first", Policy(60, jitter=0), ["tag"], lambda: 1)
    store.redis.config_resetstat()
    for number in range(20):
        cache.get_or_compute(f"key:{number}", Policy(60, jitter=0), ["tag"], lambda: 1)
    assert "cmdstat_pexpire" not in store.redis.info("commandstats")
    assert store.redis.pttl("haven:tag:tag") > 60_000
