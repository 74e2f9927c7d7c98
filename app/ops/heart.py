"""Whether a loop still turns, and when it last got something done."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from app.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NEVER = float("inf")


class Vital(Protocol):
    """What probes ask."""

    @property
    def alive(self) -> bool:
        """Whether it turned lately."""

    @property
    def ready(self) -> bool:
        """Whether it got something done lately."""


class HeartFile:
    """Signs of life as times of files, for those in other processes.

    ``path`` was touched when something got done, ``path.turn`` when the loop turned.

    Args:
        path: of the first.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._turn = path.with_name(f"{path.name}.turn")

    def make_place(self) -> None:
        """Make its directory.

        Raises:
            ConfigError: that can't be made.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                [f"HAVEN_HEART_FILE={str(self.path)!r}: {error}; give a path in a directory that can be written"]
            ) from None

    def turned(self) -> None:
        """The loop goes on."""
        self._touch(self._turn)

    def beaten(self) -> None:
        """It got something done."""
        self._touch(self.path)
        self._touch(self._turn)

    def since_beat(self) -> float:
        """Seconds since something got done; infinite when nothing ever was."""
        return self._age(self.path)

    def since_turn(self) -> float:
        """Seconds since the loop turned."""
        return self._age(self._turn)

    def forget(self) -> None:
        """Nothing is known any more."""
        for path in (self.path, self._turn):
            path.unlink(missing_ok=True)

    @staticmethod
    def _touch(path: Path) -> None:
        with suppress(OSError):  # a full disk is no reason to stop working; the sign turns stale, which is seen
            path.touch()

    @staticmethod
    def _age(path: Path) -> float:
        try:
            return time.time() - path.stat().st_mtime
        except OSError:
            return NEVER


class Heart:
    """A signal that turns stale.

    A long outage of Redis is no reason to restart a worker (liveness), but it is one to say that nothing gets done
    (readiness). So ``turn`` says the loop is alive, and ``beat`` says a turn succeeded.

    Args:
        patience: seconds without a turn after which the loop counts as stuck.
        grace: seconds without success after which it counts as not ready.
        clock: monotonic seconds.
        file: is touched as well, for whoever looks from outside.
    """

    def __init__(
        self,
        patience: float = 60.0,
        grace: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
        file: HeartFile | None = None,
    ) -> None:
        self._patience = patience
        self._grace = grace
        self._clock = clock
        self._file = file
        self._turned = clock()
        self._succeeded: float | None = None

    def turn(self) -> None:
        """The loop goes on, with success or without."""
        self._turned = self._clock()
        if self._file:
            self._file.turned()

    def beat(self) -> None:
        """A turn of the loop succeeded."""
        self._turned = self._succeeded = self._clock()
        if self._file:
            self._file.beaten()

    @property
    def alive(self) -> bool:
        """Whether the loop turned lately."""
        return self._clock() - self._turned < self._patience

    @property
    def ready(self) -> bool:
        """Whether a turn succeeded lately."""
        return self._succeeded is not None and self._clock() - self._succeeded < self._grace
