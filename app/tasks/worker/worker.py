"""The worker: runs tasks in threads, and never ends on an error."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError

from app.store import keys
from app.tasks.envelope import Sealer
from app.tasks.order import Orders
from app.tasks.registry import Registry, registry
from app.tasks.worker.inbox import Inbox
from app.tasks.worker.interrupt import Interrupt
from app.tasks.worker.keeper import Keeper
from app.tasks.worker.recycling import Recycling
from app.tasks.worker.runner import Runner
from app.tasks.worker.ticking import Ticking
from app.tasks.worker.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.ops.heart import Heart
    from app.tasks.delivery import Deliveries
    from app.tasks.message import Delivery

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """How a worker works.

    Attributes:
        threads: tasks at once.
        lease: seconds of silence after which others take its tasks over.
        grace: seconds that running tasks get after :meth:`Worker.stop`; then they are handed back.
        queues: those it takes from, the most urgent first.
        sealer: opens envelopes.
        recycling: when it is to end by itself.
    """

    threads: int
    lease: float
    grace: float = 3.0
    queues: Sequence[str] = keys.PRIORITIES
    sealer: Sealer = field(default_factory=Sealer)
    recycling: Recycling = field(default_factory=Recycling)


class Worker:
    """Runs tasks until stopped.

    Args:
        deliveries: its place in the group of workers.
        heart: beats after every turn that succeeded.
        options: how it works.
        tasks: the tasks there are.
    """

    def __init__(
        self, deliveries: Deliveries, heart: Heart, options: WorkerOptions, tasks: Registry = registry
    ) -> None:
        self._deliveries = deliveries
        self._options = options
        self._runner = Runner(tasks, options.sealer)
        self._inbox = Inbox(deliveries, tasks, queues=options.queues, threads=options.threads, lease=options.lease)
        ticking = Ticking(deliveries, tasks, Orders(tasks, options.sealer))
        self._keeper = Keeper(deliveries, self._inbox, heart, options.lease, ticking)
        self._watchdog = Watchdog(self._give_up)
        self._threads: list[threading.Thread] = []
        self._given_up = 0
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Take nothing new, give what runs its grace, and end."""
        self._stopped.set()

    def run(self) -> int:
        """Work until stopped; how many tasks were handed back because they outlasted the grace."""
        log.info("worker.started", consumer=self._deliveries.consumer, threads=self._options.threads)
        self._keeper.start()
        self._watchdog.start()
        for _ in range(self._options.threads):
            self._add_thread()
        self._stopped.wait()
        return self._end()

    def _add_thread(self) -> None:
        thread = threading.Thread(target=self._work, name=f"haven-task-{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while (delivery := self._inbox.next()) is not None:
            self._carry_out(delivery)
            if self._options.recycling.is_due():
                self.stop()

    def _carry_out(self, delivery: Delivery) -> None:
        interrupt = Interrupt()
        self._inbox.begin(delivery, interrupt)
        began = time.perf_counter()
        item = self._runner.run(delivery, interrupt, self._keeper.server_ms(), self._watchdog.watch)
        self._watchdog.forget(delivery)
        self._inbox.finished(item, time.perf_counter() - began)

    def _give_up(self, delivery: Delivery) -> None:
        """Its thread does not come back: say so, and let another thread take its place."""
        if not self._inbox.abandon(delivery):
            return
        self._inbox.ends.settle(self._runner.overdue(delivery))
        self._given_up += 1
        if self._given_up > self._options.threads:
            log.error("worker.worn_out", threads=self._given_up, why="as many threads are stuck as it had; it ends")
            self.stop()
        self._add_thread()

    def _end(self) -> int:
        end = time.monotonic() + self._options.grace
        self._keeper.rest()
        self._inbox.stop()
        waiting = self._inbox.give_up(0)
        self._hand_back(waiting)
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        self._keeper.stop()
        self._watchdog.stop()
        self._inbox.ends.tell()
        fetched = self._inbox.give_up(0)
        late = list(self._inbox.held()[1])
        self._hand_back([*fetched, *late])
        with suppress(RedisError):
            self._deliveries.leave()
        log.info("worker.stopped", handed_back=len(waiting) + len(fetched) + len(late))
        return len(late)

    def _hand_back(self, deliveries: list[Delivery]) -> None:
        try:
            self._deliveries.hand_back(deliveries)
        except RedisError as error:
            log.warning("worker.leaves_silently", tasks=len(deliveries), error=str(error))
