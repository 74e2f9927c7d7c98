"""What a drill leaves for programs: the whole of it, as JSON. The schema is docs/drill-journal.schema.json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict

from app.drill.experiment import Experiment, Range
from app.drill.records import Record

if TYPE_CHECKING:
    from pathlib import Path

VERSION: Final = 1
RECORDED: Final = (
    *("write_gap_seconds", "request_gap_seconds", "failover_seconds", "recovery_seconds"),
    *("failed_requests", "lost_writes", "lost_tasks", "missed_events"),
)
"""The figures that a record carries."""


class Entry(BaseModel):
    """What all parts have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Happened(Entry):
    """A moment of the time line.

    Attributes:
        at: seconds since 1970, UTC.
        source: who tells.
        what: in a word or two.
        detail: more of it.
    """

    at: float
    source: str
    what: str
    detail: str = ""


class Judged(Range):
    """A figure beside its promise.

    Attributes:
        figure: its name.
        value: what was measured; null when nothing was.
        held: whether it is within.
    """

    figure: str
    value: float | None
    held: bool

    @property
    def measured(self) -> str:
        """The value, as people write it."""
        return "not measured" if self.value is None else f"{self.value:g}"

    @property
    def promise(self) -> str:
        """What was promised, as people write it."""
        return str(self)


class Alerted(Entry):
    """An alert that fired.

    Attributes:
        name: of it.
        after: seconds from the fault; null when it fired before.
        expected: whether the experiment names it.
    """

    name: str
    after: float | None
    expected: bool


class Journal(Entry):
    """A drill, from its plan to its verdict.

    Attributes:
        version: of this format.
        id: of the drill.
        experiment: a copy of what was to be done.
        target: local or kube.
        about: versions, place, a digest of the configuration.
        result: held, deviated, refused, aborted, residue, inconclusive or interrupted.
        reason: of it, for people.
        started_at: seconds since 1970, UTC.
        ended_at: likewise.
        fault_at: when the fault was made.
        mended_at: when it was undone.
        fault: what was done.
        figures: what was measured.
        judged: the figures that were promised.
        time_line: what happened.
        slots: per track, points of 0.25 s: when, good, bad, longest seconds.
        alerts: those that fired.
        alerts_asked: whether anybody could be asked for alerts.
        residue: what is left.
    """

    version: int = VERSION
    id: str
    experiment: Experiment
    target: str
    about: dict[str, str]
    result: str
    reason: str
    started_at: float
    ended_at: float
    fault_at: float | None = None
    mended_at: float | None = None
    fault: str = ""
    figures: dict[str, float | None] = {}
    judged: list[Judged] = []
    time_line: list[Happened] = []
    slots: dict[str, list[list[float]]] = {}
    alerts: list[Alerted] = []
    alerts_asked: bool = False
    residue: list[str] = []

    def write(self, path: Path) -> None:
        """Write it."""
        path.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")

    def record(self) -> Record:
        """The line of it that is kept beside those of other drills."""
        return Record(
            id=self.id,
            drill=self.experiment.name,
            title=self.experiment.title,
            target=self.target,
            result=self.result,
            reason=self.reason,
            started_at=self.started_at,
            ended_at=self.ended_at,
            figures={name: self.figures.get(name) for name in RECORDED},
        )


def read(path: Path) -> Journal:
    """Read one.

    Raises:
        OSError: there is none.
        ValueError: it is not one.
    """
    return Journal.model_validate_json(path.read_text("utf-8"))


def schema() -> dict[str, Any]:
    """The JSON schema of a journal."""
    return Journal.model_json_schema()
