"""The subscriber process: gives every event to the handlers whose pattern fits its channel.

It keeps its place in Redis, so that a restart or a failover misses nothing; an event may come twice after a crash.
"""

from __future__ import annotations

import fnmatch
import os
from typing import TYPE_CHECKING, Any

import structlog

from app.events.reader import Reader
from app.ops import metrics
from app.store import Store, keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.events.log import Event
    from app.ops.heart import Heart

    Handler = Callable[[Event], None]

log = structlog.get_logger(__name__)

_handlers: list[tuple[str, Handler]] = []


def on(pattern: str) -> Callable[[Handler], Handler]:
    """Register a handler for channels: ``broadcast``, ``user:*``, or one of your own."""

    def register(handler: Handler) -> Handler:
        _handlers.append((pattern, handler))
        return handler

    return register


class Subscriber:
    """Runs the handlers.

    Args:
        store: where the events are.
        name: subscribers of one name share a place; one process per name.
        heart: beats after every reading that succeeded.
        handlers: pattern and function; those registered with :func:`on` by default.
    """

    def __init__(
        self, store: Store, heart: Heart, name: str = "subscriber", handlers: list[tuple[str, Handler]] | None = None
    ) -> None:
        self._store = store
        self._key = keys.event_cursor(name)
        self._handlers = _handlers if handlers is None else handlers
        self._heart = heart
        self._saved: str | None = None
        self._reader = Reader(store, self._handle, begin=self._begin, turning=heart.turn, turned=self._turned)

    def run(self) -> None:
        """Handle events until stopped."""
        log.info("subscriber.started", pid=os.getpid(), patterns=[pattern for pattern, _ in self._handlers])
        self._reader.run()
        log.info("subscriber.stopped", place=self._reader.place)

    def stop(self) -> None:
        """End soon."""
        self._reader.stop()

    def _begin(self) -> str:
        place: Any = self._store.redis.get(self._key)
        return str(place or "0-0")

    def _handle(self, events: list[Event]) -> None:
        for event in events:
            for pattern, handler in self._handlers:
                if fnmatch.fnmatchcase(event.channel, pattern):
                    self._give(handler, event)
            self._heart.turn()

    def _turned(self) -> None:
        # apart from the handling: when the place can't be saved, the events are not handled again for it
        place = self._reader.place
        if place is not None and place != self._saved:
            self._store.redis.set(self._key, place)
            self._saved = place
        self._heart.beat()

    @staticmethod
    def _give(handler: Handler, event: Event) -> None:
        try:
            handler(event)
            metrics.EVENTS_DELIVERED.labels("handler").inc()
        except Exception:
            # one bad event or handler must not stop the others
            log.exception("subscriber.handler_failed", handler=repr(handler), event_id=event.id, kind=event.kind)
