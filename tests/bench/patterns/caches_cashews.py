"""cashews, as ``caches_side.py`` measures it; set up as its manual says, with ``lock`` and ``early``."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from cashews import Cache

from tests.bench.patterns.caches_side import CROWD, LIFE, LOAD, VALUE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Side:
    """In a loop of its own."""

    def __init__(self, url: str, *_: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._cache = Cache()
        self._cache.setup(url)

    def hits(self) -> dict[str, Callable[[int], float]]:
        """How long so many take."""
        cache = self._cache

        @cache(ttl=600)
        async def decorated(product_id: int) -> Any:
            return {**VALUE, "id": product_id}

        calls: dict[str, Callable[[], Awaitable[Any]]] = {
            "get": lambda: cache.get("get"),
            "computed": lambda: cache.get_or_set("computed", VALUE, expire=600),
            "decorated": lambda: decorated(7),
        }

        async def prepare() -> None:
            await cache.set("get", VALUE, expire=600)
            for call in calls.values():
                await call()

        self._loop.run_until_complete(prepare())
        return {what: partial(self._timed, call) for what, call in calls.items()}

    def _timed(self, call: Callable[[], Awaitable[Any]], number: int) -> float:
        async def run() -> float:
            began = time.perf_counter()
            for _ in range(number):
                await call()
            return time.perf_counter() - began

        return self._loop.run_until_complete(run())

    def crowd(self, what: str, number: int) -> tuple[int, float]:
        """Thirty at once."""
        loads = []

        async def load() -> Any:
            loads.append(1)
            await asyncio.sleep(LOAD)
            return VALUE

        key = f"{what}{number}"
        if what == "expired":
            ask = self._cache.early(ttl=60, early_ttl=LIFE, key=key)(load)
        else:
            ask = self._cache(ttl=600, lock=True, key=key)(load)

        async def timed() -> float:
            began = time.perf_counter()
            await ask()
            return time.perf_counter() - began

        async def run() -> float:
            if what == "expired":
                await ask()
                loads.clear()
                await asyncio.sleep(LIFE + 0.1)
            longest = max(await asyncio.gather(*(timed() for _ in range(CROWD))))
            await asyncio.sleep(2 * LOAD)
            return longest

        longest = self._loop.run_until_complete(run())
        return len(loads), longest / LOAD
