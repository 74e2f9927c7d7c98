"""What a worker does beside running tasks: keeps its leases, moves what is due, takes over, and gives signs of life."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError

from app.errors import TaskCancelled
from app.ops import metrics

if TYPE_CHECKING:
    from app.ops.heart import Heart
    from app.tasks.delivery import Deliveries
    from app.tasks.message import Delivery, Swept
    from app.tasks.worker.inbox import Inbox
    from app.tasks.worker.ticking import Ticking

log = structlog.get_logger(__name__)

TURN = 1.0
NO_GROUP = "NOGROUP"
SOONEST = 0.02
LONGEST_WAIT_HERE = 1.0


class Keeper:
    """Turns once a second, and when a delayed task becomes due.

    Args:
        deliveries: the worker's place in the group.
        inbox: what it holds.
        heart: beats after every turn that succeeded.
        lease: seconds; renewed at least six times as often.
        ticking: enqueues what the schedules want.
    """

    def __init__(self, deliveries: Deliveries, inbox: Inbox, heart: Heart, lease: float, ticking: Ticking) -> None:
        self._deliveries = deliveries
        self._inbox = inbox
        self._heart = heart
        self._period = min(TURN, lease / 6)
        self._ticking = ticking
        self._stopped = threading.Event()
        self._skew_ms = 0.0
        self._thread = threading.Thread(target=self._run, name="haven-keeper", daemon=True)
        self._sweeps = True
        self._doubted: set[Delivery] = set()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def rest(self) -> None:
        """Only keep leases from now on: the worker ends and takes nothing over any more."""
        self._sweeps = False

    def stop(self) -> None:
        """End."""
        self._stopped.set()

    def server_ms(self) -> int:
        """The server's time, ms since the epoch, as of the last sweep."""
        return int(time.time() * 1000 + self._skew_ms)

    def _run(self) -> None:
        pause = 0.0
        while not self._stopped.wait(pause):
            self._heart.turn()
            pause = self._period
            try:
                self._keep_leases()
                if self._sweeps:
                    swept = self._sweep()
                    if swept.taken:
                        pause = SOONEST  # there may be more
                    elif swept.next_due is not None:
                        pause = min(pause, max(SOONEST, swept.next_due))
                if self._inbox.works:
                    self._heart.beat()
            except Exception as error:
                # without renewals every task would be taken over while it runs, so this goes on whatever it was
                self._inbox.look_again()
                if NO_GROUP in str(error):
                    continue  # nobody has joined yet, or a failover lost that; whoever fetches does it
                log.warning("worker.keeping_failed", error=str(error), exc_info=not isinstance(error, RedisError))

    def _keep_leases(self) -> None:
        self._inbox.ends.tell()  # usually done by whoever ends a task; not when all have long ones now
        self._deliveries.hand_back(self._inbox.give_up(LONGEST_WAIT_HERE))
        since = time.monotonic()
        others, running = self._inbox.held()
        lost, cancelled = self._deliveries.renew([*others, *running])
        self._inbox.renewed(since, lost)
        doubted = {delivery for delivery in lost if self._inbox.still_held(delivery)}
        for delivery in doubted & self._doubted:  # once may be one that ended just now
            log.warning("task.lost", task_id=delivery.task_id, why="another worker has taken it over")
        self._doubted = doubted
        for delivery in cancelled:
            interrupt = running.get(delivery)
            if interrupt is not None:
                interrupt.throw(TaskCancelled)

    def _sweep(self) -> Swept:
        swept = self._deliveries.sweep(self._inbox.room(), self._inbox.queues, spare=self._inbox.spare())
        self._skew_ms = swept.now_ms - time.time() * 1000
        if swept.moved:
            metrics.TASK_LATE.observe(swept.late)
        for task_id in swept.dead:
            log.error("task.dead", task_id=task_id, why="its worker was killed each time")
            metrics.task_ended("?", "dead")
        metrics.TASK_REDELIVERIES.inc(self._inbox.put(swept.taken))
        self._ticking.tick(swept.now_ms)
        return swept
