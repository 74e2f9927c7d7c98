"""One load per key in a process: the first who asks makes it, the others take what it made."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Flight:
    """A load under way.

    Attributes:
        value: what it made.
        shared: whether those who came meanwhile may have it; else something it depends on has changed since it began.
        error: what it raised.
    """

    __slots__ = ("_landed", "error", "owner", "shared", "value")

    def __init__(self) -> None:
        self.owner = threading.get_ident()
        self.value: Any = None
        self.error: Exception | None = None
        self.shared = False
        self._landed = threading.Event()

    def wait(self) -> None:
        """Until it has landed."""
        self._landed.wait()

    def land(self) -> None:
        """Let those who wait go on."""
        self._landed.set()


class Flights:
    """The loads under way in this process."""

    def __init__(self) -> None:
        self._flights: dict[str, Flight] = {}
        self._lock = threading.Lock()

    def board(self, keys: Iterable[str]) -> dict[str, Flight]:
        """Those of the keys that nobody makes are ours to make, until :meth:`land`."""
        with self._lock:
            mine = {key: Flight() for key in keys if key not in self._flights}
            self._flights.update(mine)
        return mine

    def land(self, flights: dict[str, Flight]) -> None:
        """They have come to their end: a value, an error, or nothing."""
        with self._lock:
            for key in flights:
                del self._flights[key]
        for flight in flights.values():
            flight.land()

    def share(self, key: str, make: Callable[[], tuple[Any, bool]]) -> Any:
        """Make a value, or take what somebody is making now.

        Args:
            key: of the value.
            make: makes it, and says whether those who came meanwhile may have it; else they make one of their own.

        Raises:
            Exception: what ``make`` raised, for all who waited for it.
        """
        while not (boarded := self.board((key,))):
            flight = self._flights.get(key)
            if flight is None:
                continue
            if flight.owner == threading.get_ident():  # a load that asks for its own key would wait for itself
                return make()[0]
            flight.wait()
            if flight.error is not None:
                raise flight.error
            if flight.shared:
                return flight.value
        mine = boarded[key]
        try:
            mine.value, mine.shared = make()
        except Exception as error:  # what ends a thread or a process is not the others' error
            mine.error = error
            raise
        finally:
            self.land(boarded)
        return mine.value
