"""Celery: the prefork pool with one child."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.bench.tasks import bodies, places

if places.SENTINELS:
    URL = ";".join(f"sentinel://{host}:{port}" for host, port in places.SENTINELS)
else:
    URL = f"redis://{places.LOOPBACK}:{places.PORT}/0"
app = Celery("bench", broker=URL)
app.conf.task_ignore_result = True
if places.SENTINELS:
    app.conf.broker_transport_options = {"master_name": places.MASTER}
tasks = {name: app.task(body, name=name) for name, body in bodies.PLAIN.items()}


def enqueue(name: str, *args: Any) -> None:
    """Task.delay."""
    tasks[name].delay(*args)


def work() -> None:
    """`celery worker`."""
    places.become("celery", "--app", __name__, "worker", "--concurrency", "1", "--loglevel", "WARNING")
