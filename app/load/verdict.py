"""What came out of a run, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from app.load.table import clock, table
from app.load.tally import TOTAL, Tally

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from app.load.objectives import Judgement

MET: Final = 0
MISSED: Final = 1
COULD_NOT_RUN: Final = 2
INTERRUPTED: Final = 130


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came out.

    Attributes:
        url: where the visitors went.
        rate: how many a second were to come.
        seconds: for how long they came.
        interrupted: whether the run ended before its time.
        tallies: what became of them, by journey and in total.
        reasons: why journeys failed, and how many.
        judgements: of each objective.
    """

    url: str
    rate: float
    seconds: float
    interrupted: bool
    tallies: Mapping[str, Tally]
    reasons: Sequence[tuple[str, int]]
    judgements: Sequence[Judgement]

    @property
    def met(self) -> bool:
        """Whether every objective was."""
        return all(judgement.met for judgement in self.judgements)

    @property
    def code(self) -> int:
        """The exit code."""
        if self.interrupted:
            return INTERRUPTED
        return MET if self.met else MISSED

    def lines(self) -> list[str]:
        """For people: the table, why journeys failed, each objective, and the verdict."""
        rates = {name: tally.came / self.seconds if self.seconds else 0.0 for name, tally in self.tallies.items()}
        unfinished = self.tallies[TOTAL].running
        return [
            *table(self.tallies, rates),
            *([f"{unfinished} were under way at the end"] if unfinished else []),
            "",
            *(f"{count:>6} x {reason}" for reason, count in self.reasons),
            *([""] if self.reasons else []),
            *(f"{'met' if each.met else 'missed':<8}{each.objective.text}: {each.said}" for each in self.judgements),
            "",
            f"{'interrupted after' if self.interrupted else 'ended after'} {clock(self.seconds)}; "
            + ("every objective is met" if self.met else "not every objective is met"),
        ]

    def write(self, path: Path) -> None:
        """For programs: one JSON document.

        Raises:
            OSError: the file can't be written.
        """
        path.write_text(json.dumps(self.as_json(), indent=2) + "\n", encoding="utf-8")

    def as_json(self) -> dict[str, Any]:
        """The document."""
        journeys = {name: tally.as_json(self.seconds) for name, tally in self.tallies.items()}
        return {
            "verdict": "met" if self.met else "missed",
            "interrupted": self.interrupted,
            "url": self.url,
            "rate": self.rate,
            "seconds": round(self.seconds, 3),
            "total": journeys.pop(TOTAL),
            "journeys": journeys,
            "objectives": [
                {
                    "objective": each.objective.text,
                    "of": each.objective.of,
                    "value": each.value,
                    "bound": each.objective.bound,
                    "met": each.met,
                }
                for each in self.judgements
            ],
            "failures": dict(self.reasons),
        }
