"""What a worker holds: tasks taken and not begun, those that run, and those that are done and not yet told.

The threads that run tasks also fetch them, one at a time: whoever gets a task runs it, without a hand-over. With short
tasks one round trip ends many and takes many; with long ones nothing is taken that could not begin.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError

from app.backoff import jittered
from app.tasks.envelope import name_in
from app.tasks.worker.ends import Ends

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from app.tasks.delivery import Deliveries
    from app.tasks.message import Delivery, Settlement
    from app.tasks.registry import Registry
    from app.tasks.worker.interrupt import Interrupt

log = structlog.get_logger(__name__)

BLOCK_MS = 1000
AGEING = 8  # every so many turns a lower queue goes first, so that none ever starves
AHEAD = 0.02  # seconds of work that may lie here without having begun
MOST_AHEAD = 64
SILENCE = 0.8  # of a lease without a renewal: what lies here may be another's by now
PAUSE_BASE = 0.05
PAUSE_CAP = 1.0
LEARNING = 0.1


def order(turn: int, queues: Sequence[str]) -> tuple[str, ...]:
    """The queues in the order in which this turn looks at them."""
    first, *lower = queues
    if lower and turn % AGEING == 0:
        first = lower[-1 - turn // AGEING % len(lower)]
    return (first, *(queue for queue in queues if queue != first))


class Inbox:
    """Hands tasks to threads.

    Args:
        deliveries: the worker's place in the group.
        tasks: the tasks there are.
        queues: those it takes from, the most urgent first.
        threads: how many ask for tasks.
        lease: seconds of silence after which others take its tasks over.

    Attributes:
        ends: what has ended and is to be told.
    """

    def __init__(
        self, deliveries: Deliveries, tasks: Registry, *, queues: Sequence[str], threads: int, lease: float
    ) -> None:
        self._deliveries = deliveries
        self.queues = tuple(queues)
        self._threads = threads
        self._tasks = tasks
        self._changed = threading.Condition(threading.Lock())
        self._waiting: deque[Delivery] = deque()
        self._running: dict[Delivery, Interrupt | None] = {}
        self._known: set[tuple[str, str]] = set()  # entries of all these, and of what has ended and is not yet told
        self._silence = lease * SILENCE
        self._renewed_at = 0.0
        self._idle = 0
        self._fetching = False
        self._stopped = threading.Event()
        self._joined = False
        self._failures = 0
        self._turns = 0
        self._more = False
        self._pace = 1.0
        self._quick = False
        self.ends = Ends(deliveries, self._stopped, self._forget)

    @property
    def works(self) -> bool:
        """Whether the last fetch succeeded, or every thread has something to do."""
        return self._failures == 0 and (self._joined or len(self._running) >= self._threads)

    def stop(self) -> None:
        """Hand nothing out any more."""
        self._stopped.set()
        with self._changed:
            self._changed.notify_all()

    def next(self) -> Delivery | None:
        """The next task for this thread; None when the worker ends. Fetches when it is this thread's turn to."""
        while True:
            with self._changed:
                while True:
                    if self._stopped.is_set():
                        return None
                    if self._waiting and (self._fetching or not self._is_due()):
                        delivery = self._waiting.popleft()
                        if self._may_be_lost(delivery):
                            self._known.discard((delivery.queue, delivery.entry))
                            continue
                        self._running[delivery] = None
                        return delivery
                    if not self._fetching:
                        self._fetching = True
                        break
                    self._idle += 1
                    self._changed.wait()
                    self._idle -= 1
            found: list[Delivery] = []
            try:
                found = self._fetch()
                self._failures = 0
            except Exception as error:  # noqa: BLE001 - the loop never ends on an error
                self._pause(error)
            finally:
                with self._changed:
                    self._fetching = False
                    accepted = self._accept(found)
                    if accepted:
                        self._changed.notify(accepted)

    def begin(self, delivery: Delivery, interrupt: Interrupt) -> None:
        """This thread begins with it and can be interrupted."""
        self._running[delivery] = interrupt

    def finished(self, item: Settlement, seconds: float) -> None:
        """An attempt has ended; told to Redis with others, or at once when something hangs on it."""
        delivery = item.delivery
        with self._changed:
            if self._running.pop(delivery, self) is self:
                return  # it was given up, see abandon
            self._pace += (seconds - self._pace) * LEARNING
            # whoever fetches may be waiting for a task; nobody would tell it before that
            alone = self._fetching and not self._waiting
        if not item.plain:
            self.ends.settle(item)
            return
        self.ends.add(item)
        if alone:
            self.ends.tell()

    def look_again(self) -> None:
        """Something may have been handed to this worker without its knowledge: look before the next fetch."""
        self._joined = False

    def put(self, deliveries: Iterable[Delivery]) -> int:
        """Tasks from elsewhere, taken over; how many are new here."""
        with self._changed:
            accepted = self._accept(deliveries)
            self._changed.notify(accepted)
        return accepted

    def room(self) -> int:
        """How many more could begin at once."""
        with self._changed:
            return self._free()

    def spare(self) -> int:
        """How many more than that may lie here: none while every thread has something to do."""
        with self._changed:
            return self._ahead() if self._free() else 0

    def held(self) -> tuple[list[Delivery], dict[Delivery, Interrupt | None]]:
        """Those whose leases are to be kept: waiting or done and untold; and those that run."""
        with self._changed:
            return [*self._waiting, *self.ends.held()], dict(self._running)

    def still_held(self, delivery: Delivery) -> bool:
        """Whether it is still to be ended by this worker."""
        return (delivery.queue, delivery.entry) in self._known

    def renewed(self, since: float, lost: Collection[Delivery]) -> None:
        """The leases of all that is held but the lost were renewed, at this time (monotonic seconds) or later.

        What is lost and waits here is another's. Found with a worker that was frozen while it handed something back:
        two of its threads began what others had done.
        """
        with self._changed:
            for delivery in [each for each in self._waiting if each in lost]:
                self._waiting.remove(delivery)
                self._known.discard((delivery.queue, delivery.entry))
            self._renewed_at = since

    def give_up(self, older_than: float) -> list[Delivery]:
        """Take back what has waited here for so many seconds: others may be free. For handing back."""
        end = time.monotonic() - older_than
        with self._changed:
            stale = [delivery for delivery in self._waiting if delivery.since <= end]
            for delivery in stale:
                self._waiting.remove(delivery)
        self._forget(stale)
        return stale

    def abandon(self, delivery: Delivery) -> bool:
        """Wait no longer for the end of an attempt; False when it has ended just now."""
        with self._changed:
            return self._running.pop(delivery, self) is not self

    def _forget(self, deliveries: Iterable[Delivery]) -> None:
        with self._changed:
            self._known.difference_update((delivery.queue, delivery.entry) for delivery in deliveries)

    def _free(self) -> int:
        return max(0, self._threads - len(self._running) - len(self._waiting))

    def _is_due(self) -> bool:
        """Whether it is time to fetch although something waits here: to tell what is done, or to refill."""
        return self.ends.are_due(self._pace) or (self._more and len(self._waiting) < self._ahead() // 2)

    def _may_be_lost(self, delivery: Delivery) -> bool:
        """Whether this process has been so silent, stopped perhaps, that another may have it: that one runs it."""
        return time.monotonic() - max(delivery.since, self._renewed_at) > self._silence

    def _ahead(self) -> int:
        return min(MOST_AHEAD, int(self._threads * AHEAD / max(self._pace, 1e-5)))

    def _fetch(self) -> list[Delivery]:
        if not self._joined:
            self._deliveries.join(self._tasks.limits())
            found = self._deliveries.own(self.queues)
            self._joined = True
            if found:
                return found
        done = self.ends.take()
        with self._changed:
            busy = len(self._waiting)
            wanted = max(0, self._idle + 1 + self._ahead() - busy)
        self._turns += 1
        try:
            ended, found = self._deliveries.turn(done, order(self._turns, self.queues), wanted)
        except BaseException:
            self.ends.take_back(done)
            raise
        self.ends.told(done, ended)
        self._more = len(found) >= wanted > 0
        if found or busy or self._stopped.is_set():
            return found
        return self._wait()

    def _wait(self) -> list[Delivery]:
        queues = [queue for queue in self.queues if queue not in self._deliveries.paused]
        if not queues:
            self._stopped.wait(BLOCK_MS / 1000)
            return []
        # What must not be handed to two is confirmed; for the others that would be half of their latency. As the last
        # one was, the next is likely to be: a guess that fails costs a round trip.
        found = self._deliveries.wait(queues, BLOCK_MS, confirmed=not self._quick)
        if found:
            guessed, self._quick = self._quick, all(self._tasks.is_quick(name_in(item.text)) for item in found)
            if guessed and not self._quick:
                self._deliveries.confirm()
        return found

    def _accept(self, deliveries: Iterable[Delivery]) -> int:
        accepted = 0
        for delivery in deliveries:
            place = (delivery.queue, delivery.entry)
            if place not in self._known:  # else it is here already
                self._known.add(place)
                self._waiting.append(delivery)
                accepted += 1
        return accepted

    def _pause(self, error: Exception) -> None:
        self._joined = False  # the group may be gone with what a failover lost, and a reply may have been
        self._failures += 1
        pause = jittered(self._failures, base=PAUSE_BASE, cap=PAUSE_CAP)
        trace = not isinstance(error, RedisError)
        log.warning("worker.turn_failed", error=str(error), again_in=round(pause, 2), exc_info=trace)
        self._stopped.wait(pause)
