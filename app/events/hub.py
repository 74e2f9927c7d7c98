"""One reader per process gives every listener its own: bounded queues, and an end with a reason for who is too slow."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from redis.exceptions import RedisError
from werkzeug.exceptions import ServiceUnavailable

from app.events.listener import BEHIND, GONE, RESTART, SESSION
from app.events.log import order, read
from app.events.reader import Reader
from app.ops import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from app.events.listener import Listener
    from app.events.log import Event, Reading
    from app.events.presence import Presence
    from app.store import Store

GLANCE: Final = 0.5
CHECK: Final = 5.0
LINGER: Final = 10.0
"""Seconds after which one that was ended and still hangs on its client's socket is cut off."""


class Hub:
    """Reads all events once per process and gives each listener its own.

    Args:
        store: where the events are.
        limit: listeners at once.
        living: says of session ids which still live; asked every few seconds.
        present: told every few seconds which users listen here, and when a user's last listener went.
    """

    def __init__(
        self,
        store: Store,
        limit: int,
        living: Callable[[Sequence[str]], Sequence[bool]] = lambda ids: [True] * len(ids),
        present: Presence | None = None,
    ) -> None:
        self.store = store
        self.limit = limit
        self.ending: Callable[[], bool] = lambda: False
        self._living = living
        self._present = present
        self._lock = threading.Lock()
        self._listeners: set[Listener] = set()
        self._by_channel: defaultdict[str, set[Listener]] = defaultdict(set)
        self._of_user: Counter[int | None] = Counter()
        self._reader: Reader | None = None
        self._next_check = 0.0

    def join(self, listener: Listener, after: str | None) -> Reading:
        """Register a listener and read what it missed.

        Args:
            listener: with its channels.
            after: where it stopped; None: from now on.

        Returns:
            What it is to be told first; what comes later waits in the listener.

        Raises:
            ServiceUnavailable: as many as allowed are here.
            StoreError: Redis did not answer; the listener is not registered.
        """
        now = read(self.store, (), None).newest
        self._add(listener, now)  # before the replay, so that nothing falls between the two
        try:
            found = read(self.store, sorted(listener.channels), after or now)
        except BaseException:
            self.remove(listener, GONE)
            raise
        # an id from the future is of a log that was lost: after it, nothing new would ever be told
        listener.begin(max(min(order(after or now), order(found.newest)), order(found.end or now)))
        if found.gaps:
            metrics.EVENT_GAPS.inc()
        return found

    def _add(self, listener: Listener, place: str) -> None:
        """The first one starts the reader, no later than its own replay begins.

        The reader ends when it finds no listener left, so that there is never more than one, however
        fast they come and go.
        """
        with self._lock:
            if len(self._listeners) >= self.limit:
                raise ServiceUnavailable(f"{self.limit} event streams are open here: try again soon", retry_after=2)
            self._listeners.add(listener)
            self._of_user[listener.user_id] += 1
            self._index(listener, listener.channels)
            metrics.EVENT_STREAMS.labels(listener.kind).inc()
            if self._reader is None:
                self._reader = Reader(
                    self.store, self._fan_out, turning=self._end_if_alone, skipped=lambda: self._end_all(BEHIND)
                )
                self._reader.place = place
                threading.Thread(target=self._reader.run, name="haven-events", daemon=True).start()
                threading.Thread(target=self._keep, args=(self._reader,), name="haven-keeper", daemon=True).start()
        if self._present and listener.user_id is not None:
            self._present.came(listener.user_id)

    def hear(self, listener: Listener, channels: Iterable[str]) -> None:
        """Let a registered listener hear these channels and no others, from now on."""
        wanted = frozenset(channels)
        with self._lock:
            if listener in self._listeners:
                self._forget(listener, listener.channels - wanted)
                self._index(listener, wanted - listener.channels)
            listener.channels = wanted

    def remove(self, listener: Listener, reason: str) -> None:
        """Forget a listener."""
        with self._lock:
            if listener not in self._listeners:
                return
            self._listeners.discard(listener)
            self._forget(listener, listener.channels)
            self._of_user[listener.user_id] -= 1
            last = not self._of_user[listener.user_id]
            if last:
                del self._of_user[listener.user_id]
            metrics.EVENT_STREAMS.labels(listener.kind).dec()
        metrics.EVENT_ENDS.labels(listener.ended or reason).inc()
        if self._present and last and listener.user_id is not None:
            self._present.went(listener.user_id)

    def _index(self, listener: Listener, channels: Iterable[str]) -> None:
        for channel in channels:
            self._by_channel[channel].add(listener)

    def _forget(self, listener: Listener, channels: Iterable[str]) -> None:
        for channel in channels:
            self._by_channel[channel].discard(listener)
            if not self._by_channel[channel]:
                del self._by_channel[channel]

    def _fan_out(self, events: list[Event]) -> None:
        for event in events:
            with self._lock:
                listeners = list(self._by_channel.get(event.channel, ()))
            for listener in listeners:
                listener.offer(event)

    def _end_all(self, reason: str) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener.end(reason)

    def _end_if_alone(self) -> None:
        with self._lock:
            if not self._listeners and self._reader is not None:
                self._reader.stop()
                self._reader = None

    def _keep(self, reader: Reader) -> None:
        """Look after the listeners for as long as this reader serves them."""
        while self._reader is reader:
            time.sleep(GLANCE)
            if self.ending():
                self._end_all(RESTART)
            now = time.monotonic()
            with self._lock:
                listeners = list(self._listeners)
            for listener in listeners:
                if listener.ended is not None and now > listener.ended_at + LINGER:
                    listener.cut()
            if now >= self._next_check:
                self._next_check = now + CHECK
                with suppress(RedisError):  # while Redis is away nobody is sent away
                    self._check(listeners)

    def _check(self, listeners: list[Listener]) -> None:
        if self._present:
            self._present.refresh({listener.user_id for listener in listeners if listener.user_id is not None})
        ids = sorted({listener.session_id for listener in listeners if listener.session_id is not None})
        living = dict(zip(ids, self._living(ids), strict=True)) if ids else {}
        for listener in listeners:
            if listener.session_id is not None and not living[listener.session_id]:
                listener.end(SESSION)
