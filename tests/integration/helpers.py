"""What tests of the patterns share."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from collections.abc import Callable


def until(condition: Callable[[], object], timeout: float = 10.0) -> None:
    """Wait for something that must come true; Redis may be away meanwhile."""
    end = time.monotonic() + timeout
    while True:
        with suppress(RedisError):
            if condition():
                return
        assert time.monotonic() < end, f"it did not come true within {timeout} s"
        time.sleep(0.02)


def metric(name: str, **labels: str) -> float:
    """A metric's value in this process; 0 when it was never touched."""
    return REGISTRY.get_sample_value(name, labels) or 0.0
