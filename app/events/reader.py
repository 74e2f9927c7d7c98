"""Reads the log of all events from a place on, for ever: no error ends it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError

from app.backoff import jittered
from app.events.log import ALL, Event, last_id, order, read
from app.ops import metrics
from app.store import Store, keys

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger(__name__)

BLOCK_MS = 2000
BATCH = 200
PAUSE_BASE = 0.1
PAUSE_CAP = 2.0


class Reader:
    """Hands every new event to a function, in order.

    Args:
        store: where the log is.
        handle: gets the events of one reading, which a replica has; when it raises, it gets them again.
        begin: says after which id to begin; by default after the newest.
        turning: called before every reading, also while Redis is away.
        turned: called after every reading that succeeded, also when there was nothing new.
        skipped: called when events after its place are no longer there.
    """

    def __init__(
        self,
        store: Store,
        handle: Callable[[list[Event]], None],
        *,
        begin: Callable[[], str] | None = None,
        turning: Callable[[], None] = lambda: None,
        turned: Callable[[], None] = lambda: None,
        skipped: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._handle = handle
        self._begin = begin or (lambda: last_id(store))
        self._turning = turning
        self._turned = turned
        self._skipped = skipped
        self._stopped = threading.Event()
        self.place: str | None = None

    def stop(self) -> None:
        """End after the reading that is under way (2 s at most)."""
        self._stopped.set()

    def run(self) -> None:
        """Read until stopped; while Redis is away, try again with jitter and go on from the same place."""
        failures = 0
        while True:
            self._turning()
            if self._stopped.is_set():
                return
            try:
                self._read()
                failures = 0
            except Exception as error:
                # whatever it was: a reader that ended would be a silence that nobody notices
                failures += 1
                pause = jittered(failures, base=PAUSE_BASE, cap=PAUSE_CAP)
                trace = not isinstance(error, RedisError)
                log.warning("events.read_failed", error=str(error), again_in=round(pause, 2), exc_info=trace)
                self._stopped.wait(pause)

    def _read(self) -> None:
        if self.place is None:
            self.place = self._begin()
        # wakes as soon as there is something; what there is, is read by a script whose answer a replica confirms
        if self._store.blocking.xread({keys.event_log(ALL): self.place}, count=1, block=BLOCK_MS):
            found = read(self._store, [ALL], self.place, BATCH)
            if found.gaps:
                log.warning("events.skipped", place=self.place, to=found.end)
                metrics.EVENTS_SKIPPED.inc()
                self._skipped()
            self._handle(found.events)
            self.place = found.end or self.place
        else:
            self._rewind(self.place)
        self._turned()

    def _rewind(self, place: str) -> None:
        """Go back to the log's end if it lies before our place: the data of a majority was lost.

        The store carries a reading through a failover, so no error says that there was one.
        """
        end = read(self._store, (), None, confirmed=False).newest
        if order(end) < order(place):
            log.warning("events.rewound", place=place, to=end)
            metrics.EVENTS_SKIPPED.inc()
            self.place = end
            self._skipped()
