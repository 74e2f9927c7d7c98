"""One cache in its own environment, which does as it is told: ``caches.py`` asks all of them in turn.

Usage: python -m tests.bench.patterns.caches_side MODULE URL VARIANT. It reads a line, ``WHAT NUMBER``, and prints the
seconds that so many hits took: ``raw`` (plain redis-py and ``json.loads``), ``get``, ``computed``, ``decorated``; or of
a crowd that asks at once, ``missing`` or ``expired``, the loads and the longest wait, by the time of a load.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import redis

if TYPE_CHECKING:
    from collections.abc import Callable

VALUE = {
    "id": 7,
    "name": "Lantern, blue",
    "description": "Paper on a frame of bamboo, for a candle or a lamp of at most 5 watts.",
    "price_cents": 1999,
    "stock": 12,
    "updated_at": "2026-01-01T00:00:00Z",
    "version": 3,
}
CROWD = 30
LOAD = 0.3
LIFE = 1
"""Seconds, of a value that expires."""


def seconds(call: Callable[[], Any], number: int) -> float:
    """For so many calls."""
    began = time.perf_counter()
    for _ in range(number):
        call()
    return time.perf_counter() - began


def together(ask: Callable[[], Any]) -> float:
    """The longest wait of thirty threads that ask at once."""
    begin = Barrier(CROWD)

    def timed() -> float:
        begin.wait()
        return seconds(ask, 1)

    with ThreadPoolExecutor(CROWD) as pool:
        return max(one.result() for one in [pool.submit(timed) for _ in range(CROWD)])


class Load:
    """Takes its time, and counts."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> dict[str, Any]:
        self.count += 1
        time.sleep(LOAD)
        return VALUE


def crowd(ask: Callable[[Callable[[], Any]], Any], *, expired: bool) -> tuple[int, float]:
    """Loads and the longest wait of thirty who ask at once."""
    load = Load()
    if expired:
        ask(load)
        load.count = 0
        time.sleep(LIFE + 0.1)
    longest = together(lambda: ask(load))
    time.sleep(2 * LOAD)  # for those that load in the background
    return load.count, longest / LOAD


def main() -> None:
    """Answer until there are no more lines."""
    module = importlib.import_module(sys.argv[1])
    client = redis.Redis.from_url(sys.argv[2])
    client.set("plain", json.dumps(VALUE, separators=(",", ":")))
    side = module.Side(*sys.argv[2:])
    hits = {"raw": lambda number: seconds(lambda: json.loads(client.get("plain")), number), **side.hits()}  # type: ignore[arg-type]
    for line in sys.stdin:
        what, number = line.split()
        found: Any = hits[what](int(number)) if what in hits else side.crowd(what, int(number))
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
