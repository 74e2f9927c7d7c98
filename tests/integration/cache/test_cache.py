from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import RedisError

from app.cache import MISS, Cache, cache_result
from tests.integration.helpers import metric, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.local import RedisServer
    from app.store import Store


@pytest.fixture
def cache(store: Store) -> Cache:
    return Cache(store)


def counted(value: Any = "made") -> tuple[list[Any], Callable[[], Any]]:
    calls: list[Any] = []

    def make() -> Any:
        calls.append(value)
        return value

    return calls, make


@pytest.mark.parametrize("value", [None, 0, "", False, [], {}, "line\nbreak", "Zoë 🏮", {"a": [1, {"b": None}]}, 1.5])
def test_every_json_value_is_a_hit_the_empty_ones_too(cache: Cache, value: Any) -> None:
    calls, make = counted(value)
    for _ in range(3):
        assert cache.get_or_compute("key", 60, ["tag"], make) == value
    assert len(calls) == 1
    assert cache.get("key") == value
    assert type(cache.get("key")) is type(value)


def test_what_is_not_there_is_a_miss_and_no_value(cache: Cache) -> None:
    assert cache.get("nothing") is MISS
    assert not MISS
    assert repr(MISS) == "MISS"


def test_a_value_lives_as_long_as_it_was_told_to(cache: Cache, store: Store) -> None:
    cache.set("short", 1, 0.05)
    cache.set("long", 2, 60, ["tag"])
    time.sleep(0.1)
    assert cache.get("short") is MISS
    assert cache.get("long") == 2
    assert 59_000 < store.redis.pttl("haven:cache:long") <= 60_000
    assert store.redis.pttl("haven:tag:tag") > 60_000, "a tag that dies first would make its values stale"


def test_a_tag_lives_on_as_long_as_its_longest_value(cache: Cache, store: Store) -> None:
    cache.set("short", 1, 1, ["tag"])
    cache.set("long", 2, 3600, ["tag"])
    cache.set("short again", 3, 1, ["tag"])
    assert store.redis.pttl("haven:tag:tag") > 3_600_000


def test_deleting_forgets_and_what_was_not_there_does_no_harm(cache: Cache) -> None:
    cache.set("a", 1, 60)
    cache.set("b", 2, 60, ["tag"])
    cache.delete("a", "b", "c")
    cache.delete()
    assert cache.get("a") is MISS
    assert cache.get("b") is MISS


def test_invalidating_a_tag_makes_everything_stale_that_carries_it_and_nothing_else(cache: Cache) -> None:
    for number in range(50):
        cache.set(f"both:{number}", number, 60, ["shelf", f"lamp:{number}"])
    cache.set("other", 1, 60, ["elsewhere"])
    cache.set("untagged", 1, 60)
    cache.invalidate_by_tag("lamp:7")
    assert [number for number in range(50) if cache.get(f"both:{number}") is MISS] == [7]
    cache.invalidate_by_tag("shelf", "never seen")
    cache.invalidate_by_tag()
    assert all(cache.get(f"both:{number}") is MISS for number in range(50))
    assert cache.get("other") == cache.get("untagged") == 1


@pytest.mark.parametrize("seen_before", [True, False])
@pytest.mark.parametrize("others", [[], ["second"]])
def test_an_invalidation_during_a_load_wins(cache: Cache, seen_before: bool, others: list[str]) -> None:  # noqa: FBT001
    tags = ["product:1", *others]
    if seen_before:
        cache.set("neighbour", 1, 60, ["product:1"])

    def slow() -> str:
        cache.invalidate_by_tag("product:1")
        return "old"

    assert cache.get_or_compute("key", 60, tags, slow) == "old"
    assert cache.get("key") is MISS
    assert cache.get_or_compute("key", 60, tags, lambda: "new") == "new"
    assert cache.get("key") == "new"


def test_a_load_that_began_before_an_invalidation_does_not_replace_a_newer_one(cache: Cache) -> None:
    def slow() -> str:
        cache.invalidate_by_tag("tag")
        cache.get_or_compute("key", 60, ["tag"], lambda: "new")
        return "old"

    cache.get_or_compute("key", 60, ["tag"], slow)
    assert cache.get("key") == "new"


def test_after_an_invalidation_nobody_ever_gets_an_older_value(cache: Cache) -> None:
    truth = [0]

    with ThreadPoolExecutor(8) as pool:
        for turn in range(1, 40):
            readers = [pool.submit(cache.get_or_compute, "key", 60, ["tag"], lambda: truth[0]) for _ in range(6)]
            truth[0] = turn
            cache.invalidate_by_tag("tag")
            assert cache.get_or_compute("key", 60, ["tag"], lambda: truth[0]) == turn
            assert {reader.result() for reader in readers} <= {turn - 1, turn}
            assert cache.get_or_compute("key", 60, ["tag"], lambda: truth[0]) == turn


