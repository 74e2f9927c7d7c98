"""Server-sent events: a stream of text that browsers open again by themselves, with the last id they saw.

Source of the format: https://html.spec.whatwg.org/multipage/server-sent-events.html.
"""

from __future__ import annotations

import json
import random
import time
from typing import TYPE_CHECKING, Final

from flask import Response
from werkzeug.exceptions import BadRequest

from app.events.listener import GONE, LIFETIME, POLICY, SESSION
from app.events.log import is_id
from app.ops import metrics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from app.events.hub import Hub
    from app.events.listener import Listener
    from app.events.log import Event, Reading

HEARTBEAT: Final = 15.0
AGE: Final = 3600.0
RETRY_MS: Final = 1000


def checked(last_event_id: str | None) -> str | None:
    """A client's place, or None when it sent none.

    Raises:
        BadRequest: it is no id of ours.
    """
    if last_event_id and not is_id(last_event_id):
        raise BadRequest(f"Last-Event-ID {last_event_id[:40]!r} is not an id of this server, such as 1700000000000-0")
    return last_event_id or None


def sse_response(hub: Hub, listener: Listener, last_event_id: str | None) -> Response:
    """An event stream for a listener.

    Besides the events it carries ``haven.gap`` (events after the client's place are no longer kept: read the state
    anew) and ``haven.end`` with the reason, after which the browser comes back by itself; after the end of the session
    it gets 401 and stays away.

    Args:
        hub: of this process.
        listener: the client.
        last_event_id: where it stopped; None or empty: from now on.

    Raises:
        BadRequest: the id is not one of ours.
        ServiceUnavailable: too many streams are open.
        StoreError: Redis did not answer.
    """
    after = checked(last_event_id)
    stream = _stream(hub, listener, after, hub.join(listener, after))
    next(stream)  # from here on the generator's end removes the listener, and so does an error
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Response(stream, mimetype="text/event-stream", headers=headers)


def _stream(hub: Hub, listener: Listener, after: str | None, missed: Reading) -> Iterator[bytes]:
    try:
        yield b""  # started: see sse_response
        # before the first event, so that coming back works always; after a gap, the place must not pass what follows it
        place = missed.newest if after is None or (missed.gaps and not missed.events) else after
        yield f"retry: {RETRY_MS}\nid: {place}\n\n".encode()
        if missed.gaps:
            body = {"channels": missed.gaps, "after": after, "detail": "older events are gone: read the state anew"}
            yield _frame("haven.gap", body)
        if missed.events:
            yield _told(missed.events)
        yield from _live(listener)
    finally:
        hub.remove(listener, GONE)


def _live(listener: Listener) -> Iterator[bytes]:
    end = time.monotonic() + AGE * random.uniform(0.9, 1.1)  # noqa: S311 - so that not all come back together
    while listener.ended is None:
        yield _told(listener.take(HEARTBEAT)) or b": still here\n\n"
        if time.monotonic() > end:
            listener.end(LIFETIME)
    yield _frame("haven.end", {"reason": listener.ended, "again": listener.ended not in {SESSION, POLICY}})


def _told(events: list[Event]) -> bytes:
    metrics.EVENTS_DELIVERED.labels("sse").inc(len(events))
    return b"".join(event.as_sse for event in events)


def _frame(kind: str, body: Mapping[str, object]) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(body, separators=(',', ':'))}\n\n".encode()
