"""One load per key in a process: the first who asks makes it, the others take what it made."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

from app.errors import TaskCancelled, TaskTimeout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

OF_ITS_THREAD: Final = (TaskCancelled, TaskTimeout)
"""Errors that are raised in a thread from outside: they say nothing about the value that it was making."""


class Flight:
    """A load under way.

    Attributes:
        began: when, by the monotonic clock.
        value: what it made.
        made: whether it made something.
        shared: whether those who came meanwhile may have it; else what it is has changed since it began.
        error: what it raised, for all who waited for it.
    """

    __slots__ = ("_armed", "_landed", "_versions", "began", "error", "made", "owner", "shared", "value")

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.owner = threading.get_ident()
        self.value: Any = None
        self.made = False
        self.shared = False
        self.error: Exception | None = None
        self._versions: Sequence[str] | None = None
        self._armed = threading.Event()
        self._landed = threading.Event()

    def arm(self, versions: Sequence[str] | None) -> None:
        """The versions of its tags are known, before it loads; None: they can't be."""
        self._versions = versions
        self._armed.set()

    def versions(self, longest: float) -> Sequence[str] | None:
        """What it was armed with; None, too, if it is not within so many seconds."""
        self._armed.wait(longest)
        return self._versions

    def wait(self, longest: float) -> bool:
        """Until it has landed; whether it has within so many seconds."""
        return self._landed.wait(max(0.0, longest))

    def bring(self, value: Any, *, shared: bool) -> None:
        """It has made a value."""
        self.value, self.made, self.shared = value, True, shared

    def land(self) -> None:
        """Let those who wait go on."""
        self._armed.set()
        self._landed.set()


class Flights:
    """The loads under way in this process."""

    def __init__(self) -> None:
        self._flights: dict[str, Flight] = {}
        self._lock = threading.Lock()

    def board(self, keys: Iterable[str], instead: Flight | None = None) -> dict[str, Flight]:
        """Those of the keys that nobody makes are ours to make, until :meth:`land`.

        Args:
            keys: of the values.
            instead: a load that counts as nobody's.
        """
        with self._lock:
            mine = {key: Flight() for key in keys if self._flights.get(key, instead) is instead}
            self._flights.update(mine)
        return mine

    def land(self, flights: dict[str, Flight]) -> None:
        """They have come to their end: a value, an error, or nothing."""
        with self._lock:
            for key, flight in flights.items():
                if self._flights.get(key) is flight:
                    del self._flights[key]
        for flight in flights.values():
            flight.land()

    def share(
        self,
        key: str,
        make: Callable[[Flight], tuple[Any, bool]],
        is_current: Callable[[Flight], bool],
        longest: float,
    ) -> Any:
        """Make a value, or take what somebody is making now.

        Args:
            key: of the value.
            make: makes it, and says whether those who came meanwhile may have it; else they make one of their own.
            is_current: whether nothing has changed since a load began that is under way; else it is not waited for.
            longest: seconds to wait for somebody else.

        Raises:
            Exception: what ``make`` raised, for all who waited for it.
        """
        asked = time.monotonic()
        instead: Flight | None = None
        while not (boarded := self.board((key,), instead)):
            flight, instead = self._flights.get(key), None
            if flight is None:
                continue
            if flight.owner == threading.get_ident():  # a load that asks for its own key would wait for itself
                return make(Flight())[0]
            later = flight.began >= asked
            if not later and not is_current(flight):
                instead = flight
                continue
            if not flight.wait(asked + longest - time.monotonic()):
                return make(Flight())[0]
            if flight.error is not None:
                raise flight.error
            if flight.made and (flight.shared or later):
                return flight.value
        mine = boarded[key]
        try:
            value, shared = make(mine)
            mine.bring(value, shared=shared)
        except Exception as error:
            if not isinstance(error, OF_ITS_THREAD):
                mine.error = error
            raise
        finally:
            self.land(boarded)
        return mine.value
