"""How long to wait before a part is started again."""

from typing import Final

FIRST: Final = 1.0
CAP: Final = 15.0
FORGET: Final = 60.0


class Backoff:
    """One second at first, doubling to 15 s; a life of a minute starts it over."""

    def __init__(self) -> None:
        self._next = FIRST

    def after(self, life: float) -> float:
        """Return the seconds to wait after a life of `life` seconds."""
        if life >= FORGET:
            self._next = FIRST
        delay = self._next
        self._next = min(CAP, delay * 2)
        return delay
