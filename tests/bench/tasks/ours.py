"""Haven as a contestant: its tasks, its producer, and `haven worker` with eight threads.

The variants: `durable`, where an enqueue returns once a replica has the task, and `quick`, where it does not wait.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from app.config import load_config
from app.store import create_store
from app.tasks import Queue, task
from tests.bench.tasks import bodies, places

THREADS = 8
DURABLE = places.VARIANT != "quick"
ENVIRONMENT = {
    "HAVEN_WORKER_THREADS": str(THREADS),
    "HAVEN_TASK_MODULES": __name__,
    "HAVEN_OPS_PORT": "0",
    "HAVEN_DURABLE_REPLICAS": "1",
    "HAVEN_LOG_LEVEL": "warning",
}
if places.SENTINELS:
    ENVIRONMENT["REDIS_SENTINEL_HOSTS"] = ",".join(f"{host}:{port}" for host, port in places.SENTINELS)
    ENVIRONMENT["REDIS_SENTINEL_MASTER"] = places.MASTER
else:
    ENVIRONMENT["REDIS_PORT"] = str(places.PORT)

for body in bodies.PLAIN.values():
    task(durable=DURABLE)(body)


@cache
def queue() -> Queue:
    """The producer's side; the worker, which imports this module too, has its own."""
    config = load_config(ENVIRONMENT)
    return Queue(create_store(config, role="bench"), ttl=config.haven_task_ttl)


def arguments(args: tuple[Any, ...]) -> dict[str, Any]:
    """The arguments of `mark` by name; the other tasks have none."""
    return dict(zip(("mark", "wait"), args, strict=False))


def enqueue(name: str, *args: Any) -> None:
    """Queue.enqueue."""
    queue().enqueue(name, arguments(args), durable=DURABLE)


def bulk(calls: list[tuple[str, tuple[Any, ...]]]) -> None:
    """Queue.enqueue_many."""
    queue().enqueue_many([(name, arguments(args)) for name, args in calls], durable=DURABLE)


def work() -> None:
    """`haven worker`."""
    os.environ.update(ENVIRONMENT)
    places.become("haven", "worker")
