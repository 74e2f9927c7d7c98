"""What tests of the patterns share."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from prometheus_client import REGISTRY
from redis.exceptions import RedisError

from app.store import deadline

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.local import RedisServer

T = TypeVar("T")
PATIENCE = 10.0


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


def cut_off(server: RedisServer, call: Callable[[], T]) -> T:
    """Do something while Redis is frozen for a moment: it is sent, given up and sent again, and comes to its end."""
    with ThreadPoolExecutor(1) as pool:
        server.node.freeze()
        under_way = pool.submit(patiently, call)
        time.sleep(0.8)
        server.node.thaw()
        return under_way.result()


def patiently(call: Callable[[], T]) -> T:
    """Do something with more time than the tests' short deadline."""
    with deadline(PATIENCE):
        return call()
