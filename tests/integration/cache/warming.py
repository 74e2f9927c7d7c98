"""Bringing values into the process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.integration.helpers import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.cache import Cache, Local


def tracks(local: Local) -> Callable[[], bool]:
    return lambda: local._tracker.stands


def warm(cache: Cache, local: Local, key: str = "key", tags: tuple[str, ...] = ("tag",)) -> None:
    """Have a value in the process: one read after the message of its own storing has come."""
    cache.get_or_compute(key, 60, tags, lambda: "old")

    def kept() -> bool:
        cache.get(key)
        return f"haven:cache:{key}" in local._kept

    until(kept)
    time.sleep(0.05)  # a late message would drop it again
    until(kept)
