"""What became of the visitors."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from app.load.histogram import Histogram

if TYPE_CHECKING:
    from collections.abc import Iterable

TOTAL: Final = "total"
SHOWN: Final = (50, 95, 99)
"""The percentiles that people see."""
_REASONS: Final = 50
_OTHER: Final = "other reasons"


@dataclass(slots=True)
class Tally:
    """What became of those on one journey, or of all.

    Attributes:
        sent: journeys that were begun.
        answered: those that went well.
        failed: those with an error, or without an answer.
        limited: those that a rate limit refused (429): as it should be, so no failure.
        dropped: visitors who came when as many as may were under way: nothing was sent for them.
        waited: how long the answered and the failed took, from when they were due.
    """

    sent: int = 0
    answered: int = 0
    failed: int = 0
    limited: int = 0
    dropped: int = 0
    waited: Histogram = field(default_factory=Histogram)

    @property
    def came(self) -> int:
        """All visitors."""
        return self.sent + self.dropped

    @property
    def running(self) -> int:
        """Journeys that have not ended."""
        return self.sent - self.answered - self.failed - self.limited

    def merge(self, other: Tally) -> None:
        """Add another's."""
        self.sent += other.sent
        self.answered += other.answered
        self.failed += other.failed
        self.limited += other.limited
        self.dropped += other.dropped
        self.waited.merge(other.waited)

    def as_json(self, seconds: float) -> dict[str, Any]:
        """The figures, durations in milliseconds."""
        percentiles = {f"p{percent}_ms": _milliseconds(self.waited.percentile(percent)) for percent in (*SHOWN, 99.9)}
        return {
            "sent": self.sent,
            "per_second": round(self.sent / seconds, 3) if seconds else 0.0,
            "answered": self.answered,
            "failed": self.failed,
            "limited": self.limited,
            "dropped": self.dropped,
            "unfinished": self.running,
            **percentiles,
            "max_ms": _milliseconds(self.waited.longest if self.waited.count else None),
        }


class Book:
    """The tallies of all journeys; safe for threads.

    Args:
        journeys: their names.
    """

    def __init__(self, journeys: Iterable[str]) -> None:
        self._lock = threading.Lock()
        self._tallies = {journey: Tally() for journey in journeys}
        self._reasons: Counter[str] = Counter()

    def send(self, journey: str) -> None:
        """One begins."""
        with self._lock:
            self._tallies[journey].sent += 1

    def drop(self, journey: str) -> None:
        """One came too many."""
        with self._lock:
            self._tallies[journey].dropped += 1

    def answer(self, journey: str, seconds: float) -> None:
        """One went well."""
        with self._lock:
            tally = self._tallies[journey]
            tally.answered += 1
            tally.waited.add(seconds)

    def limit(self, journey: str) -> None:
        """One was refused by a rate limit."""
        with self._lock:
            self._tallies[journey].limited += 1

    def fail(self, journey: str, seconds: float, reason: str) -> None:
        """One went wrong."""
        with self._lock:
            tally = self._tallies[journey]
            tally.failed += 1
            tally.waited.add(seconds)
            self._reasons[reason if reason in self._reasons or len(self._reasons) < _REASONS else _OTHER] += 1

    def read(self) -> dict[str, Tally]:
        """A copy of every journey's tally, and the sum of all under ``total``, which comes last."""
        copies, total = {}, Tally()
        with self._lock:
            for journey, tally in self._tallies.items():
                copies[journey] = Tally()
                copies[journey].merge(tally)
                total.merge(tally)
        return copies | {TOTAL: total}

    def reasons(self) -> list[tuple[str, int]]:
        """Why journeys failed, the most frequent first."""
        with self._lock:
            return self._reasons.most_common()


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)
