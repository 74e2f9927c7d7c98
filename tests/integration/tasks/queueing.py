"""Steps of a task's life, as the tests take them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.store import keys
from app.tasks.message import Delivery, Outcome, Settlement

if TYPE_CHECKING:
    from app.store import Store
    from app.tasks import Queue, TaskInfo
    from app.tasks.delivery import Deliveries

ALL = keys.PRIORITIES
LEASE = 0.3


def enqueue(queue: Queue, count: int = 1, **options: Any) -> list[str]:
    """Take in so many tasks; their ids."""
    return [queue.enqueue("note", {"text": str(n)}, **options) for n in range(count)]


def take(deliveries: Deliveries, count: int, queues: tuple[str, ...] = ALL) -> list[Delivery]:
    """So many tasks, or those that there are."""
    return deliveries.turn((), queues, count)[1]


def take_one(deliveries: Deliveries) -> Delivery:
    """The next task."""
    (found,) = take(deliveries, 1)
    return found


def end(deliveries: Deliveries, delivery: Delivery, outcome: Outcome, detail: str = "1", **more: Any) -> bool:
    """End an attempt by the way for those on which something hangs; whether it counted."""
    return deliveries.settle(Settlement(delivery, outcome, "note", detail, **more))


def done(deliveries: Deliveries, *items: Delivery, result: str = "1") -> list[bool]:
    """End attempts by the way of most; which of them counted."""
    settled = [Settlement(item, "done", "note", result, plain=True) for item in items]
    return deliveries.turn(settled, (), 0)[0]


def move_due(deliveries: Deliveries) -> int:
    """Put delayed tasks whose time has come into their streams; how many."""
    return deliveries.sweep(0).moved


def take_over(deliveries: Deliveries, count: int) -> list[Delivery]:
    """So many tasks of workers that have fallen silent."""
    return deliveries.sweep(count).taken


def info(queue: Queue, task_id: str) -> TaskInfo:
    """What is known about a task that there is."""
    found = queue.info(task_id)
    assert found is not None
    return found


def is_forgotten(store: Store) -> bool:
    """Whether no stream has an entry left, waiting or pending."""
    return not any(
        store.redis.xlen(keys.task_stream(queue))
        or store.redis.xpending(keys.task_stream(queue), keys.TASK_GROUP)["pending"]
        for queue in ALL
    )
