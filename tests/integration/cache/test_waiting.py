"""Whoever waits for a load waits for one that is worth it, and not for longer than it takes."""

from __future__ import annotations

import multiprocessing
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from app.cache import MISS, Cache, Policy
from app.config import load_config
from app.errors import TaskTimeout
from app.store import create_store
from tests.integration.helpers import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.config import Config
    from app.local import RedisServer
    from app.store import Store

LOAD = 0.5
BUSY = 0.4  # what a busy machine may add


@pytest.fixture
def cache(store: Store) -> Cache:
    return Cache(store)


@pytest.fixture
def other(config: Config) -> Iterator[Cache]:
    """As in another process: it shares nothing with the first but Redis."""
    store = create_store(config, role="other")
    yield Cache(store)
    store.close()


def timed(call: Callable[..., Any], *args: Any) -> tuple[Any, float]:
    """What came of a call, an error too, and after how long."""
    began = time.monotonic()
    try:
        found = call(*args)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the test looks at it
        found = error
    return found, time.monotonic() - began


class Slow:
    """A load that takes a while."""

    def __init__(self, value: Any, seconds: float = LOAD) -> None:
        self._value = value
        self._seconds = seconds
        self.begun = threading.Event()
        self.calls = 0

    def __call__(self) -> Any:
        self.calls += 1
        self.begun.set()
        time.sleep(self._seconds)
        if isinstance(self._value, BaseException):
            raise self._value
        return self._value


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_load_from_before_an_invalidation_is_not_waited_for(cache: Cache, other: Cache, elsewhere: bool) -> None:  # noqa: FBT001
    old, new = Slow("old"), Slow("new")
    with ThreadPoolExecutor(31) as pool:
        first = pool.submit((other if elsewhere else cache).get_or_compute, "key", 60, ["tag"], old)
        old.begun.wait(5)
        cache.invalidate_by_tag("tag")
        found = list(pool.map(lambda _: timed(cache.get_or_compute, "key", 60, ["tag"], new), range(30)))
        assert first.result() == "old"
    assert {value for value, _ in found} == {"new"}
    assert max(took for _, took in found) < LOAD + BUSY
    assert new.calls == 1
    assert cache.get("key") == "new"


def test_a_load_that_hangs_holds_the_others_up_for_its_lease_only(cache: Cache) -> None:
    hang, policy = threading.Event(), Policy(60, lease=0.5)
    with ThreadPoolExecutor(2) as pool:
        hung = pool.submit(cache.get_or_compute, "key", policy, [], lambda: hang.wait(20))
        time.sleep(0.1)
        found, took = timed(cache.get_or_compute, "key", policy, [], lambda: "made")
        hang.set()
        hung.result(5)
    assert (found, took < 1 + BUSY) == ("made", True)
    assert cache.get("key") == "made", "the one that was late does not count"


@pytest.mark.parametrize("how", ["delete", "set"])
def test_a_load_longer_than_its_lease_does_not_undo_what_was_done_meanwhile(cache: Cache, how: str) -> None:
    def slow() -> str:
        time.sleep(0.4)
        if how == "delete":
            cache.delete("key")
        else:
            cache.set("key", "set", 60)
        return "old"

    cache.get_or_compute("key", Policy(60, lease=0.2), [], slow)
    assert cache.get("key") == ("set" if how == "set" else MISS)


def test_a_load_longer_than_its_lease_is_kept_if_nobody_else_made_one(cache: Cache) -> None:
    assert cache.get_or_compute("key", Policy(60, lease=0.1), ["tag"], Slow("made", 0.3)) == "made"
    assert cache.get("key") == "made"


def test_what_json_can_not_say_holds_nobody_up(cache: Cache) -> None:
    with pytest.raises(TypeError):
        cache.get_or_compute("key", 60, [], object)
    found, took = timed(cache.get_or_compute, "key", 60, [], lambda: "made")
    assert (found, took < BUSY) == ("made", True)


