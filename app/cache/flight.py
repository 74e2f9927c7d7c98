"""One load per key in a process: the first who asks makes it, the others take what it made."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class _Flight:
    """A load under way."""

    def __init__(self) -> None:
        self.owner = threading.get_ident()
        self.landed = threading.Event()
        self.value: Any = None
        self.error: BaseException | None = None
        self.shared = False


class Flights:
    """The loads under way in this process."""

    def __init__(self) -> None:
        self._flights: dict[str, _Flight] = {}
        self._lock = threading.Lock()

    def share(self, key: str, make: Callable[[], tuple[Any, bool]]) -> Any:
        """Make a value, or take what somebody is making now.

        Args:
            key: of the value.
            make: makes it, and says whether those who came meanwhile may have it; else they make one of their own:
                something that it depends on has changed since it began.

        Raises:
            Exception: what ``make`` raised, for all who waited for it.
        """
        while True:
            with self._lock:
                flight = self._flights.get(key)
                if flight is None:
                    mine = self._flights[key] = _Flight()
                    break
            if flight.owner == threading.get_ident():  # a load that asks for its own key would wait for itself
                return make()[0]
            flight.landed.wait()
            if flight.error is not None:
                raise flight.error
            if flight.shared:
                return flight.value
        try:
            mine.value, mine.shared = make()
        except BaseException as error:
            mine.error = error
            raise
        finally:
            with self._lock:
                del self._flights[key]
            mine.landed.set()
        return mine.value
