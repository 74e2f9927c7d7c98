"""The limiter on a clock of the test's: its own script, but for where it takes the time from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.ratelimit import Limiter
from app.store import scripts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.store import Store

TIME = "local time = redis.call('TIME')"
FROM_THE_TEST = "local time = { math.floor(ARGV[#ARGV] / 1000), (ARGV[#ARGV] % 1000) * 1000 }"
BEGIN = 1_800_000_000_123


class Clocked:
    """Stands for the store of a limiter.

    Attributes:
        now: the server's time, ms.
    """

    def __init__(self, store: Store) -> None:
        body = scripts.load("limit_decide").body
        assert body.count(TIME) == 1
        self.redis = store.redis
        self._body = body.replace(TIME, FROM_THE_TEST)
        self.now = BEGIN

    def run(self, name: str, keys: Sequence[str], args: Sequence[Any], *, repeatable: bool) -> Any:
        call = ("EVAL", self._body, len(keys), *keys, *args, self.now)
        return self.redis.call(call, repeatable=repeatable, name=name)


class ClockedLimiter(Limiter):
    """A limiter whose time stands still until it is told to pass."""

    def __init__(self, store: Store) -> None:
        self.clock = Clocked(store)
        super().__init__(self.clock)  # type: ignore[arg-type]

    def passes(self, seconds: float) -> None:
        self.clock.now += round(seconds * 1000)
