"""Reads the log of all events from a place on, for ever: no error ends it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import structlog
from redis.exceptions import RedisError

from app.backoff import jittered
from app.events.log import Event, last_id, order, parse
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
        handle: gets the events of one reading; when it raises, it gets them again.
        begin: says after which id to begin; by default after the newest.
        turning: called before every reading, also while Redis is away.
        turned: called after every reading that succeeded, also when there was nothing new.
    """

    def __init__(
        self,
        store: Store,
        handle: Callable[[list[Event]], None],
        *,
        begin: Callable[[], str] | None = None,
        turning: Callable[[], None] = lambda: None,
        turned: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._handle = handle
        self._begin = begin or (lambda: last_id(store))
        self._turning = turning
        self._turned = turned
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
        name = keys.event_log("all")
        reply: Any = self._store.blocking.xread({name: self.place}, count=BATCH, block=BLOCK_MS)
        entries = reply.get(name, [[]])[0] if isinstance(reply, dict) else (reply[0][1] if reply else [])
        if entries:
            self._handle(parse(entries))
            self.place = str(entries[-1][0])
        else:
            self._rewind(self.place)
        self._turned()

    def _rewind(self, place: str) -> None:
        """Go back to the log's end if it lies before our place: a failover may have lost its last moment.

        The store carries a reading through a failover, so no error says that there was one.
        """
        end = last_id(self._store)
        if order(end) < order(place):
            log.warning("events.rewound", place=place, to=end)
            self.place = end
