"""Enqueues what the schedules want, by the server's clock; any number of workers may do so at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.ops import metrics

if TYPE_CHECKING:
    from app.tasks.delivery import Deliveries
    from app.tasks.order import Orders
    from app.tasks.registry import Registry
    from app.tasks.schedule import Schedule


class Ticking:
    """What one worker knows of the schedules.

    Args:
        deliveries: where ticks are accounted for.
        tasks: whose schedules.
        orders: makes the orders.
    """

    def __init__(self, deliveries: Deliveries, tasks: Registry, orders: Orders) -> None:
        self._deliveries = deliveries
        self._tasks = tasks
        self._orders = orders
        self._last: dict[str, int | None] = {}
        self._next: dict[str, int] = {}

    def tick(self, now_ms: int) -> None:
        """Enqueue what is due now.

        Raises:
            StoreError: Redis did not answer; the next call does it.
        """
        for schedule in list(self._tasks.schedules.values()):
            if now_ms >= self._next.get(schedule.name, 0):
                self._account(schedule, now_ms)

    def _account(self, schedule: Schedule, now_ms: int) -> None:
        before = self._last.get(schedule.name)
        task = self._tasks.get(schedule.task)
        ticks = [] if before is None else schedule.due(before, now_ms)
        orders = [
            self._orders.make(task, schedule.args, schedule.tick_id(tick), task.options.priority) for tick in ticks
        ]
        until = max(ticks, default=now_ms)  # what the policy leaves out is accounted for, too
        last = self._deliveries.tick(schedule.name, before, until, orders)
        self._last[schedule.name] = last
        if last == until and ticks:
            metrics.TASK_TICKS.labels(schedule.name).inc(len(ticks))
            metrics.TASK_LATE.observe((now_ms - ticks[-1]) / 1000)
        self._next[schedule.name] = schedule.following(last)
