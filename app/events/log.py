"""Events as they lie in the logs, and how a reader goes on where it stopped.

Every event has one id over all channels, given by the stream that holds all of them; a channel's own log keeps the same
id. So a reader's place is one id, whatever it listens to, and nothing is missed between two readings.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.store import Store, keys

if TYPE_CHECKING:
    from collections.abc import Iterable

ID = re.compile(r"\d{1,20}-\d{1,20}")
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


def order(event_id: str) -> tuple[int, int]:
    """An id as something that can be compared."""
    time, _, sequence = event_id.partition("-")
    return int(time), int(sequence or 0)


def parse(entry: tuple[str, dict[str, str]]) -> Event:
    """A stream entry as an event."""
    event_id, fields = entry
    return Event(event_id, fields["channel"], fields["kind"], json.loads(fields["data"]))


def last_id(store: Store) -> str:
    """The id of the newest event there ever was; ``0-0`` before the first."""
    newest = store.redis.xrevrange(keys.event_log("all"), count=1)
    return str(newest[0][0]) if newest else "0-0"


def replay(store: Store, channels: Iterable[str], after: str) -> list[Event]:
    """What was published in the channels after an id, in order; at most the last of each channel's log."""
    with store.redis.pipeline(transaction=False) as pipeline:
        for channel in channels:
            pipeline.xrange(keys.event_log(channel), f"({after}", count=REPLAY)
        entries = [entry for log in pipeline.execute() for entry in log]
    return sorted(map(parse, entries), key=lambda event: order(event.id))
