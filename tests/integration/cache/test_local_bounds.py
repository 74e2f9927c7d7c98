"""How many values are kept in the process, and for how long."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from app.cache import Cache, Local, Policy
from tests.integration.cache.warming import tracks, warm
from tests.integration.helpers import until

if TYPE_CHECKING:
    from app.store import Store


def test_it_holds_so_many_bytes_and_values_and_the_ones_used_last(store: Store) -> None:
    for limits in ({"max_bytes": 20_000}, {"max_bytes": 1 << 20, "max_entries": 10}):
        local = Local(store, **limits)
        cache = Cache(store, local=local)
        until(tracks(local))
        for number in range(30):
            cache.set(f"key:{number}", "x" * 500, 60, [f"tag:{number}"])
        cache.set("huge", secrets.token_hex(15_000), 60)
        time.sleep(0.1)
        for number in range(30):
            cache.get("key:0")
            cache.get(f"key:{number}")
        assert 5 <= len(local) <= 13
        assert local._bytes == sum(kept.size for kept in local._kept.values()) <= limits["max_bytes"]
        assert set(local._needed_by) == {tag for kept in local._kept.values() for tag in kept.needs}
        assert {"haven:cache:key:0", "haven:cache:key:29"} <= set(local._kept)
        assert "haven:cache:key:1" not in local._kept
        if "max_entries" not in limits:
            cache.get("huge")
            assert "haven:cache:huge" not in local._kept
        local.close()


def test_a_value_that_is_over_is_read_again(store: Store) -> None:
    local = Local(store, 1 << 20, max_age=0.3)
    cache = Cache(store, local=local)
    until(lambda: local._tracker.stands)
    warm(cache, local)
    time.sleep(0.35)
    assert local.get("haven:cache:key") is None
    cache.get_or_compute("short", Policy(0.2, jitter=0, stale=60), [], lambda: 1)
    until(lambda: cache.get("short") and "haven:cache:short" in local._kept, 0.2)
    time.sleep(0.25)
    assert local.get("haven:cache:short") is None
    local.close()
