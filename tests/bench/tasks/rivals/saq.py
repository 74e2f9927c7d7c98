"""SAQ: its default of ten coroutines, results off."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from redis.asyncio import Redis, Sentinel
from saq.queue.redis import RedisQueue

from tests.bench.tasks import bodies, places

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SOCKET_TIMEOUT = 15  # longer than its blocking reads
if places.SENTINELS:
    client = Sentinel(places.SENTINELS).master_for(places.MASTER, socket_timeout=SOCKET_TIMEOUT)
else:
    client = Redis(port=places.PORT)
queue = RedisQueue(client)


async def noop(_: dict[str, Any]) -> None:
    """Nothing."""
    await bodies.noop_async()


async def pause(_: dict[str, Any]) -> None:
    """A millisecond of waiting."""
    await bodies.pause_async()


async def mark(_: dict[str, Any], *, mark: str, wait: int) -> None:
    """Wait, then write down who ran."""
    await bodies.mark_async(mark, wait)


settings = {"queue": queue, "functions": [noop, pause, mark]}


@asynccontextmanager
async def session() -> AsyncIterator[None]:
    """Connect."""
    await queue.connect()
    yield
    await queue.disconnect()


async def enqueue(name: str, *args: Any) -> None:
    """Queue.enqueue."""
    await queue.enqueue(name, ttl=-1, **dict(zip(("mark", "wait"), args, strict=False)))


def work() -> None:
    """`saq`."""
    places.become("saq", f"{__name__}.settings")
