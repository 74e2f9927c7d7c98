"""An experiment: what is broken, what clients do meanwhile, and what they may notice. One TOML file each."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from app.errors import ExperimentError
from app.example import TRY

if TYPE_CHECKING:
    from pathlib import Path

TargetName = Literal["local", "kube"]
Kind = Literal[
    "kill",
    "freeze",
    "handover",
    "power-cut",
    "partition",
    "erase",
    "busy",
    "fill",
    "dns",
    "drain",
    "rollout",
]
Where = Literal["primary", "replica", "sentinel", "sentinels", "redis", "worker", "web", "release"]
FIGURES: Final = {
    "write_gap_seconds": "longest time without an acknowledged durable write",
    "failed_writes": "durable writes that ended with an error",
    "lost_writes": "durable writes that were acknowledged and are not there",
    "request_gap_seconds": "longest time without a good answer over HTTP",
    "failed_requests": "requests that were not answered with success",
    "longest_request_seconds": "the slowest answer",
    "task_gap_seconds": "longest time in which no task began to run",
    "failed_tasks": "enqueues that ended with an error",
    "lost_tasks": "tasks that were acknowledged and never done",
    "doubled_tasks": "tasks that were done more than once",
    "event_gap_seconds": "longest time in which no event came down the stream",
    "failed_events": "publications that ended with an error",
    "missed_events": "events that were acknowledged and did not come down the stream",
    "doubled_events": "events that came twice, or out of order",
    "failover_seconds": "from the fault to another primary that serves; none if it stayed the same",
    "recovery_seconds": "from the end of the fault to three Redis and three Sentinels in order, and clients served",
}
"""What a drill measures and an experiment may promise, with the meaning."""


class Part(BaseModel):
    """What all parts of an experiment have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FaultSpec(Part):
    """What is broken.

    Attributes:
        kind: what is done.
        where: to what.
        seconds: how long it stays so, before it is undone; a kill is undone by whoever restarts the process.
    """

    kind: Kind
    where: Where = "primary"
    seconds: Annotated[float, Field(ge=0, le=600)] = 0.0


class Probes(Part):
    """What clients do meanwhile, a second.

    Attributes:
        requests: HTTP requests, in turn to each of `paths`, by a user who is signed in.
        paths: what is asked for.
        writes: durable writes to Redis.
        tasks: tasks enqueued.
        events: events published to a stream.
    """

    requests: Annotated[float, Field(ge=0, le=200)] = 20.0
    paths: Annotated[list[Annotated[str, Field(pattern="^/")]], Field(min_length=1, max_length=20)] = [
        "/api/protected",
        TRY,
    ]
    writes: Annotated[float, Field(ge=0, le=200)] = 50.0
    tasks: Annotated[float, Field(ge=0, le=50)] = 4.0
    events: Annotated[float, Field(ge=0, le=50)] = 4.0


class Range(Part):
    """What a figure may be.

    Attributes:
        least: at least that much, for what must be noticed.
        most: at most that much; None for any.
    """

    least: float = 0.0
    most: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_number(cls, value: Any) -> Any:
        return {"most": value} if isinstance(value, int | float) else value

    def holds(self, value: float) -> bool:
        """Whether a figure is within it."""
        return self.least <= value and (self.most is None or value <= self.most)

    def __str__(self) -> str:
        """As people write it."""
        if self.most is None:
            return f"at least {self.least:g}"
        return f"{self.least:g} to {self.most:g}" if self.least else f"at most {self.most:g}"


class Guards(Part):
    """When the drill is given up and the fault undone.

    Attributes:
        error_rate: share of requests and writes of the last `window` seconds that failed.
        window: seconds.
        seconds: of the whole drill.
    """

    error_rate: Annotated[float, Field(gt=0, le=1)] = 0.5
    window: Annotated[float, Field(ge=1, le=300)] = 10.0
    seconds: Annotated[float, Field(gt=0, le=3600)] = 300.0


class Experiment(Part):
    """A drill's file.

    Attributes:
        name: the file's, without its end.
        title: what happens, in a few words.
        why: what it shows, in a sentence or two.
        targets: where it can be run.
        runbook: the page for the night when it is no drill.
        alerts: those that are expected to fire, if the fault lasts long enough.
        fault: what is broken.
        steady: seconds of quiet before the fault in which nothing may fail.
        probes: what clients do.
        expect: what may be measured at most, by figure.
        moves: whether the primary's role must move (true), must stay (false), or may do as it likes (absent).
        guards: when to give up.
        recover: seconds after the end of the fault in which everything must be in order again.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,40}$")]
    title: Annotated[str, Field(min_length=3, max_length=100)]
    why: Annotated[str, Field(min_length=3, max_length=500)]
    targets: Annotated[list[TargetName], Field(min_length=1)]
    runbook: str = ""
    alerts: list[str] = []
    fault: FaultSpec
    steady: Annotated[float, Field(ge=1, le=300)] = 3.0
    probes: Probes = Probes()
    expect: Annotated[dict[str, Range], Field(min_length=1)]
    moves: bool | None = None
    guards: Guards = Guards()
    recover: Annotated[float, Field(gt=0, le=1800)] = 90.0

    @model_validator(mode="after")
    def _check(self) -> Self:
        unknown = sorted(set(self.expect) - set(FIGURES))
        if unknown:
            raise ValueError(f"expect: {unknown[0]!r} is not measured; measured are {', '.join(FIGURES)}")
        return self


def read(path: Path) -> Experiment:
    """Read an experiment's file.

    Raises:
        ExperimentError: names the file, the key, the value and what is wanted.
    """
    try:
        fields = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ExperimentError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ExperimentError(f"{path} is not TOML: {error}") from None
    try:
        return Experiment.model_validate({"name": path.stem, **fields})
    except ValidationError as error:
        problems = "\n".join(f"  - {_problem(each)}" for each in error.errors())
        raise ExperimentError(f"{path}:\n{problems}\ndocs/drills.md describes every key.") from None


def _problem(error: Any) -> str:
    place = ".".join(map(str, error["loc"]))
    value = error.get("input")
    given = f"={value!r}" if isinstance(value, str | int | float | bool) else ""
    return (
        f"{place}{given}: {error['msg'].removeprefix('Value error, ')}"
        if place
        else error["msg"].removeprefix("Value error, ")
    )
