"""One drill at a time: two would measure each other."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from app.errors import SmokeError, StoreError
from app.store import deadline, keys

if TYPE_CHECKING:
    from app.store import Store

LIFE: Final = 60
"""Seconds after which the lock of a drill that was killed is free again."""
RENEW: Final = 10.0
_PATIENCE: Final = 30.0


class Lock:
    """Held from :meth:`take` to :meth:`leave`, also while Redis is away: another drill's preflight refuses then.

    Args:
        store: where it lies.
        run: whose.
    """

    def __init__(self, store: Store, run: str) -> None:
        self._store = store
        self._run = run
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="haven-drill-lock", daemon=True)

    def take(self) -> None:
        """Take it.

        Raises:
            SmokeError: another drill has it.
            StoreError: Redis does not answer.
        """
        redis = self._store.redis
        with deadline(_PATIENCE):
            if not redis.set(keys.DRILL_LOCK, self._run, nx=True, ex=LIFE):
                other: Any = redis.get(keys.DRILL_LOCK)
                raise SmokeError(
                    f"the drill {other} runs already: wait for it; {redis.ttl(keys.DRILL_LOCK)} s if it was killed"
                )
        self._thread.start()

    def _renew(self) -> None:
        while not self._left.wait(RENEW):
            with suppress(StoreError):
                self._store.redis.set(keys.DRILL_LOCK, self._run, ex=LIFE)

    def leave(self) -> None:
        """Give it back, if it is still ours."""
        self._left.set()
        with suppress(RuntimeError):  # it was never taken
            self._thread.join(RENEW)
        with suppress(StoreError), deadline(_PATIENCE):
            if self._store.redis.get(keys.DRILL_LOCK) == self._run:
                self._store.redis.delete(keys.DRILL_LOCK)
