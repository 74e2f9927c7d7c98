"""Sees to it that no task holds a thread for ever."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import structlog

from app.errors import TaskTimeout

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.tasks.message import Delivery
    from app.tasks.worker.interrupt import Interrupt

log = structlog.get_logger(__name__)

PERIOD = 0.1
PATIENCE = 10.0
"""Seconds for a task that was told to stop: what waits in C doesn't hear it. Then its thread is given up."""


class Watchdog:
    """Knows until when each task may run.

    Args:
        given_up: called with a task whose thread does not come back.
    """

    def __init__(self, given_up: Callable[[Delivery], None]) -> None:
        self._given_up = given_up
        self._ends: dict[Delivery, tuple[float, Interrupt]] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="haven-watchdog", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopped.set()

    def watch(self, delivery: Delivery, interrupt: Interrupt, seconds: float) -> None:
        """Let it run for so long."""
        self._ends[delivery] = (time.monotonic() + seconds, interrupt)

    def forget(self, delivery: Delivery) -> None:
        """It has ended."""
        self._ends.pop(delivery, None)

    def _run(self) -> None:
        while not self._stopped.wait(PERIOD):
            now = time.monotonic()
            for delivery, (end, interrupt) in list(self._ends.items()):
                if now >= end:
                    interrupt.throw(TaskTimeout)
                if now >= end + PATIENCE:
                    self.forget(delivery)
                    log.error("task.stuck", task_id=delivery.task_id, why="it does not stop; its thread is given up")
                    self._given_up(delivery)
