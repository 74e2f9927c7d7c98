"""Faults that are made by talking to Redis, on any target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from redis.exceptions import RedisError

from app.drill.hands import Background, Ballast, ballast, busy
from app.drill.target import Fault
from app.errors import DrillError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from redis import Redis

_BUSY_FOR: Final = "scripts of 0.2 s, one after another"


class Busy(Fault):
    """Keeps a Redis busy.

    Args:
        name: of it, for people.
        redis: a client of it.
    """

    def __init__(self, name: str, redis: Redis) -> None:
        self._name = name
        self._redis = redis
        self._count = 0
        self._hand = Background(self._run)

    def _run(self, stopped: threading.Event) -> None:
        self._count = busy(self._redis, stopped)

    def begin(self) -> str:
        """Begin."""
        self._hand.start()
        return f"{self._name} is kept busy: {_BUSY_FOR}"

    def fired(self) -> bool:
        """Whether it takes the scripts."""
        try:
            found: Any = self._redis.info("commandstats")
        except RedisError:
            return False
        return "cmdstat_eval" in found and not self._hand.error

    def end(self) -> None:
        """Let it be."""
        self._hand.end()


class Fill(Fault):
    """Fills the memory of the primary.

    Args:
        name: of it, for people.
        connect: gives a client of what is primary now.
        seconds: how long it is to stay.
    """

    def __init__(self, name: str, connect: Callable[[], Redis], seconds: float) -> None:
        self._name = name
        self._connect = connect
        self._ballast = Ballast(connect(), seconds)
        self._hand = Background(self._ballast.keep)

    def begin(self) -> str:
        """Begin."""
        self._hand.start()
        return f"the memory of {self._name} is filled"

    def fired(self) -> bool:
        """Whether it is full."""
        return self._ballast.full

    def end(self) -> None:
        """Empty it.

        Raises:
            DrillError: it does not answer: what is left goes by itself.
        """
        self._hand.end()
        try:
            with self._connect() as redis:
                Ballast(redis, 0).remove()
        except RedisError as error:
            raise DrillError(f"the ballast could not be removed ({error}): it goes by itself within minutes") from error

    def residue(self) -> list[str]:
        """What is left of it."""
        try:
            with self._connect() as redis:
                count = len(ballast(redis))
        except RedisError as error:
            return [f"whether ballast is left could not be asked: {error}"]
        return [f"{count} pieces of ballast are left: they go by themselves within minutes"] if count else []
