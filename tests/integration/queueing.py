"""Steps of a task's life, as the tests take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.store import keys
from app.tasks.delivery import Attempt, Deliveries, Delivery

if TYPE_CHECKING:
    from app.store import Store
    from app.tasks import Queue, TaskInfo

ALL = keys.PRIORITIES
LEASE = 0.3


def enqueue(queue: Queue, count: int = 1, **options: str) -> list[str]:
    """Take in so many tasks; their ids."""
    return [queue.enqueue("note", {"text": str(n)}, **options) for n in range(count)]  # type: ignore[arg-type]


def take_one(deliveries: Deliveries) -> Delivery:
    """The next task."""
    (found,) = deliveries.take(1, ALL, 100)
    return found


def info(queue: Queue, task_id: str) -> TaskInfo:
    """What is known about a task that there is."""
    found = queue.info(task_id)
    assert found is not None
    return found


def started(deliveries: Deliveries, delivery: Delivery) -> Attempt:
    """Begin an attempt that can be begun."""
    attempt = deliveries.start(delivery)
    assert isinstance(attempt, Attempt)
    return attempt


def is_forgotten(store: Store) -> bool:
    """Whether no stream has an entry left, waiting or pending."""
    return not any(
        store.redis.xlen(keys.task_stream(priority))
        or store.redis.xpending(keys.task_stream(priority), keys.TASK_GROUP)["pending"]
        for priority in ALL
    )
