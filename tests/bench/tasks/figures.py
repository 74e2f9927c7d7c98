"""What was measured of a contestant: rates beside the reference's of the same moment, waits, memory."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import Any

RATES = ("enqueue", "bulk", "noop", "pause")
HUNDREDTH = 0.99


@dataclass
class Figures:
    """One row.

    Attributes:
        rates: per metric, one of each round.
        ratios: to the reference in the same round.
        own_bulk: whether the library has a bulk way of its own.
        waits: milliseconds of single tasks.
        memory: megabytes of 100,000 waiting tasks.
        failed: why there is no more; empty if it went well.
    """

    rates: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in RATES})
    ratios: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in RATES})
    own_bulk: bool = True
    waits: list[float] = field(default_factory=list)
    memory: float | None = None
    failed: str = ""

    def add(self, metric: str, rate: float, reference: float) -> None:
        """Book a round."""
        self.rates[metric].append(rate)
        self.ratios[metric].append(rate / reference)

    def rate(self, metric: str) -> float | None:
        """The median rate; None when it was not measured."""
        return statistics.median(self.rates[metric]) if self.rates[metric] else None

    def ratio(self, metric: str) -> float | None:
        """The median of the ratios to the reference; None when it was not measured."""
        return statistics.median(self.ratios[metric]) if self.ratios[metric] else None

    def wait(self, share: float = 0.5) -> float | None:
        """The wait that this share of the samples did not exceed; None when it was not measured."""
        if not self.waits:
            return None
        return sorted(self.waits)[min(len(self.waits) - 1, int(share * len(self.waits)))]

    def summary(self) -> dict[str, Any]:
        """For a file."""
        return {
            "rates": self.rates,
            "ratios": self.ratios,
            "own_bulk": self.own_bulk,
            "p50_ms": self.wait(),
            "p99_ms": self.wait(HUNDREDTH),
            "waits_ms": self.waits,
            "memory_mb_per_100k": self.memory,
            "failed": self.failed,
        }
