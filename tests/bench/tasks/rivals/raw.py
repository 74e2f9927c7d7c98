"""The reference: a list, and redis-py alone. No acknowledgement, no retry, one task at a time."""

from __future__ import annotations

from typing import Any

import redis

from tests.bench.tasks import bodies, places

QUEUE = "bench"
BATCH = 1000
client = redis.Redis(port=places.PORT, decode_responses=True)


def enqueue(name: str, *args: Any) -> None:
    """LPUSH."""
    client.lpush(QUEUE, " ".join([name, *map(str, args)]))


def bulk(calls: list[tuple[str, tuple[Any, ...]]]) -> None:
    """LPUSH in pipelines."""
    for start in range(0, len(calls), BATCH):
        with client.pipeline(transaction=False) as pipe:
            for name, args in calls[start : start + BATCH]:
                pipe.lpush(QUEUE, " ".join([name, *map(str, args)]))
            pipe.execute()


def work() -> None:
    """BRPOP."""
    while True:
        found: Any = client.brpop([QUEUE], timeout=1)
        if found:
            name, *args = found[1].split(" ")
            bodies.PLAIN[name](*((args[0], int(args[1])) if args else ()))
