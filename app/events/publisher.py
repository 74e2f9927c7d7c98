"""Publishes events: one script writes the logs and wakes the listeners."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any, Final

from app.events.log import ALL, KEPT_IN_ALL, KEPT_PER_CHANNEL, LIFE_MS
from app.ops import metrics
from app.store import Store, keys

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES = 64 * 1024
MAX_NAME = 200
RESERVED: Final = "haven."
"""Kinds that begin so tell a client about its stream."""


class Publisher:
    """Publishes events.

    Args:
        store: where the logs are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def publish(self, channel: str, kind: str, data: Mapping[str, Any]) -> str:
        """Publish an event, and return its id.

        Args:
            channel: ``broadcast``, ``user:<id>`` or one of your own; ``all`` is taken.
            kind: what happened, in one line.
            data: JSON, at most 64 KiB.

        Raises:
            ValueError: the data is too large, or a name can't be used.
            StoreError: it is not certain that it was published; publishing again would be another event.
        """
        if channel == ALL:
            raise ValueError("the channel 'all' is the log of every channel: publish to another one")
        for name, value in (("channel", channel), ("kind", kind)):
            if not 0 < len(value) <= MAX_NAME or not value.isprintable():
                raise ValueError(f"{name} {value[:40]!r} is not 1 to {MAX_NAME} characters in one line")
        if kind.startswith(RESERVED):
            raise ValueError(f"kind {kind[:40]!r}: those that begin with {RESERVED!r} tell of the stream itself")
        text = json.dumps(dict(data), separators=(",", ":"))
        if len(text) > MAX_BYTES:
            raise ValueError(f"event {kind!r} has {len(text)} bytes of data, at most {MAX_BYTES} are taken: send an id")
        names = [keys.event_log(ALL), keys.event_log(channel), keys.event_mark(secrets.token_hex(8))]
        args = (channel, keys.channel(channel), kind, text, KEPT_IN_ALL, KEPT_PER_CHANNEL, LIFE_MS)
        event_id: str = self._store.run("event_publish", names, args, repeatable=True, durable=True)
        metrics.EVENTS_PUBLISHED.labels(kind).inc()
        return event_id

    def to_user(self, user_id: int, kind: str, data: Mapping[str, Any]) -> str:
        """Publish to one user; see :meth:`publish`."""
        return self.publish(f"user:{user_id}", kind, data)

    def broadcast(self, kind: str, data: Mapping[str, Any]) -> str:
        """Publish to everyone; see :meth:`publish`."""
        return self.publish(keys.BROADCAST, kind, data)
