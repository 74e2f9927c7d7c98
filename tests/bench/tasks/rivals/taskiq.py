"""taskiq with taskiq-redis: the broker on streams, which acknowledges; one child."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from taskiq_redis import RedisStreamBroker, RedisStreamSentinelBroker

from tests.bench.tasks import bodies, places

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

if places.SENTINELS:
    broker = RedisStreamSentinelBroker(places.SENTINELS, places.MASTER)
else:
    broker = RedisStreamBroker(f"redis://{places.LOOPBACK}:{places.PORT}")
tasks = {name: broker.task(task_name=name)(body) for name, body in bodies.ASYNC.items()}


@asynccontextmanager
async def session() -> AsyncIterator[None]:
    """Start the broker: it makes the group of consumers."""
    await broker.startup()
    yield
    await broker.shutdown()


async def enqueue(name: str, *args: Any) -> None:
    """Task.kiq."""
    await tasks[name].kiq(*args)


def work() -> None:
    """`taskiq worker`."""
    places.become("taskiq", "worker", f"{__name__}:broker", "--workers", "1", "--log-level", "WARNING")
