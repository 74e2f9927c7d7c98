"""What is kept, how large, for how long; whatever lies under a key already."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.cache import MISS, Cache, Policy
from app.cache.codec import Unreadable, open_entry, seal
from tests.integration.helpers import metric

if TYPE_CHECKING:
    from app.store import Store

SHARED = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture
def cache(store: Store) -> Cache:
    return Cache(store)


@given(VALUES, st.lists(st.text(max_size=20), max_size=3), st.sampled_from([1, 10, 10**6]))
@SHARED
def test_whatever_json_says_comes_back(store: Store, value: Any, tags: list[str], press_from: int) -> None:
    cache = Cache(store, press_from=press_from)
    tags = [tag.encode(errors="replace").decode() for tag in tags]
    cache.set("key", value, 60, tags)
    assert cache.get("key") == value
    assert cache.get_many(["key", "other"]) == {"key": value}
    assert cache.get_or_compute("key", 60, tags, lambda: "another") == value


@given(st.text(max_size=200))
@SHARED
def test_whatever_lies_under_a_key_is_computed_anew(store: Store, text: str) -> None:
    text = text.encode(errors="replace").decode()
    for stored in (text, f"1 9999999999.0 0.1\n\n\n{text}", f"1z 9999999999.0 0.1\n\n\n{text}", f"1 9 9\nx{text}\n\n1"):
        store.redis.set("haven:cache:key", stored)
        found = Cache(store).get_or_compute("key", 60, [], lambda: "made")
        try:
            expected = json.loads(text) if stored.startswith("1 9999") else "made"
        except ValueError:
            expected = "made"
        assert found in [expected, "made"]


@given(st.text(max_size=100))
def test_what_is_no_entry_is_said_to_be_none(text: str) -> None:
    if text.count("\n") < 3:
        with pytest.raises(Unreadable):
            open_entry(text)


@pytest.mark.parametrize("kind", ["rpush", "sadd"])
def test_a_foreign_type_is_replaced(cache: Cache, store: Store, kind: str) -> None:
    getattr(store.redis, kind)("haven:cache:key", "what?")
    assert cache.get_or_compute("key", 60, [], lambda: 1) == 1
    assert cache.get("key") == 1


def test_a_large_value_is_compressed_and_one_too_large_is_not_kept(store: Store) -> None:
    cache = Cache(store, max_bytes=100_000, press_from=1000)
    rows = [{"id": number, "name": f"product {number}"} for number in range(1000)]
    cache.set("rows", rows, 60)
    assert cache.get("rows") == rows
    assert store.redis.strlen("haven:cache:rows") < len(json.dumps(rows)) / 2
    refused = metric("haven_cache_refused_values_total", reason="too_large")
    for _ in range(2):
        assert cache.get_or_compute("huge", 60, ["tag"], lambda: "x" * 200_000) == "x" * 200_000
    assert not store.redis.exists("haven:cache:huge", "haven:lease:huge")
    assert metric("haven_cache_refused_values_total", reason="too_large") == refused + 2


def test_what_does_not_get_shorter_is_not_compressed() -> None:
    assert seal('"abc"', 1.0, 1.0, "", 1)[0].startswith("1 ")


def test_none_may_live_shorter_than_what_there_is(cache: Cache, store: Store) -> None:
    policy = Policy(600, absent=5, jitter=0)
    assert cache.get_or_compute("nobody", policy, [], lambda: None) is None
    assert cache.get_or_compute("nobody", policy, [], lambda: "somebody") is None
    assert 4_000 < store.redis.pttl("haven:cache:nobody") <= 5_000
    cache.get_or_compute("somebody", policy, [], lambda: "somebody")
    assert store.redis.pttl("haven:cache:somebody") > 500_000


def test_what_was_made_together_does_not_end_together(cache: Cache, store: Store) -> None:
    for number in range(40):
        cache.get_or_compute(f"key:{number}", Policy(100, jitter=0.5), [], lambda: 1)
    lives = [store.redis.pttl(f"haven:cache:key:{number}") for number in range(40)]
    assert 50_000 <= min(lives) < 70_000
    assert 80_000 < max(lives) <= 100_000


def test_many_at_once_are_one_round_trip_or_two(cache: Cache, store: Store) -> None:
    cache.set_many({f"plain:{number}": number for number in range(5)}, 60)
    cache.set_many({f"tagged:{number}": number for number in range(5)}, 60, ["tag"])
    names = [f"{kind}:{number}" for kind in ("plain", "tagged", "none") for number in range(5)]
    before = int(store.redis.info("commandstats")["cmdstat_mget"]["calls"])
    found = cache.get_many(names)
    assert found == {f"{kind}:{number}": number for kind in ("plain", "tagged") for number in range(5)}
    assert int(store.redis.info("commandstats")["cmdstat_mget"]["calls"]) == before + 2
    cache.invalidate_by_tag("tag")
    assert set(cache.get_many(names)) == {f"plain:{number}" for number in range(5)}
    assert cache.get_many([]) == {}


@pytest.mark.parametrize(
    "wrong", [{"stale": -1}, {"lease": 0}, {"jitter": 1}, {"jitter": -0.1}, {"absent": 0}, {"early": -1}, {"ttl": 0}]
)
def test_a_policy_that_is_none_is_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Policy(**{"ttl": 60, **wrong})


def test_nothing_is_kept_when_one_of_many_can_not_be(cache: Cache) -> None:
    with pytest.raises(TypeError):
        cache.set_many({"good": 1, "bad": object()}, 60)
    assert cache.get("good") is MISS
