"""Doing something at a rate, in a thread, whatever comes of it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.drill.probe.track import Track

AT_ONCE: Final = 60


class Doing:
    """Calls a function so many times a second with a number that counts up, until it is stopped.

    Args:
        track: where outcomes are counted.
        rate: how many a second; 0 for none.
        do: what is done; whatever it raises counts as an error.
        at_once: how many may be under way; with one, a slow one delays the others, with more, none waits for another.
    """

    def __init__(self, track: Track, rate: float, do: Callable[[int], None], at_once: int = 1) -> None:
        self.track = track
        self._rate = rate
        self._do = do
        self._stopped = threading.Event()
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix=f"haven-drill-{track.name}")
        self._free = threading.Semaphore(at_once)
        self._clock = threading.Thread(target=self._tick, name=f"haven-drill-{track.name}-clock", daemon=True)

    def start(self) -> None:
        """Begin."""
        if self._rate:
            self._clock.start()

    def stop(self) -> None:
        """End, once what is under way has ended."""
        self._stopped.set()
        if self._rate:
            self._clock.join()
        self._pool.shutdown(wait=True)

    def _tick(self) -> None:
        number, due = 0, time.monotonic()
        while not self._stopped.is_set():
            if self._free.acquire(timeout=0.2):
                self._pool.submit(self._once, number)
                number += 1
            due = max(due + 1 / self._rate, time.monotonic() - 1 / self._rate)  # what was missed is not made up for
            self._stopped.wait(max(0.0, due - time.monotonic()))

    def _once(self, number: int) -> None:
        began = time.monotonic()
        try:
            self._do(number)
        except Exception as error:  # noqa: BLE001 - a client notices whatever it is
            self.track.badly(time.monotonic() - began, f"{type(error).__name__}: {error}")
        else:
            self.track.well(time.monotonic() - began)
        finally:
            self._free.release()
