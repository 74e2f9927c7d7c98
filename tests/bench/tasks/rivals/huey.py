"""huey: its default of one thread, results off."""

from __future__ import annotations

from typing import Any

import redis
from huey import RedisHuey

from tests.bench.tasks import bodies, places

SOCKET_TIMEOUT = 5
if places.SENTINELS:
    sentinel = redis.Sentinel(places.SENTINELS, socket_timeout=SOCKET_TIMEOUT)
    pool = redis.SentinelConnectionPool(places.MASTER, sentinel, socket_timeout=SOCKET_TIMEOUT)
    huey = RedisHuey("bench", results=False, connection_pool=pool)
else:
    huey = RedisHuey("bench", results=False, port=places.PORT)
tasks = {name: huey.task()(body) for name, body in bodies.PLAIN.items()}


def enqueue(name: str, *args: Any) -> None:
    """Call the task."""
    tasks[name](*args)


def work() -> None:
    """`huey_consumer`."""
    places.become("huey_consumer", f"{__name__}.huey", "--quiet")
