"""A circuit breaker: after a deadline's worth of failures, fail fast and let one probe through.

While Redis is away, waiting requests would hold every thread of the process. Each may wait for its own deadline once;
after that, waiting more has been shown to be useless, and the rest fail at once until a probe succeeds.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FORGET_AFTER = 2.0  # seconds without any attempt after which earlier failures say nothing about now
PROBE_INTERVAL = 0.25


class Breaker:
    """Counts how long every attempt has failed.

    Args:
        patience: seconds of nothing but failures after which it opens.
        on_change: called with True when it opens, False when it closes.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        patience: float,
        on_change: Callable[[bool], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.patience = patience
        self._on_change = on_change
        self._clock = clock
        self._lock = threading.Lock()
        self._failing_since: float | None = None
        self._last_failure = 0.0
        self._next_probe = 0.0
        self.is_open = False

    def admits(self) -> bool:
        """Whether an operation may try now; while open, one per probe interval may."""
        if not self.is_open:
            return True
        with self._lock:
            now = self._clock()
            if not self.is_open:
                return True
            if now < self._next_probe:
                return False
            self._next_probe = now + PROBE_INTERVAL
            return True

    def succeeded(self) -> None:
        """An attempt reached a primary: close."""
        if self._failing_since is None:
            return
        with self._lock:
            self._failing_since = None
            changed, self.is_open = self.is_open, False
        if changed:
            self._on_change(False)

    def failed(self) -> None:
        """An attempt did not reach a primary: open when that has been so for the whole patience."""
        with self._lock:
            now = self._clock()
            if self._failing_since is None or now - self._last_failure > FORGET_AFTER:
                self._failing_since = now
            self._last_failure = now
            changed = not self.is_open and now - self._failing_since >= self.patience
            if changed:
                self.is_open = True
                self._next_probe = now + PROBE_INTERVAL
        if changed:
            self._on_change(True)
