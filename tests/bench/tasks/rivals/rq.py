"""RQ: jobs that leave no result. The variant `fork` is its default worker, with a process for each job."""

from __future__ import annotations

import sys
from typing import Any

import redis
from rq import Queue

from tests.bench.tasks import bodies, places

SOCKET_TIMEOUT = 5
if places.SENTINELS:
    SENTINEL = {  # read from here by `rq worker --config`
        "INSTANCES": places.SENTINELS,
        "MASTER_NAME": places.MASTER,
        "SOCKET_TIMEOUT": SOCKET_TIMEOUT,
    }
    client = redis.Sentinel(places.SENTINELS, socket_timeout=SOCKET_TIMEOUT).master_for(places.MASTER)
else:
    REDIS_PORT = places.PORT
    client = redis.Redis(port=places.PORT)
queue = Queue(connection=client)


def enqueue(name: str, *args: Any) -> None:
    """Queue.enqueue."""
    queue.enqueue(bodies.PLAIN[name], args=args, result_ttl=0)


def bulk(calls: list[tuple[str, tuple[Any, ...]]]) -> None:
    """Queue.enqueue_many."""
    queue.enqueue_many([Queue.prepare_data(bodies.PLAIN[name], args=args, result_ttl=0) for name, args in calls])


def work() -> None:
    """`rq worker`."""
    kind = "rq.worker.Worker" if places.VARIANT == "fork" else "rq.worker.SimpleWorker"
    path = next(place for place in sys.path if place)
    places.become("rq", "worker", "--config", __name__, "--worker-class", kind, "--quiet", "--path", path)
