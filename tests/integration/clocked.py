"""The limiter and the sessions on a clock of the test's: their own scripts, but for where these take the time from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from app.ratelimit import Limiter
from app.sessions import Sessions
from app.store import scripts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.store import Store

TIME = "local time = redis.call('TIME')"
BEGIN = 1_800_000_000_123


class Clocked:
    """Stands for the store. Its time stands still until it is told to pass; keys expire by the real clock.

    Attributes:
        now: the server's time, ms.
    """

    def __init__(self, store: Store) -> None:
        self.redis = store.redis
        self.now = BEGIN

    def run(self, name: str, keys: Sequence[str], args: Sequence[Any], **_: bool) -> Any:
        told = f"local time = {{ {self.now // 1000}, {self.now % 1000 * 1000} }}"
        body, found = re.subn(re.escape(TIME), told, scripts.load(name).body)
        assert found == 1
        return self.redis.call(("EVAL", body, len(keys), *keys, *args), repeatable=True, name=name)


class _OnAClock:
    clock: Clocked

    def passes(self, seconds: float) -> None:
        self.clock.now += round(seconds * 1000)


class ClockedLimiter(_OnAClock, Limiter):
    def __init__(self, store: Store) -> None:
        self.clock = Clocked(store)
        super().__init__(self.clock)  # type: ignore[arg-type]


class ClockedSessions(_OnAClock, Sessions):
    def __init__(self, store: Store, ttl: float, **limits: Any) -> None:
        self.clock = Clocked(store)
        super().__init__(self.clock, ttl, **limits)  # type: ignore[arg-type]
