"""One thing that clients do again and again: how often it went well, how long it took, and how long it did not."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.drill.probe.telling import Teller

SLOT: Final = 0.25
"""Seconds that one point of the picture stands for."""
AGAIN: Final = 5.0
"""Seconds until another error is told of: every one is counted, but some fail by the hundred."""
NOTICED: Final = 0.3
"""A silence of so many seconds beyond what is usual is told of."""


class Track:
    """Counts outcomes; safe in threads.

    Args:
        name: writes, requests, tasks or events.
        usual: seconds between two good outcomes when all is well.
        teller: told of silences that are over, and of the first error after something good.
        clock: seconds since 1970.
    """

    def __init__(self, name: str, usual: float, teller: Teller, clock: Callable[[], float] = time.time) -> None:
        self.name = name
        self._usual = usual
        self._teller = teller
        self._clock = clock
        self._lock = threading.Lock()
        self._slots: dict[int, list[float]] = {}
        self._told = float("-inf")
        self.good = 0
        self.bad = 0
        self.longest = 0.0
        self.gap = 0.0
        self.last: float | None = None

    def well(self, took: float = 0.0) -> None:
        """It went well, after so many seconds."""
        now = self._clock()
        with self._lock:
            silent = now - self.last if self.last is not None else 0.0
            told = self.last is not None and silent > self._usual + NOTICED
            self._count(now, took, 0)
            self.good += 1
            self.gap = max(self.gap, silent)
            self.last = now
        if told:
            self._teller.moment(self.name, "good again", f"after {silent:.2f} s without", now)

    def badly(self, took: float, why: str) -> None:
        """It went badly, after so many seconds."""
        now = self._clock()
        with self._lock:
            tell = now - self._told > AGAIN
            self._told = now if tell else self._told
            self._count(now, took, 1)
            self.bad += 1
        if tell:
            self._teller.moment(self.name, "failed", why, now)

    def _count(self, now: float, took: float, bad: int) -> None:
        slot = self._slots.setdefault(int(now / SLOT), [0, 0, 0.0])
        slot[bad] += 1
        slot[2] = max(slot[2], took)
        self.longest = max(self.longest, took)

    def beat(self) -> dict[str, Any]:
        """How it stands; the slots since the last time: when, how many good, how many bad, the longest."""
        now = self._clock()
        with self._lock:
            slots, self._slots = self._slots, {}
            return {
                "good": self.good,
                "bad": self.bad,
                "silent": round(now - self.last, 3) if self.last is not None else None,
                "slots": [
                    [round(place * SLOT, 2), int(good), int(bad), round(longest, 4)]
                    for place, (good, bad, longest) in sorted(slots.items())
                ],
            }

    def final_gap(self, now: float) -> float:
        """The longest silence, the present one included."""
        return max(self.gap, now - self.last) if self.last is not None else float("inf")
