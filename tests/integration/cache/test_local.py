"""Values kept in the process: quick, bounded, and never older than what Redis told of."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from app.cache import MISS, Cache, Local
from app.store import create_store
from tests.integration.cache.warming import warm
from tests.integration.helpers import metric, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.config import Config
    from app.local import RedisCluster, RedisServer
    from app.store import Store


@pytest.fixture
def local(store: Store) -> Iterator[Local]:
    made = Local(store, 1 << 20)
    until(lambda: made._tracker.stands)
    yield made
    made.close()


@pytest.fixture
def cache(store: Store, local: Local) -> Cache:
    return Cache(store, local=local)


@pytest.fixture
def other(config: Config) -> Iterator[Cache]:
    """Another process's, as far as Redis can tell."""
    made = create_store(config, role="other")
    yield Cache(made)
    made.close()


def test_a_value_that_was_read_is_not_asked_for_again(cache: Cache, local: Local, store: Store) -> None:
    warm(cache, local)
    before, hits = reads(store), metric("haven_cache_requests_total", result="hit_local")
    for _ in range(50):
        assert cache.get_or_compute("key", 60, ["tag"], lambda: "new") == "old"
    assert reads(store) == before
    assert metric("haven_cache_requests_total", result="hit_local") == hits + 50


def reads(store: Store) -> int:
    found = store.redis.info("commandstats").get("cmdstat_mget", {"calls": 0})
    return int(found["calls"])


def test_nobody_can_change_what_another_gets(cache: Cache, local: Local) -> None:
    cache.set("key", {"list": [1]}, 60)
    until(lambda: cache.get("key") and "haven:cache:key" in local._kept)
    cache.get("key")["list"].append(2)
    assert cache.get("key") == {"list": [1]}


@pytest.mark.parametrize("how", ["invalidate", "delete", "set", "flush"])
def test_what_another_process_changes_is_gone_here(
    cache: Cache, local: Local, other: Cache, store: Store, how: str
) -> None:
    warm(cache, local)
    if how == "invalidate":
        other.invalidate_by_tag("tag")
    elif how == "delete":
        other.delete("key")
    elif how == "set":
        other.set("key", "new", 60)
    else:
        store.redis.flushall()
    until(lambda: cache.get("key") == ("new" if how == "set" else MISS), 1)


@pytest.mark.parametrize("how", ["invalidate", "delete", "set"])
def test_what_this_process_changes_is_gone_at_once(cache: Cache, local: Local, how: str) -> None:
    for _ in range(20):
        warm(cache, local)
        if how == "invalidate":
            cache.invalidate_by_tag("tag")
        elif how == "delete":
            cache.delete("key")
        else:
            cache.set("key", "new", 60)
        assert cache.get("key") == ("new" if how == "set" else MISS)
        cache.delete("key")


def test_what_was_invalidated_while_it_was_read_is_not_kept(
    cache: Cache, local: Local, other: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm(cache, local)
    local.drop(None)
    read, mark = cache._shelf.read, local._sequence

    def slow(*args: object) -> object:
        entry = read(*args)  # type: ignore[arg-type]
        other.invalidate_by_tag("tag")
        until(lambda: local._sequence > mark)  # it was told before the value is here
        return entry

    with monkeypatch.context() as patched:
        patched.setattr(cache._shelf, "read", slow)
        assert cache.get("key") == "old", "it was valid when it was read"
    assert len(local) == 0
    assert cache.get("key") is MISS


def test_a_read_is_not_kept_when_too_much_changed_to_remember_it(cache: Cache, local: Local) -> None:
    warm(cache, local)
    entry = local.get("haven:cache:key")
    assert entry
    mark = local.mark()
    local.drop(["haven:cache:key"])
    local.drop([f"haven:cache:{number}" for number in range(20_000)])
    assert len(local._changed) == 10_000
    local.keep("haven:cache:key", entry, mark)
    assert local.get("haven:cache:key") is None


def test_without_redis_nothing_is_served_from_here_for_longer_than_a_second(
    cache: Cache, local: Local, server: RedisServer
) -> None:
    warm(cache, local)
    server.node.freeze()
    time.sleep(1.3)
    assert local.get("haven:cache:key") is None
    assert cache.get_or_compute("key", 60, ["tag"], lambda: "computed") == "computed"
    server.node.thaw()
    until(lambda: cache.get_or_compute("key", 60, ["tag"], lambda: "new") == "old")
    until(lambda: cache.get("key") and len(local) == 1)


def test_a_connection_that_is_lost_empties_it_and_another_fills_it_again(
    cache: Cache, local: Local, store: Store, other: Cache
) -> None:
    warm(cache, local)
    before = local._floor
    store.redis.client_kill_filter(_type="normal", skipme=True)
    until(lambda: local._floor > before)
    warm(cache, local)
    other.invalidate_by_tag("tag")
    until(lambda: cache.get("key") is MISS, 1)


def test_after_a_failover_what_the_next_primary_changes_is_told(cluster: RedisCluster, cluster_store: Store) -> None:
    local = Local(cluster_store, 1 << 20)
    cache = Cache(cluster_store, local=local)
    until(lambda: local._tracker.stands)
    warm(cache, local)
    victim = cluster.primary()
    victim.freeze()
    other = Cache(cluster_store)
    until(lambda: [other.invalidate_by_tag("tag")], 20)  # type: ignore[func-returns-value]
    time.sleep(1.0)
    assert cache.get_or_compute("key", 60, ["tag"], lambda: "new") == "new"
    until(lambda: local._tracker.stands)
    warm(cache, local)
    other.delete("key")
    until(lambda: cache.get("key") is MISS, 1)
    local.close()


def test_readers_and_writers_at_once_never_get_what_was_invalidated_before_they_asked(
    cache: Cache, local: Local, other: Cache
) -> None:
    truth, stop, wrong = [0], threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            known = truth[0]
            found = cache.get_or_compute("key", 60, ["tag"], lambda: truth[0])
            if found < known:
                wrong.append((known, found))

    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            pool.submit(read)
        end = time.monotonic() + 3
        while time.monotonic() < end:
            following = truth[0] + 1
            other.set("unrelated", following, 60)
            truth.append(truth.pop(0) + 1)
            cache.invalidate_by_tag("tag")
            time.sleep(0.01)
        stop.set()
    assert local
    assert truth[0] > 50
    # between the change of the truth and the end of the invalidation the former value is what there is
    assert all(known - found <= 1 for known, found in wrong)


def test_nothing_is_served_when_nobody_listens_any_more(
    cache: Cache, local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm(cache, local)
    monkeypatch.setattr(local._tracker, "_hear", lambda *_args, **_more: time.sleep(2))
    time.sleep(1.4)
    assert local.get("haven:cache:key") is None
