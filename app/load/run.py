"""Sends visitors by the clock."""

from __future__ import annotations

import math
import random
import threading
import time
from typing import TYPE_CHECKING, Final, Literal

from app.load.arrivals import arrivals
from app.load.tally import TOTAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.load.mix import Mix
    from app.load.tally import Book

Outcome = tuple[Literal["answered", "failed", "limited"], str]
"""What became of a journey, and the reason if it failed."""
_POLL: Final = 0.02


class Load:
    """Visitors at a steady rate, whatever becomes of them.

    Args:
        rate: how many a second.
        mix: which journeys they make.
        make: makes one journey; called in many threads.
        book: where it is written down.
        concurrency: how many may be under way; who comes beyond that is dropped, and counted.
        dice: where chance comes from.
    """

    def __init__(
        self,
        rate: float,
        mix: Mix,
        make: Callable[[str], Outcome],
        book: Book,
        *,
        concurrency: int,
        dice: random.Random | None = None,
    ) -> None:
        self._rate = rate
        self._mix = mix
        self._make = make
        self._book = book
        self._places = threading.BoundedSemaphore(concurrency)
        self._dice = dice or random.Random()  # noqa: S311 - nothing secret
        self._stopped = threading.Event()
        self._began = 0.0
        self._ended = 0.0
        self._told = math.inf  # when to stop

    @property
    def seconds(self) -> float:
        """How long visitors have been coming."""
        return (self._ended or time.monotonic()) - self._began if self._began else 0.0

    @property
    def stopped(self) -> bool:
        """Whether it was told to stop."""
        return self._stopped.is_set()

    @property
    def told_for(self) -> float:
        """Seconds since it was told to stop; below 0 if it was not."""
        return time.monotonic() - self._told

    def stop(self) -> None:
        """Let nobody in any more; safe in a signal handler."""
        self._told = min(self._told, time.monotonic())
        self._stopped.set()

    def run(self, duration: float | None = None) -> None:
        """Let visitors come for so many seconds, or until told to stop."""
        self._began = time.monotonic()
        for after in arrivals(self._rate, self._dice):
            last = duration is not None and after >= duration
            due = self._began + (duration if duration is not None and last else after)
            if self._stopped.wait(max(0.0, due - time.monotonic())) or last:
                break
            self._send(self._mix.choose(self._dice), due)
        self._ended = time.monotonic()

    def drain(self, patience: float, impatience: float) -> None:
        """Wait for those that are under way.

        Args:
            patience: for how many seconds.
            impatience: for how many once it was told to stop.
        """
        end = time.monotonic() + patience
        while self._book.read()[TOTAL].running and time.monotonic() < min(end, self._told + impatience):
            time.sleep(_POLL)

    def _send(self, journey: str, due: float) -> None:
        if not self._places.acquire(blocking=False):
            self._book.drop(journey)
            return
        self._book.send(journey)
        threading.Thread(target=self._accompany, args=(journey, due), daemon=True).start()

    def _accompany(self, journey: str, due: float) -> None:
        try:
            outcome, reason = self._make(journey)
        except Exception as error:  # noqa: BLE001 - whatever it is, the visitor noticed
            outcome, reason = "failed", f"{journey}: {error!r}"
        # from when it was due: had the server, or this process, kept it waiting outside, it waited all the same
        seconds = time.monotonic() - due
        if outcome == "answered":
            self._book.answer(journey, seconds)
        elif outcome == "limited":
            self._book.limit(journey)
        else:
            self._book.fail(journey, seconds, reason)
        self._places.release()
