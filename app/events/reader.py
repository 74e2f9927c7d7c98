"""Reads the log of all events from a place on, for ever: no Redis error ends it."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING, Any

import structlog
from redis.exceptions import RedisError

from app.errors import StoreError
from app.events.log import Event, last_id, order, parse
from app.store import Store, keys

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger(__name__)

BLOCK_MS = 2000
BATCH = 200
PAUSE_CAP = 2.0


class Reader:
    """Hands every new event to a function, in order.

    Args:
        store: where the log is.
        handle: gets the events of one reading; what it raises ends the reader.
        turned: called after every reading that succeeded, with an empty list of events too.
    """

    def __init__(
        self, store: Store, handle: Callable[[list[Event]], None], turned: Callable[[], None] = lambda: None
    ) -> None:
        self._store = store
        self._handle = handle
        self._turned = turned
        self._stopped = threading.Event()
        self.place: str | None = None

    def stop(self) -> None:
        """End after the reading that is under way (2 s at most)."""
        self._stopped.set()

    @property
    def stopped(self) -> bool:
        """Whether it was told to end."""
        return self._stopped.is_set()

    def run(self) -> None:
        """Read until stopped; while Redis is away, try again with jitter and go on from the same place."""
        failures = 0
        while not self._stopped.is_set():
            try:
                self._read()
                failures = 0
            except (StoreError, RedisError) as error:
                failures += 1
                pause = random.uniform(0, min(PAUSE_CAP, 0.05 * 2**failures))  # noqa: S311 - jitter, no secret
                log.warning("events.read_failed", error=str(error), again_in=round(pause, 2))
                self._stopped.wait(pause)
                self._rewind()

    def _read(self) -> None:
        if self.place is None:
            self.place = last_id(self._store)
        name = keys.event_log("all")
        reply: Any = self._store.blocking.xread({name: self.place}, count=BATCH, block=BLOCK_MS)
        entries = reply.get(name, [[]])[0] if isinstance(reply, dict) else (reply[0][1] if reply else [])
        events = [parse(entry) for entry in entries]
        if events:
            self._handle(events)
            self.place = events[-1].id
        self._turned()

    def _rewind(self) -> None:
        """Go back to the log's end if it lies before our place: a failover may have lost its last moment."""
        try:
            end = last_id(self._store)
        except (StoreError, RedisError):
            return
        if self.place is not None and order(end) < order(self.place):
            self.place = end
