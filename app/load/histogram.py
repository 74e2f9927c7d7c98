"""How long many things took, in little memory."""

from __future__ import annotations

import math
from typing import Final

ERROR: Final = 0.01
"""How far a percentile may be from the true one, as a share of it."""
SHORTEST: Final = 0.0001
"""Seconds; whatever is shorter counts as this."""
LONGEST: Final = 3600.0
"""Seconds; whatever is longer counts as this, in percentiles."""
# A bucket reaches from x to x * _GROWTH; its middle below is off by the error at both ends.
_GROWTH: Final = (1 + ERROR) / (1 - ERROR)
_LAST: Final = math.ceil(math.log(LONGEST / SHORTEST, _GROWTH))


class Histogram:
    """Durations in buckets that grow by 2 %: any number of them takes the memory of 871 counters, 7 KB.

    Not safe for threads: its owner has a lock.
    """

    def __init__(self) -> None:
        self._buckets = [0] * (_LAST + 1)
        self.count = 0
        self.longest = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration."""
        place = math.floor(math.log(min(max(seconds, SHORTEST), LONGEST) / SHORTEST, _GROWTH))
        self._buckets[min(place, _LAST)] += 1
        self.count += 1
        self.longest = max(self.longest, seconds)

    def merge(self, other: Histogram) -> None:
        """Add all of another's."""
        self._buckets = [mine + theirs for mine, theirs in zip(self._buckets, other._buckets, strict=True)]
        self.count += other.count
        self.longest = max(self.longest, other.longest)

    def percentile(self, percent: float) -> float | None:
        """The duration that so many percent did not exceed, 1 % off at most; None of nothing.

        Args:
            percent: above 0, to 100.
        """
        wanted = max(1, math.ceil(self.count * percent / 100))
        for place, count in enumerate(self._buckets):
            wanted -= count
            if count and wanted <= 0:
                start = SHORTEST * _GROWTH**place
                return min(start * (1 + ERROR), self.longest)
        return None
