"""Whether a loop still turns, and when it last got something done."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Heart:
    """A signal that turns stale.

    A long outage of Redis is no reason to restart a worker (liveness), but it is one to say that nothing gets done
    (readiness). So ``turn`` says the loop is alive, and ``beat`` says a turn succeeded.

    Args:
        patience: seconds without a turn after which the loop counts as stuck.
        grace: seconds without success after which it counts as not ready.
        clock: monotonic seconds.
    """

    def __init__(
        self, patience: float = 60.0, grace: float = 15.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._patience = patience
        self._grace = grace
        self._clock = clock
        self._turned = clock()
        self._succeeded: float | None = None

    def turn(self) -> None:
        """The loop goes on, with success or without."""
        self._turned = self._clock()

    def beat(self) -> None:
        """A turn of the loop succeeded."""
        self._turned = self._succeeded = self._clock()

    @property
    def alive(self) -> bool:
        """Whether the loop turned lately."""
        return self._clock() - self._turned < self._patience

    @property
    def ready(self) -> bool:
        """Whether a turn succeeded lately."""
        return self._succeeded is not None and self._clock() - self._succeeded < self._grace
