"""Server-sent events: one reader per process fans out to bounded queues; who comes back goes on where it stopped.

Source of the format: https://html.spec.whatwg.org/multipage/server-sent-events.html. A stream holds a thread of the web
server, so their number is bounded; a client that reads too slowly is ended and resumes by its Last-Event-ID.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from typing import TYPE_CHECKING

from flask import Response, current_app
from werkzeug.exceptions import BadRequest, ServiceUnavailable

from app.events.log import Event, is_id, last_id, order, replay
from app.events.reader import Reader
from app.ops import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.store import Store

QUEUE = 500  # more than one reading brings at once, or a burst would end clients that are quick enough
HEARTBEAT = 15.0
GLANCE = 0.5  # how often a quiet stream looks whether the process is ending
LIFETIME = 3600.0


class Listener:
    """One client's queue.

    Args:
        channels: what it hears.
    """

    def __init__(self, channels: list[str]) -> None:
        self.channels = frozenset(channels)
        self.queue: queue.Queue[Event] = queue.Queue(QUEUE)
        self.overflowed = False

    def offer(self, event: Event) -> None:
        """Put an event in, or mark the listener as too slow."""
        try:
            self.queue.put_nowait(event)
        except queue.Full:
            self.overflowed = True
            metrics.EVENTS_DROPPED.inc()


class Hub:
    """Reads all events once per process and gives each listener its own.

    Args:
        store: where the events are.
        limit: streams open at once.
    """

    def __init__(self, store: Store, limit: int) -> None:
        self.store = store
        self.limit = limit
        self.ending: Callable[[], bool] = lambda: False
        self._listeners: set[Listener] = set()
        self._lock = threading.Lock()
        self._reader: Reader | None = None

    def add(self, listener: Listener, place: str) -> None:
        """Register a listener.

        The first one starts the reader, at ``place``: no later than the listener's own replay. The reader ends when it
        finds no listener left, so that there is never more than one, however fast clients come and go.

        Raises:
            ServiceUnavailable: as many streams as allowed are open.
        """
        with self._lock:
            if len(self._listeners) >= self.limit:
                raise ServiceUnavailable(f"{self.limit} event streams are open here: try again soon", retry_after=2)
            self._listeners.add(listener)
            metrics.EVENT_STREAMS.inc()
            if self._reader is None:
                self._reader = Reader(self.store, self._fan_out, turning=self._end_if_alone)
                self._reader.place = place
                threading.Thread(target=self._reader.run, name="haven-events", daemon=True).start()

    def remove(self, listener: Listener) -> None:
        """Forget a listener."""
        with self._lock:
            self._listeners.discard(listener)
            metrics.EVENT_STREAMS.dec()

    def _end_if_alone(self) -> None:
        with self._lock:
            if not self._listeners and self._reader is not None:
                self._reader.stop()
                self._reader = None

    def _fan_out(self, events: list[Event]) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for event in events:
            for listener in listeners:
                if event.channel in listener.channels:
                    listener.offer(event)


def sse_response(channels: list[str], last_event_id: str | None) -> Response:
    """An event stream of the channels.

    Args:
        channels: what the client may hear.
        last_event_id: where it stopped; None or empty: from now on.

    Raises:
        BadRequest: the id is not one of ours.
        ServiceUnavailable: too many streams are open.
        StoreError: Redis did not answer.
    """
    hub: Hub = current_app.extensions["haven.hub"]
    if last_event_id and not is_id(last_event_id):
        raise BadRequest(f"Last-Event-ID {last_event_id[:40]!r} is not an id of this server, such as 1700000000000-0")
    listener = Listener(channels)
    now = last_id(hub.store)
    hub.add(listener, now)  # before the replay, so that nothing falls between the two
    # an id from the future is of a log that was lost: after it, nothing new would ever be told
    stream = _stream(hub, listener, min(last_event_id or now, now, key=order))
    next(stream)  # replays; from here on the generator's end removes the listener, and so does an error
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Response(stream, mimetype="text/event-stream", headers=headers)


def _stream(hub: Hub, listener: Listener, place: str) -> Iterator[str]:
    try:
        missed = replay(hub.store, listener.channels, place)
        yield ""  # started: see sse_response
        yield f"retry: 1000\nid: {place}\n\n"
        for event in missed:
            yield frame(event)
            place = event.id
        yield from _live(hub, listener, place)
    finally:
        hub.remove(listener)


def _live(hub: Hub, listener: Listener, place: str) -> Iterator[str]:
    end = time.monotonic() + LIFETIME
    quiet_since = time.monotonic()
    while not hub.ending() and not listener.overflowed and time.monotonic() < end:
        try:
            event = listener.queue.get(timeout=GLANCE)
        except queue.Empty:
            if time.monotonic() - quiet_since >= HEARTBEAT:
                quiet_since = time.monotonic()
                yield ": still here\n\n"
            continue
        if order(event.id) > order(place):  # what the replay gave already is not given again
            place = event.id
            quiet_since = time.monotonic()
            yield frame(event)


def frame(event: Event) -> str:
    """An event as text/event-stream has it."""
    metrics.EVENTS_DELIVERED.labels("stream").inc()
    body = json.dumps({"channel": event.channel, **event.data}, separators=(",", ":"))
    return f"id: {event.id}\nevent: {event.kind}\ndata: {body}\n\n"
