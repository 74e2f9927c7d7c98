"""Dramatiq: one process with its default of eight threads."""

from __future__ import annotations

from typing import Any

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker

from tests.bench.tasks import bodies, places

SOCKET_TIMEOUT = 5
if places.SENTINELS:
    client = redis.Sentinel(places.SENTINELS, socket_timeout=SOCKET_TIMEOUT).master_for(places.MASTER)
    broker = RedisBroker(client=client)
else:
    broker = RedisBroker(port=places.PORT)
dramatiq.set_broker(broker)
actors = {name: dramatiq.actor(body) for name, body in bodies.PLAIN.items()}


def enqueue(name: str, *args: Any) -> None:
    """Actor.send."""
    actors[name].send(*args)


def work() -> None:
    """`dramatiq`."""
    places.become("dramatiq", __name__, "--processes", "1", "--threads", "8")
