"""What is done to a Redis from within: keeping it busy, and filling its memory. Each ends by itself."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from redis.exceptions import OutOfMemoryError, RedisError

from app.store import keys

if TYPE_CHECKING:
    from redis import Redis

BUSY: Final = 0.2
"""Seconds that one script takes."""
REST: Final = 0.2
LONGEST_FREEZE: Final = 15.0
_SPIN: Final = "local began = os.clock() while os.clock() - began < tonumber(ARGV[1]) do end return 1"
# The last pieces are small: a write of any size is to be refused.
_PIECES: Final = (1024 * 1024, 64 * 1024, 4 * 1024, 256)
_MOST_PIECES: Final = 20_000
_BALLAST_SPARE: Final = 30
_AGAIN: Final = 0.2


def freeze(redis: Redis, seconds: float) -> None:
    """Let it answer nobody for so long: one script that takes all of it. A second client may not end it sooner.

    Args:
        redis: with a socket timeout above `seconds`.
        seconds: at most LONGEST_FREEZE.

    Raises:
        RedisError: it refused, or ended meanwhile.
    """
    redis.execute_command("EVAL", _SPIN, 0, min(seconds, LONGEST_FREEZE))  # type: ignore[no-untyped-call]


def busy(redis: Redis, stopped: threading.Event) -> int:
    """Run scripts of BUSY seconds, one after another with a rest between them, until told to stop; how many.

    Raises:
        RedisError: it refused, or ended meanwhile.
    """
    count = 0
    while not stopped.wait(REST):
        redis.execute_command("EVAL", _SPIN, 0, BUSY)  # type: ignore[no-untyped-call]
        count += 1
    return count


class Ballast:
    """Fills the memory of a Redis until it refuses to write, and keeps it full.

    Each piece goes by itself some time after the drill should have ended, should nobody remove it.

    Args:
        redis: the primary.
        seconds: how long it is to stay.
    """

    def __init__(self, redis: Redis, seconds: float) -> None:
        self._redis = redis
        self._life = int(seconds) + _BALLAST_SPARE
        self._count = 0
        self.full = False

    def fill(self) -> bool:
        """Add pieces until none fits; whether it is full.

        Raises:
            RedisError: it does not answer.
        """
        for size in _PIECES:
            piece = b"\0" * size
            while self._count < _MOST_PIECES:
                try:
                    self._redis.set(keys.drill_ballast(self._count), piece, ex=self._life)
                except OutOfMemoryError:
                    break
                self._count += 1
            else:
                return self.full
        self.full = True
        return True

    def keep(self, stopped: threading.Event) -> None:
        """Fill up what is freed, until told to stop.

        Raises:
            RedisError: it does not answer.
        """
        while not stopped.is_set():
            self.fill()
            stopped.wait(_AGAIN)

    def remove(self) -> None:
        """Remove all of it, also what another ballast left.

        Raises:
            RedisError: it does not answer.
        """
        for key in ballast(self._redis):
            self._redis.unlink(key)


def ballast(redis: Redis) -> list[str]:
    """The pieces that are there.

    Raises:
        RedisError: it does not answer.
    """
    found: Any = redis.scan_iter(match=f"{keys.PREFIX}:drill:ballast:*", count=1000)
    return list(found)


class Background:
    """Something that goes on in a thread until it is told to end; what goes wrong there is kept.

    Args:
        do: given the event that tells it to end.
    """

    def __init__(self, do: Any) -> None:
        self.stopped = threading.Event()
        self.error = ""
        self._do = do
        self._thread = threading.Thread(target=self._run, name="haven-drill-hand", daemon=True)
        self.began = time.monotonic()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def _run(self) -> None:
        try:
            self._do(self.stopped)
        except (RedisError, OSError) as error:
            self.error = str(error) or type(error).__name__

    def end(self, patience: float = 5.0) -> None:
        """Tell it to end, and wait for that."""
        self.stopped.set()
        with suppress(RuntimeError):  # it was never started
            self._thread.join(patience)
