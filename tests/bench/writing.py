"""A writer at a steady rate, and the book of what it was told: the gap of a fault and the writes that went missing."""

from __future__ import annotations

import threading
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

RATE = 200.0


class Writes(Protocol):
    """Writes one key, and returns only once the write was acknowledged; may raise."""

    def __call__(self, key: str) -> None:
        """Write it."""


class Writer:
    """Writes numbered keys one after another, RATE a second, and goes on whatever happens.

    Args:
        write: how; anything that it raises counts as an error.
        prefix: of the keys.
    """

    def __init__(self, write: Writes, prefix: str) -> None:
        self._write = write
        self._prefix = prefix
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.acknowledged: list[tuple[float, str]] = []
        self.errors: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        number, due = 0, time.monotonic()
        while not self._stopped.is_set():
            key = f"{self._prefix}{number}"
            number += 1
            try:
                self._write(key)
            except Exception as error:  # noqa: BLE001 - a client of any kind, and it goes on
                self.errors.append(repr(error))
            else:
                self.acknowledged.append((time.monotonic(), key))
            due = max(due + 1 / RATE, time.monotonic() - 1 / RATE)
            self._stopped.wait(max(0.0, due - time.monotonic()))

    def until_back(self, since: float, timeout: float) -> None:
        """Wait until it writes again, steadily, after a fault at `since` (monotonic seconds)."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            later = [moment for moment, _ in self.acknowledged[-60:] if moment > since + 0.05]
            if len(later) >= 50 and later[-1] - later[-50] < 2 * 50 / RATE:
                return
            time.sleep(0.02)

    def gap(self, since: float) -> float:
        """The longest time between two acknowledgements from just before `since` on, seconds."""
        moments = [moment for moment, _ in self.acknowledged if moment > since - 0.2]
        return max((after - before for before, after in pairwise(moments)), default=float("inf"))

    def missing(self, get: Callable[[list[str]], Iterable[object]]) -> int:
        """How many acknowledged keys are not there.

        Args:
            get: returns the values of the keys, None for those that are not there.
        """
        keys = [key for _, key in self.acknowledged]
        return sum(value is None for start in range(0, len(keys), 500) for value in get(keys[start : start + 500]))
