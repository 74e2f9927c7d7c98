"""Events as they lie in the logs, and how a reader goes on where it stopped.

Every event has one id over all channels, given by the stream that holds all of them; a channel's own log keeps the same
id. So a reader's place is one id, whatever it listens to, and nothing is missed between two readings.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from app.store import Store, keys

if TYPE_CHECKING:
    from collections.abc import Iterable

_log = structlog.get_logger(__name__)

_ID = re.compile(r"[0-9]{1,20}-[0-9]{1,20}")
REPLAY = 1000


@dataclass(frozen=True, slots=True)
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


def is_id(text: str) -> bool:
    """Whether this is an event's id: two numbers of 64 bits. Redis answers with an error to anything else."""
    return _ID.fullmatch(text) is not None and all(int(part) < 1 << 64 for part in text.split("-"))


def order(event_id: str) -> tuple[int, int]:
    """An id as something that can be compared."""
    time, _, sequence = event_id.partition("-")
    return int(time), int(sequence or 0)


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
    newest = store.redis.xrevrange(keys.event_log("all"), count=1)
    return str(newest[0][0]) if newest else "0-0"


def replay(store: Store, channels: Iterable[str], after: str) -> list[Event]:
    """What was published in the channels after an id, in order; at most the last of each channel's log."""
    with store.redis.pipeline(transaction=False) as pipeline:
        for channel in channels:
            pipeline.xrange(keys.event_log(channel), f"({after}", count=REPLAY)
        events = [event for entries in pipeline.execute() for event in parse(entries)]
    return sorted(events, key=lambda event: order(event.id))
