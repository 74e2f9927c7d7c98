"""What happened, in order: moments from the drill itself, its clients, the Sentinels and the servers."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

DRILL: Final = "drill"
KEPT: Final = 2000


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened.

    Attributes:
        at: seconds since 1970, by the clock of the place where the application runs.
        source: who tells: drill, writes, sentinel redis-2 …
        what: in a word or two.
        detail: more of it.
    """

    at: float
    source: str
    what: str
    detail: str = ""


def clock(at: float) -> str:
    """The time in UTC, to the millisecond, as people write it."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S.%f")[:-3]


class TimeLine:
    """Collects moments from any thread.

    Args:
        told: called with each.
    """

    def __init__(self, told: Callable[[Moment], None] = lambda _: None) -> None:
        self._told = told
        self._lock = threading.Lock()
        self._moments: list[Moment] = []
        self.offset = 0.0
        """Seconds by which the application's clock is ahead of ours."""

    def add(self, moment: Moment) -> None:
        """Add one; the first KEPT are kept."""
        with self._lock:
            if len(self._moments) < KEPT:
                self._moments.append(moment)
        self._told(moment)

    def here(self, what: str, detail: str = "") -> Moment:
        """Add something that the drill itself does now."""
        moment = Moment(time.time() + self.offset, DRILL, what, detail)
        self.add(moment)
        return moment

    @property
    def moments(self) -> list[Moment]:
        """All, in the order of time."""
        with self._lock:
            return sorted(self._moments, key=lambda moment: moment.at)
