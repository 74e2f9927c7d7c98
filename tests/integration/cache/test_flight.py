"""However many ask at once, in however many processes: one load, and nobody waits longer than it takes."""

from __future__ import annotations

import multiprocessing
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from app.cache import MISS, Cache, Policy
from app.config import load_config
from app.store import create_store
from tests.integration.helpers import until

if TYPE_CHECKING:
    from app.local import RedisServer
    from app.store import Store

LOAD = 0.3
ASKING = 30


@pytest.fixture
def cache(store: Store) -> Cache:
    return Cache(store)


def ask(cache: Cache, key: str, policy: float | Policy, log: list[float], value: Any = "made") -> tuple[Any, float]:
    """Get a value whose load takes a while; what came, and after how long."""

    def make() -> Any:
        log.append(time.monotonic())
        time.sleep(LOAD)
        return value

    started = time.monotonic()
    return cache.get_or_compute(key, policy, ["tag"], make), time.monotonic() - started


def _in_a_process(port: int, key: str, results: Any) -> None:
    store = create_store(load_config({"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(port)}), role="test")
    loads: list[float] = []
    cache = Cache(store)
    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(lambda _: ask(cache, key, 60, loads), range(10)))
    results.put((len(loads), [value for value, _ in found], max(took for _, took in found)))
    store.close()


def test_thirty_misses_in_three_processes_are_one_load(server: RedisServer) -> None:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    asking = [context.Process(target=_in_a_process, args=(server.port, "key", results)) for _ in range(3)]
    for process in asking:
        process.start()
    found = [results.get(timeout=30) for _ in asking]
    for process in asking:
        process.join()
    assert sum(loads for loads, _, _ in found) == 1
    assert all(values == ["made"] * 10 for _, values, _ in found)
    assert max(longest for _, _, longest in found) < LOAD + 0.7  # a busy machine's


def test_thirty_misses_in_one_process_are_one_load(cache: Cache) -> None:
    loads: list[float] = []
    with ThreadPoolExecutor(ASKING) as pool:
        found = list(pool.map(lambda _: ask(cache, "key", 60, loads), range(ASKING)))
    assert len(loads) == 1
    assert {value for value, _ in found} == {"made"}
    assert max(took for _, took in found) < LOAD + 0.5


def test_at_the_end_of_its_life_a_value_is_served_while_one_makes_it_anew(cache: Cache) -> None:
    policy = Policy(0.2, stale=60, jitter=0, early=0)
    loads: list[float] = []
    ask(cache, "key", policy, loads, "old")
    time.sleep(0.25)
    with ThreadPoolExecutor(ASKING) as pool:
        found = list(pool.map(lambda _: ask(cache, "key", policy, loads, "new"), range(ASKING)))
    assert {value for value, _ in found} == {"old"}
    assert max(took for _, took in found) < LOAD
    until(lambda: cache.get("key") == "new")
    assert len(loads) == 2


def test_an_invalidated_value_is_not_served_however_fresh_it_was(cache: Cache) -> None:
    policy = Policy(60, stale=60)
    assert ask(cache, "key", policy, [], "old")[0] == "old"
    cache.invalidate_by_tag("tag")
    assert cache.get("key") is MISS
    assert ask(cache, "key", policy, [], "new")[0] == "new"


def test_whoever_asks_after_an_invalidation_does_not_get_a_load_from_before(cache: Cache) -> None:
    begun, go_on, truth = threading.Event(), threading.Event(), ["old"]

    def slow() -> str:
        found = truth[0]
        begun.set()
        go_on.wait(5)
        return found

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.get_or_compute, "key", 60, ["tag"], slow)
        begun.wait(5)
        truth[0] = "new"
        cache.invalidate_by_tag("tag")
        second = pool.submit(cache.get_or_compute, "key", 60, ["tag"], lambda: truth[0])
        time.sleep(0.2)
        go_on.set()
        assert (first.result(5), second.result(5)) == ("old", "new")
    assert cache.get("key") == "new"


@pytest.mark.parametrize("how", ["delete", "set"])
def test_a_load_that_began_before_its_key_was_deleted_or_set_is_not_kept(cache: Cache, how: str) -> None:
    def slow() -> str:
        if how == "delete":
            cache.delete("key")
        else:
            cache.set("key", "set", 60)
        return "old"

    assert cache.get_or_compute("key", 60, [], slow) == "old"
    assert cache.get("key") == ("set" if how == "set" else MISS)


def test_a_load_that_fails_fails_for_those_who_waited_and_the_next_is_made_at_once(cache: Cache) -> None:
    calls: list[int] = []

    def broken() -> str:
        calls.append(1)
        time.sleep(LOAD)
        raise LookupError("no such thing")

    with ThreadPoolExecutor(5) as pool:
        found = [pool.submit(cache.get_or_compute, "key", 60, [], broken) for _ in range(5)]
    assert all(isinstance(one.exception(), LookupError) for one in found)
    assert len(calls) == 1
    started = time.monotonic()
    assert cache.get_or_compute("key", 60, [], lambda: "made") == "made"
    assert time.monotonic() - started < 1


def test_a_load_that_asks_for_its_own_key_does_not_wait_for_itself(cache: Cache) -> None:
    def outer() -> str:
        return "outer " + cache.get_or_compute("key", 60, [], lambda: "inner")

    assert cache.get_or_compute("key", 60, [], outer) == "outer inner"


def test_what_took_long_is_made_anew_before_its_end_and_what_is_quick_is_not(cache: Cache) -> None:
    policy = Policy(60, early=1000)
    loads: list[float] = []
    ask(cache, "slow", policy, loads)

    def made_anew() -> bool:
        ask(cache, "slow", policy, loads)
        return len(loads) >= 2

    until(made_anew)
    quick: list[int] = []

    def make() -> str:
        quick.append(1)
        return "made"

    for _ in range(50):
        cache.get_or_compute("quick", 60, [], make)
    assert len(quick) == 1


def test_a_refresh_that_fails_leaves_the_old_value_and_is_tried_again(cache: Cache) -> None:
    policy = Policy(0.1, stale=60, jitter=0)
    cache.get_or_compute("key", policy, [], lambda: "old")
    time.sleep(0.15)
    tries: list[int] = []

    def broken() -> str:
        tries.append(1)
        raise LookupError("not now")

    until(lambda: cache.get_or_compute("key", policy, [], broken) == "old" and len(tries) >= 2)
    until(lambda: cache.get_or_compute("key", policy, [], lambda: "new") == "new")
