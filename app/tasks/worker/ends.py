"""What has ended and is not yet told to Redis. Short tasks are told of in batches, by the fetch that follows them."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError

from app.ops import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from app.tasks.delivery import Deliveries
    from app.tasks.message import Delivery, Settlement

log = structlog.get_logger(__name__)

MOST_UNTOLD = 64
TELL_AFTER = 0.01
SHORT = 0.002  # seconds: shorter tasks are told of in batches; an end of a longer one is told at once
AGAIN_AFTER = 1.0


class Ends:
    """Tells Redis how attempts have ended, until it has heard it: doing them again would be worse.

    Args:
        deliveries: the worker's place in the group.
        stopped: set when the worker ends.
        forget: called with those that have been told.
    """

    def __init__(
        self, deliveries: Deliveries, stopped: threading.Event, forget: Callable[[Iterable[Delivery]], None]
    ) -> None:
        self._deliveries = deliveries
        self._stopped = stopped
        self._forget = forget
        self._lock = threading.Lock()
        self._untold: list[Settlement] = []
        self._taken_at = 0.0

    def add(self, item: Settlement) -> None:
        """It is simply done; whoever fetches next tells it."""
        with self._lock:
            self._untold.append(item)

    def are_due(self, pace: float) -> bool:
        """Whether it is time to tell them, where tasks take so many seconds."""
        count = len(self._untold)
        if not count:
            return False
        return count >= MOST_UNTOLD or pace > SHORT or time.monotonic() - self._taken_at > TELL_AFTER

    def held(self) -> list[Delivery]:
        """Those whose leases are to be kept meanwhile."""
        with self._lock:
            return [item.delivery for item in self._untold]

    def take(self) -> list[Settlement]:
        """All that are to be told, for whoever does it: then either :meth:`told` or :meth:`take_back`."""
        with self._lock:
            done, self._untold = self._untold, []
            self._taken_at = time.monotonic()
        return done

    def take_back(self, done: list[Settlement]) -> None:
        """They could not be told."""
        with self._lock:
            self._untold = done + self._untold

    def told(self, done: Sequence[Settlement], counted: Sequence[bool]) -> None:
        """Redis has heard them; which of them counted."""
        for item, ours in zip(done, counted, strict=True):
            metrics.task_ended(item.name, "done" if ours else "lost")
            if not ours:
                log.warning("task.lost", task_id=item.delivery.task_id, why="another worker had taken it over")
        self._forget(item.delivery for item in done)

    def tell(self) -> None:
        """Tell them now."""
        done = self.take()
        if not done:
            return
        try:
            self.told(done, self._deliveries.turn(done, (), 0)[0])
        except RedisError as error:
            self.take_back(done)
            log.warning("worker.end_waits", tasks=len(done), error=str(error))

    def settle(self, item: Settlement) -> None:
        """Tell one on which something hangs, until Redis has heard it or the worker ends."""
        while True:
            try:
                ours = self._deliveries.settle(item)
                metrics.task_ended(item.name, item.outcome if ours else "lost")
                break
            except RedisError as error:
                log.warning("task.end_waits", task_id=item.delivery.task_id, error=str(error))
                if self._stopped.wait(AGAIN_AFTER):
                    break  # its lease runs out, and another worker does it again
        self._forget([item.delivery])
