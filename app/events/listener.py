"""One client of the events: a bounded queue, and an end with a reason."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.events.log import Event

QUEUE: Final = 500
"""Events that wait for one client: more than one reading brings at once, or a burst would end those quick enough."""
SLOW, SESSION, BEHIND, RESTART, LIFETIME, GONE, SILENT, POLICY = ENDS = (
    *("slow", "session", "behind", "restart", "lifetime", "gone", "silent", "policy"),
)
"""Why a stream ends; after ``session`` and ``policy`` the client must not simply come back."""


class Listener:
    """One client.

    Args:
        kind: sse or websocket.
        user_id: who it is.
        session_id: by which session; the stream ends with it.
        channels: what it hears.
        cut: closes its connection, when it hangs.
    """

    def __init__(
        self,
        kind: str,
        user_id: int | None,
        session_id: str | None,
        channels: Iterable[str] = (),
        cut: Callable[[], None] = lambda: None,
    ) -> None:
        self.kind = kind
        self.user_id = user_id
        self.session_id = session_id
        self.channels = frozenset(channels)
        self.cut = cut
        self.ended: str | None = None
        self.ended_at = 0.0
        self._place = (0, 0)
        self._events: deque[Event] = deque()
        self._news = threading.Event()

    def offer(self, event: Event) -> None:
        """Put an event in, or end the listener for being too slow."""
        if self.ended is not None:
            return
        if len(self._events) >= QUEUE:
            self.end(SLOW)
            return
        self._events.append(event)
        self._news.set()

    def end(self, reason: str) -> None:
        """Let it end; only the first reason counts."""
        if self.ended is None:
            self.ended = reason
            self.ended_at = time.monotonic()
        self._news.set()

    def begin(self, place: tuple[int, int]) -> None:
        """Take only what comes after this place; what a replay gave already is not given again."""
        self._place = place

    def take(self, timeout: float) -> list[Event]:
        """What has come, in order; nothing after ``timeout`` seconds without an event, or at the end."""
        self._news.wait(timeout)
        self._news.clear()
        if self.ended == SLOW:
            return []  # what waits is given when it comes back
        found: list[Event] = []
        with suppress(IndexError):
            while True:
                event = self._events.popleft()
                if event.place > self._place:
                    found.append(event)
        if found:
            self._place = found[-1].place
        return found