@pytest.mark.parametrize("ttl", [0, -1, 0.0001, float("nan")])
def test_a_value_without_a_life_is_refused(cache: Cache, ttl: float) -> None:
    with pytest.raises(ValueError, match=r"ttl|NaN"):
        cache.set("key", 1, ttl)
    with pytest.raises(ValueError, match=r"ttl|NaN"):
        cache_result("key", ttl)


def test_one_string_of_tags_is_refused_because_it_would_be_a_tag_per_letter(cache: Cache) -> None:
    with pytest.raises(TypeError, match="list of tags"):
        cache.set("key", 1, 60, "product")
    with pytest.raises(TypeError, match="list of tags"):
        cache.get_or_compute("key", 60, "product", lambda: 1)


def test_what_json_can_not_say_is_refused(cache: Cache) -> None:
    with pytest.raises(TypeError):
        cache.set("key", object(), 60)
    assert cache.get("key") is MISS


def test_hits_and_misses_are_counted(cache: Cache) -> None:
    hits, misses = (metric("haven_cache_requests_total", result=result) for result in ("hit", "miss"))
    for _ in range(3):
        cache.get_or_compute("key", 60, ["tag"], lambda: 1)
    assert metric("haven_cache_requests_total", result="hit") == hits + 2
    assert metric("haven_cache_requests_total", result="miss") == misses + 1


def test_while_redis_is_away_values_are_computed_and_soon(cache: Cache, server: RedisServer) -> None:
    errors = metric("haven_cache_requests_total", result="error")
    calls, make = counted()
    cache.get_or_compute("key", 60, ["tag"], make)
    server.node.kill()
    started = time.monotonic()
    assert cache.get_or_compute("key", 60, ["tag"], make) == "made"
    assert time.monotonic() - started < 1.8
    assert len(calls) == 2
    assert metric("haven_cache_requests_total", result="error") == errors + 1
    with pytest.raises(RedisError):
        cache.get("key")
    with pytest.raises(RedisError):
        cache.invalidate_by_tag("tag")
    server.node.restart()
    until(lambda: cache.get_or_compute("key", 60, ["tag"], make) == "made" and cache.get("key") == "made")


def test_redis_going_away_during_a_load_costs_the_value_nothing(cache: Cache, server: RedisServer) -> None:
    def make() -> str:
        server.node.kill()
        return "made"

    assert cache.get_or_compute("key", 60, ["tag"], make) == "made"


def test_an_error_of_the_function_while_redis_is_away_is_the_functions_own(cache: Cache, server: RedisServer) -> None:
    server.node.kill()

    def broken() -> None:
        raise LookupError("its own")

    with pytest.raises(LookupError):
        cache.get_or_compute("key", 60, [], broken)


def test_a_frozen_redis_costs_a_second_and_not_the_answer(cache: Cache, server: RedisServer) -> None:
    cache.get("warm")
    server.node.freeze()
    started = time.monotonic()
    assert cache.get_or_compute("key", 60, ["tag"], lambda: 1) == 1
    assert time.monotonic() - started < 2.5


def test_a_full_redis_costs_the_caching_and_not_the_answer(cache: Cache, server: RedisServer) -> None:
    client = server.node.client
    limit = str(client.config_get("maxmemory")["maxmemory"])
    client.config_set("maxmemory", 1)
    try:
        assert cache.get_or_compute("key", 60, ["tag"], lambda: 1) == 1
        assert cache.get_or_compute("key", 60, [], lambda: 2) == 2
    finally:
        client.config_set("maxmemory", limit)
    assert cache.get("key") is MISS


def test_a_foreign_value_under_a_key_is_a_miss(cache: Cache, store: Store) -> None:
    store.redis.lpush("haven:cache:key", "what?")
    assert cache.get_or_compute("key", 60, [], lambda: 1) == 1
    assert cache.get("key") == 1


def test_large_values_and_odd_names_are_kept_whole(cache: Cache) -> None:
    big = {"text": "é🏮\n" * 50_000}
    names = ["", " ", "a:b:c", "line\nbreak", "🏮", "*", "x" * 5000]
    for name in names:
        cache.set(name, big if name == "🏮" else name, 60, [name])
    assert [cache.get(name) for name in names] == [big if name == "🏮" else name for name in names]
    cache.invalidate_by_tag("*")
    assert [name for name in names if cache.get(name) is MISS] == ["*"]
    assert json.dumps(cache.get("🏮")) == json.dumps(big)
