"""What ran, as the tasks wrote it down themselves, and what was promised, as the producer wrote it down."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NUMBERED = "task-"


class Audit:
    """Runs of numbered tasks.

    Args:
        file: a line per run: name, monotonic nanoseconds, process.
    """

    def __init__(self, file: Path) -> None:
        self.runs: dict[str, list[float]] = {}
        for line in file.read_text().splitlines():
            name, moment, _ = line.split()
            if name.startswith(NUMBERED):
                self.runs.setdefault(name, []).append(int(moment) / 1e9)

    @property
    def twice(self) -> dict[str, list[float]]:
        """Those that ran more than once, and when."""
        return {name: sorted(moments) for name, moments in self.runs.items() if len(moments) > 1}

    @property
    def last(self) -> float:
        """When the last of them ran for the first time."""
        return max((min(moments) for moments in self.runs.values()), default=0.0)

    def resumed(self, since: float) -> float | None:
        """Seconds from a fault to the run that ended the longest silence after it; None when none did."""
        moments = sorted(moment for moments in self.runs.values() for moment in moments)
        silences = [(after - before, after) for before, after in pairwise(moments) if after > since]
        return max(silences)[1] - since if silences else None


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the producer.

    Attributes:
        task: which task.
        seconds: how long the call took.
        error: what it raised; empty if the task was taken in.
    """

    task: str
    seconds: float
    error: str


def calls(journal: Path) -> list[Call]:
    """The calls that came back."""
    if not journal.exists():
        return []
    lines = journal.read_text().splitlines(keepends=True)
    return [Call(*json.loads(line)) for line in lines if line.endswith("\n")]
