"""A target that does as it is told, with clients that tell what a script says: for the runner's own decisions."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.drill.experiment import Experiment, FaultSpec, Probes
from app.drill.target import Fault
from app.errors import DrillError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.drill.records import Record

GOOD = {"good": 50, "bad": 0, "silent": 0.01, "slots": [[1.0, 50, 0, 0.01]]}
FIGURES = {"lost_writes": 0, "write_gap_seconds": 0.4}


def experiment(**more: Any) -> Experiment:
    return Experiment.model_validate(
        {
            "name": "it-dies",
            "title": "It dies",
            "why": "To see.",
            "targets": ["local"],
            "steady": 1,
            "recover": 2,
            "fault": {"kind": "kill"},
            "expect": {"lost_writes": 0},
            **more,
        }
    )


@dataclass
class Script:
    """What happens.

    Attributes:
        problems: what is not in order, before the fault.
        after: what is not in order, after it.
        failing: share of requests that fail after it.
        moves: another node becomes primary after it.
        fires: the fault takes effect.
        figures: of the audit.
        refusals: of the target.
        refused: the clients don't begin, and say why.
        left: what the fault leaves behind.
        begin_error: the fault can't be made.
        end_error: it can't be undone.
        done: the events in their order.
    """

    problems: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    failing: float = 0.0
    moves: bool = False
    fires: bool = True
    figures: dict[str, float] = field(default_factory=lambda: dict(FIGURES))
    refusals: list[str] = field(default_factory=list)
    refused: str = ""
    left: list[str] = field(default_factory=list)
    begin_error: str = ""
    end_error: str = ""
    done: list[str] = field(default_factory=list)


class Scripted(Fault):
    def __init__(self, script: Script) -> None:
        self._script = script
        self.broken = False

    def begin(self) -> str:
        self._script.done.append("begin")
        self.broken = True
        if self._script.begin_error:
            raise DrillError(self._script.begin_error)
        return "broken"

    def fired(self) -> bool:
        return self._script.fires

    def end(self) -> None:
        self._script.done.append("end")
        if self._script.end_error:
            raise DrillError(self._script.end_error)

    def residue(self) -> list[str]:
        return self._script.left


class Clients:
    def __init__(self, script: Script, fault: Scripted) -> None:
        self._script = script
        self._fault = fault
        self._stopped = threading.Event()

    def lines(self) -> Iterator[str]:
        script = self._script
        if script.refused:
            yield _line("refused", reason=script.refused)
            return
        health: dict[str, Any] = {"at": time.time(), "problems": script.problems, "primary": "a:1", "roles": {}}
        yield _line("hello", version="1", redis="8", health=health)
        yield "a warning of the process, which is no line of ours"
        number, moved, bad = 0, False, 0.0
        while not self._stopped.wait(0.05):
            number += 1
            broken = self._fault.broken
            bad += 50 * script.failing if broken else 0
            if broken and script.moves and not moved:
                moved = True
                yield _line("moment", source="redis b:1", what="is primary", detail="")
            track = {**GOOD, "good": 50 * number, "bad": int(bad)}
            health = {**health, "at": time.time(), "problems": script.after if broken else script.problems}
            tracks = {"requests": track, "writes": track}
            yield _line("beat", tracks=tracks, health=health, retries={"readonly": int(broken)})
        yield _line("audit", figures=script.figures, health=health)

    def stop(self) -> None:
        self._script.done.append("stop")
        self._stopped.set()

    def close(self) -> None:
        self._script.done.append("close")
        self._stopped.set()


class Target:
    name = "local"
    prometheus = ""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._fault = Scripted(script)
        self.records: list[Record] = []

    def describe(self) -> dict[str, str]:
        return {"haven": "1"}

    def refusals(self, fault: FaultSpec) -> list[str]:
        del fault
        return self._script.refusals

    def clients(self, run: str, probes: Probes, longest: float) -> Clients:
        del run, probes, longest
        return Clients(self._script, self._fault)

    def fault(self, spec: FaultSpec, primary: str) -> Scripted:
        assert primary == "a"
        del spec
        return self._fault

    def node(self, address: str) -> str:
        return address.partition(":")[0]

    def record(self, record: Record, report: str) -> None:
        del report
        self.records.append(record)

    def close(self) -> None:
        self._script.done.append("closed")


def _line(kind: str, **more: Any) -> str:
    return json.dumps({"kind": kind, "at": time.time(), **more}, separators=(",", ":"))
