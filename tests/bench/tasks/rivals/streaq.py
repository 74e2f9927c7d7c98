"""streaQ: its default of 16 coroutines, results off."""

from __future__ import annotations

from typing import Any

from streaq import Worker

from tests.bench.tasks import bodies, places

if places.SENTINELS:
    worker = Worker(sentinel_nodes=places.SENTINELS, sentinel_master=places.MASTER)
else:
    worker = Worker(redis_url=f"redis://{places.LOOPBACK}:{places.PORT}")
tasks = {name: worker.task(body, name=name, ttl=0) for name, body in bodies.ASYNC.items()}


def session() -> Any:
    """Connect."""
    return worker


async def enqueue(name: str, *args: Any) -> None:
    """Task.enqueue."""
    await tasks[name].enqueue(*args)


async def bulk(calls: list[tuple[str, tuple[Any, ...]]]) -> None:
    """Worker.enqueue_many."""
    await worker.enqueue_many([tasks[name].enqueue(*args) for name, args in calls])


def work() -> None:
    """Worker.run_sync, which `streaq run` calls too after it has switched on a log line for every task."""
    worker.run_sync()
