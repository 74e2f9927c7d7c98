"""Durable writes, and the book of those that were acknowledged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from app.store import deadline, keys

if TYPE_CHECKING:
    from app.store import Store

KEPT: Final = 3600
_CHUNK: Final = 500
_AUDIT: Final = 15.0


class Writes:
    """Numbered keys.

    Args:
        store: where they go.
        run: tells this drill's keys from another's.
    """

    def __init__(self, store: Store, run: str) -> None:
        self._store = store
        self._run = run
        self.acknowledged: list[int] = []

    def do(self, number: int) -> None:
        """Write one.

        Raises:
            StoreError: it was not acknowledged.
        """
        with self._store.durable() as pipe:
            pipe.set(keys.drill_write(self._run, number), number, ex=KEPT)
        self.acknowledged.append(number)

    def lost(self) -> int:
        """How many acknowledged ones are not there.

        Raises:
            StoreError: Redis did not answer.
        """
        missing = 0
        for start in range(0, len(self.acknowledged), _CHUNK):
            numbers = self.acknowledged[start : start + _CHUNK]
            with deadline(_AUDIT):
                found: Any = self._store.redis.mget([keys.drill_write(self._run, number) for number in numbers])
            missing += sum(value != str(number) for number, value in zip(numbers, found, strict=True))
        return missing

    def remove(self) -> None:
        """Remove what is left of them.

        Raises:
            StoreError: Redis did not answer.
        """
        for start in range(0, len(self.acknowledged), _CHUNK):
            with deadline(_AUDIT):
                numbers = self.acknowledged[start : start + _CHUNK]
                self._store.redis.unlink(*(keys.drill_write(self._run, number) for number in numbers))
