"""Tasks that the clock enqueues: a tick has one id, so whoever enqueues it, and however often, it is one task."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

if TYPE_CHECKING:
    from collections.abc import Mapping

Missed = Literal["once", "skip", "all"]
MOST_MISSED = 100
LATE = 60.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a task is enqueued.

    Attributes:
        cron: five fields: minute, hour, day of month, month, day of week, as Debian's cron reads them.
        task: the task's name.
        args: its arguments, checked.
        name: of the schedule; by default the task's.
        zone: the time zone of the fields.
        missed: what happens with ticks at which no worker was there: ``once`` enqueues the last of them, ``skip`` none
            that is later than a minute, ``all`` each, the last hundred at most.
    """

    cron: str
    task: str
    args: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    zone: str = "UTC"
    missed: Missed = "once"

    def __post_init__(self) -> None:
        """Refuse what no clock shows.

        Raises:
            ValueError: the fields, the zone or the policy are unknown.
        """
        if not self.name:
            object.__setattr__(self, "name", self.task)
        if self.missed not in {"once", "skip", "all"}:
            raise ValueError(f"schedule {self.name!r}: missed={self.missed!r} is not one of once, skip, all")
        try:
            self.following(0)
        except CronSimError as error:
            raise ValueError(
                f"schedule {self.name!r}: {self.cron!r} is no cron expression ({error}): "
                "minute, hour, day of month, month, day of week, such as '30 3 * * 1-5'"
            ) from None
        except ZoneInfoNotFoundError:
            raise ValueError(
                f"schedule {self.name!r}: no time zone is called {self.zone!r} here: use a name such as Europe/Berlin"
            ) from None

    def following(self, after_ms: int) -> int:
        """The first tick after a time, both in ms since the epoch."""
        start = datetime.fromtimestamp(after_ms / 1000, UTC).astimezone(ZoneInfo(self.zone))
        return int(next(CronSim(self.cron, start)).timestamp() * 1000)

    def due(self, last_ms: int, now_ms: int) -> list[int]:
        """The ticks after one and up to now that are to be enqueued, by the policy for missed ones."""
        latest = self._latest(last_ms, now_ms)
        if self.missed == "all":
            return latest
        if self.missed == "skip":
            return [tick for tick in latest[-1:] if now_ms - tick <= LATE * 1000]
        return latest[-1:]

    def tick_id(self, tick_ms: int) -> str:
        """The id of a tick's task."""
        return f"cron:{self.name}:{datetime.fromtimestamp(tick_ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"

    def _latest(self, last_ms: int, now_ms: int) -> list[int]:
        """The last hundred ticks after one and up to now, found backwards: a pause may have been long."""
        soon = datetime.fromtimestamp(now_ms / 1000 + 60, UTC).astimezone(ZoneInfo(self.zone))
        found: list[int] = []
        for moment in CronSim(self.cron, soon, reverse=True):
            tick = int(moment.timestamp() * 1000)
            if tick <= last_ms or len(found) == MOST_MISSED:
                break
            if tick <= now_ms:
                found.append(tick)
        return found[::-1]