def _fail(port: int, results: Any, start: Any) -> None:
    store = create_store(load_config({"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(port)}), role="test")
    cache = Cache(store)
    cache.get("warm")
    start.wait()
    error, took = timed(cache.get_or_compute, "key", 60, [], Slow(LookupError("not now")))
    results.put((str(error), took))
    store.close()


def test_nobody_waits_for_one_failure_after_the_other(server: RedisServer) -> None:
    context = multiprocessing.get_context("spawn")
    results, start = context.Queue(), context.Barrier(5)
    asking = [context.Process(target=_fail, args=(server.port, results, start)) for _ in range(5)]
    for process in asking:
        process.start()
    found = [results.get(timeout=30) for _ in asking]
    for process in asking:
        process.join()
    assert {error for error, _ in found} == {"not now"}
    assert max(took for _, took in found) < 2 * LOAD + BUSY


def _hang(port: int) -> None:
    store = create_store(load_config({"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(port)}), role="test")
    Cache(store).get_or_compute("key", Policy(60, lease=1), [], lambda: time.sleep(60))


def test_a_process_that_dies_in_a_load_is_followed_by_one(server: RedisServer, cache: Cache, other: Cache) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_hang, args=(server.port,))
    process.start()
    until(lambda: server.node.client.exists("haven:lease:key"))
    assert process.pid
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    made = Slow("made", 0.2)
    with ThreadPoolExecutor(10) as pool:
        asked = [pool.submit(timed, each.get_or_compute, "key", 60, [], made) for each in (cache, other) * 5]
    assert {one.result()[0] for one in asked} == {"made"}
    assert max(one.result()[1] for one in asked) < 1.2 + BUSY
    assert made.calls == 1


@pytest.mark.parametrize("error", [SystemExit(1), TaskTimeout("it ran longer than its limit")])
def test_what_ends_one_thread_does_not_end_those_who_wait_for_it(cache: Cache, error: BaseException) -> None:
    dying = Slow(error, 0.2)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(timed, cache.get_or_compute, "key", 60, [], dying)
        dying.begun.wait(5)
        assert cache.get_or_compute("key", 60, [], lambda: "made") == "made"
        assert first.result()[0] is error


def test_a_refresh_that_fails_is_not_tried_again_at_every_read(cache: Cache, other: Cache) -> None:
    policy = Policy(0.1, stale=60, jitter=0, early=0)
    cache.get_or_compute("key", policy, ["tag"], lambda: "old")
    time.sleep(0.15)
    broken = Slow(LookupError("not now"), 0)
    end = time.monotonic() + 0.9
    while time.monotonic() < end:
        assert cache.get_or_compute("key", policy, ["tag"], broken) == "old"
        assert other.get_or_compute("key", policy, ["tag"], broken) == "old"
        time.sleep(0.005)
    assert broken.calls == 1
    cache.invalidate_by_tag("tag")
    found, took = timed(cache.get_or_compute, "key", policy, ["tag"], lambda: "new")
    assert (found, took < BUSY) == ("new", True), "whoever needs a value does not wait for the next try"


def test_a_process_whose_clock_is_ahead_makes_nothing_anew(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = Policy(600, stale=7200)
    cache.get_or_compute("key", policy, [], lambda: "old")
    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() + 3600)
    anew = Slow("new", 0)
    for _ in range(20):
        assert cache.get_or_compute("key", policy, [], anew) == "old"
        time.sleep(0.01)
    assert anew.calls == 0


def test_a_waiter_in_another_process_waits_some_ms_longer(cache: Cache, other: Cache) -> None:
    longer: list[float] = []
    for number in range(7):
        ended: list[float] = []

        def slow(ended: list[float] = ended) -> str:
            time.sleep(0.3)
            ended.append(time.monotonic())
            return "made"

        with ThreadPoolExecutor(1) as pool:
            pool.submit(other.get_or_compute, f"key{number}", 60, [], slow)
            time.sleep(0.05)
            assert cache.get_or_compute(f"key{number}", 60, [], lambda: "mine") == "made"
            longer.append(time.monotonic() - ended[0])
    assert sorted(longer)[3] < 0.015
