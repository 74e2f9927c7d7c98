"""What is known of a drill while it runs, and becomes its journal."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.drill.journal import Alerted, Happened, Journal
from app.drill.records import INCONCLUSIVE
from app.drill.timeline import Moment

if TYPE_CHECKING:
    from app.drill.alerts import Alerts
    from app.drill.experiment import Experiment
    from app.drill.feed import Feed
    from app.drill.journal import Judged
    from app.drill.timeline import TimeLine


class Halt(Exception):
    """The drill ends now.

    Attributes:
        result: what it is to be called.
        reason: for people.
    """

    def __init__(self, result: str, reason: str) -> None:
        super().__init__(reason)
        self.result = result
        self.reason = reason


@dataclass
class Stage:
    """What is known so far; see :class:`~app.drill.journal.Journal` for the fields of the same names."""

    experiment: Experiment
    target: str
    started_at: float
    about: dict[str, str] = field(default_factory=dict)
    result: str = INCONCLUSIVE
    reason: str = "it has not ended"
    fault_at: float | None = None
    mended_at: float | None = None
    fault: str = ""
    figures: dict[str, float | None] = field(default_factory=dict)
    judged: list[Judged] = field(default_factory=list)
    residue: list[str] = field(default_factory=list)
    feed: Feed | None = None
    moments: list[Moment] = field(default_factory=list)
    alerts: list[Alerted] = field(default_factory=list)
    alerts_asked: bool = False
    ended_at: float = 0.0
    id: str = ""

    def __post_init__(self) -> None:
        """Give it a name: the time, the experiment's, and something that no other has."""
        when = datetime.fromtimestamp(self.started_at, UTC).strftime("%Y%m%dT%H%M%S")
        self.id = f"{when}-{self.experiment.name}-{secrets.token_hex(2)}"

    def conclude(self, result: str, reason: str) -> None:
        """Say what came of it."""
        self.result, self.reason = result, reason

    def take(self, line: TimeLine, alerts: Alerts) -> None:
        """Take in what has happened: it is over."""
        self.ended_at = time.time()
        feed = self.feed
        if feed and feed.hello:
            self.about |= {"redis": str(feed.hello["redis"])}
        if feed and feed.last_read_only is not None:
            line.add(Moment(feed.last_read_only, "clients", "last READONLY", "a former primary was still written to"))
        self.moments = line.moments
        self.alerts_asked = alerts.asked
        since = (self.fault_at or 0.0) - line.offset
        self.alerts = [
            Alerted(
                name=name,
                after=round(at - since, 1) if self.fault_at and at >= since else None,
                expected=name in self.experiment.alerts,
            )
            for name, at in sorted(alerts.seen.items(), key=lambda item: item[1])
        ]

    def journal(self) -> Journal:
        """The whole of it."""
        slots = self.feed.slots if self.feed else {}
        return Journal(
            id=self.id,
            experiment=self.experiment,
            target=self.target,
            about=self.about,
            result=self.result,
            reason=self.reason,
            started_at=self.started_at,
            ended_at=self.ended_at,
            fault_at=self.fault_at,
            mended_at=self.mended_at,
            fault=self.fault,
            figures=self.figures,
            judged=self.judged,
            time_line=[
                Happened(at=each.at, source=each.source, what=each.what, detail=each.detail) for each in self.moments
            ],
            slots={name: [list(slot) for slot in points] for name, points in slots.items()},
            alerts=self.alerts,
            alerts_asked=self.alerts_asked,
            residue=self.residue,
        )
