"""Events as they lie in the logs, and how a reader goes on where it stopped.

Every event has one id over all channels, given by the stream that holds all of them; a channel's own log keeps the same
id. So a reader's place is one id, whatever it listens to, and nothing is missed between two readings.

What is read is confirmed by a replica before it is told to anyone (``store.confirmation``): an event that a failover
loses is published again under another id, and whoever had seen it already would see it twice.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import structlog

from app.store import Store, keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_log = structlog.get_logger(__name__)

KEPT_IN_ALL: Final = 10_000
KEPT_PER_CHANNEL: Final = 200
LIFE_MS: Final = 86_400_000
"""A channel's log is forgotten after so long without an event."""
MOST: Final = 1000
"""More than a channel's log keeps."""
ALL: Final = "all"
"""The log of every channel."""
NEVER: Final = "0-0"
"""Before the first event."""
_ID = re.compile(r"[0-9]{1,20}-[0-9]{1,20}")


@dataclass(frozen=True)
class Event:
    """One event.

    Attributes:
        id: grows over all channels.
        channel: ``broadcast``, ``user:<id>`` or one of your own.
        kind: what happened, such as ``product.updated``.
        data: the event itself.
    """

    id: str
    channel: str
    kind: str
    data: dict[str, Any]

    @cached_property
    def place(self) -> tuple[int, int]:
        """The id as something that can be compared."""
        return order(self.id)

    @cached_property
    def as_sse(self) -> bytes:
        """As ``text/event-stream`` has it; made once, however many clients get it."""
        body = json.dumps({"channel": self.channel, **self.data}, separators=(",", ":"))
        return f"id: {self.id}\nevent: {self.kind}\ndata: {body}\n\n".encode()

    @cached_property
    def as_message(self) -> str:
        """As the WebSocket has it; made once, too."""
        fields = {"type": "event", "id": self.id, "channel": self.channel, "kind": self.kind, "data": self.data}
        return json.dumps(fields, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found after a place.

    Attributes:
        newest: the id of the newest event of all; NEVER before the first.
        events: in order.
        end: the id of the last entry, also if that was none of ours; None if there was nothing.
        gaps: the channels of which events after the place are no longer kept.
    """

    newest: str
    events: list[Event]
    end: str | None
    gaps: list[str]


def is_id(text: str) -> bool:
    """Whether this is an event's id: two numbers of 64 bits. Redis answers with an error to anything else."""
    return _ID.fullmatch(text) is not None and all(int(part) < 1 << 64 for part in text.split("-"))


def order(event_id: str) -> tuple[int, int]:
    """An id as something that can be compared."""
    moment, _, sequence = event_id.partition("-")
    return int(moment), int(sequence or 0)


def read(
    store: Store, channels: Sequence[str], after: str | None, most: int = MOST, *, confirmed: bool = True
) -> Reading:
    """What was published in the channels after an id.

    Args:
        store: where the logs are.
        channels: whose events; ``all`` for those of every channel.
        after: the place; None to ask for the newest id only.
        most: entries per channel; the first ones.
        confirmed: whether a replica must have what is told.

    Raises:
        StoreError: Redis did not answer, or no replica confirmed.
    """
    names = [keys.event_log(ALL), *map(keys.event_log, channels)]
    newest, *logs = store.run("event_read", names, (after or "", most), repeatable=True, durable=confirmed)
    events, gaps, end = [], [], NEVER
    for channel, entries in zip(channels, logs, strict=True):
        parsed = [(entry_id, dict(zip(fields[::2], fields[1::2], strict=True))) for entry_id, fields in entries]
        if after and _is_gap(channel, after, newest, parsed):
            gaps.append(channel)
        events += parse(parsed)
        if parsed:
            end = max(end, parsed[-1][0], key=order)
    events.sort(key=lambda event: event.place)
    return Reading(newest, events, end if end != NEVER else None, gaps)


def _is_gap(channel: str, after: str, newest: str, entries: Sequence[tuple[str, dict[str, str]]]) -> bool:
    """Whether something after the place is no longer there: each entry names the one before it."""
    place = order(after)
    if place > order(newest):  # the place is in a log that was lost
        return True
    before = entries[0][1].get("after", after) if entries else NEVER
    if before != NEVER:
        return is_id(before) and order(before) > place
    forgotten = time.time() * 1000 - LIFE_MS
    return channel != ALL and after != NEVER and place[0] < forgotten


def parse(entries: Iterable[tuple[str, dict[str, str]]]) -> list[Event]:
    """Stream entries as events; one that is none is left out, or every reader would stumble over it for ever."""
    events = []
    for event_id, fields in entries:
        try:
            event = Event(event_id, fields["channel"], fields["kind"], dict(json.loads(fields["data"])))
        except (KeyError, TypeError, ValueError):
            _log.warning("event.unreadable", event_id=event_id)
        else:
            events.append(event)
    return events


def last_id(store: Store) -> str:
    """The id of the newest event there ever was; ``0-0`` before the first."""
    return read(store, (), None).newest
