"""Making values once: in this process, among all processes, or in the background while the old one is served."""

from __future__ import annotations

import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import structlog
from redis.exceptions import RedisError

from app.cache import codec
from app.cache.flight import Flights
from app.ops import metrics
from app.store import deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from app.cache.codec import Entry
    from app.cache.shelf import Kind, Shelf

log = structlog.get_logger(__name__)

READ_DEADLINE: Final = 1.0
"""Seconds: the value can be computed, so waiting longer for Redis would only be slower."""
POLL: Final = 0.002
POLL_PART: Final = 0.02
"""Of the time waited so far: so nobody waits longer than the load and a fiftieth of it."""
SLOWEST_POLL: Final = 0.05
REFRESHERS: Final = 2
MOST_REFRESHES: Final = 100


class _Miss:
    """What the cache answers when it has nothing: None, 0 and '' are values."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "MISS"


MISS: Final = _Miss()


def value_of(entry: Entry | None) -> Any:
    """An entry's value, or MISS."""
    if entry is None:
        return MISS
    try:
        return entry.value
    except codec.Unreadable:
        metrics.CACHE_REFUSED.labels("unreadable").inc()
        return MISS


class Loader:
    """Makes values.

    Args:
        shelf: where they are kept.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._flights = Flights()
        self._refreshing: set[str] = set()
        self._refresher: ThreadPoolExecutor | None = None

    def alone(self, key: str, compute: Callable[[], Any]) -> Any:
        """Make a value without Redis, once in this process."""
        return self._flights.share(key, lambda: (compute(), True))

    def load(self, kind: Kind, key: str, compute: Callable[[], Any]) -> Any:
        """Make a value, or take what this or another process is making now."""
        return self._flights.share(key, lambda: self._load(kind, key, compute))

    def load_many(
        self, kind: Kind, names: Sequence[str], compute: Callable[[list[str]], Mapping[str, Any]]
    ) -> dict[str, Any]:
        """Make values by one call, but for those that somebody else is making now; of these wait for each."""
        made: dict[str, Any] = {}
        flights = self._flights.board(names)
        try:
            found = self._load_many(kind, list(flights), compute) if flights else {}
            for name, (value, current) in found.items():
                made[name] = flights[name].value = value
                flights[name].shared = current
        finally:  # before waiting for others, who may wait for these
            self._flights.land(flights)
        for name in names:
            if name not in made:
                made[name] = self.load(kind, name, lambda name=name: compute([name]).get(name))  # type: ignore[misc]
        return made

    def refresh(self, kind: Kind, key: str, seen: Entry, compute: Callable[[], Any]) -> None:
        """Make a value anew in another thread, if nobody does so yet, here or elsewhere."""
        if key in self._refreshing or len(self._refreshing) >= MOST_REFRESHES:
            return
        self._refreshing.add(key)
        if self._refresher is None:
            self._refresher = ThreadPoolExecutor(REFRESHERS, thread_name_prefix="haven-cache")
        self._refresher.submit(self._refresh, kind, key, seen, compute)

    def _load(self, kind: Kind, key: str, compute: Callable[[], Any]) -> tuple[Any, bool]:
        """Make a value, or wait for the process that does; and whether it is up to date."""
        token, since = secrets.token_hex(8), time.monotonic()
        try:
            while True:
                with deadline(READ_DEADLINE):
                    versions, begun = self._shelf.begin(kind, (key,), token)
                mine, entry = begun[key]
                value = value_of(entry)
                if entry is not None and value is not MISS and entry.fresh_until > time.time():
                    if mine:  # it was stored between our look and now
                        self._shelf.give_up(kind, (key,), token)
                    return value, True
                if mine:
                    break
                self._wait(key, since)
        except RedisError:
            return compute(), True
        return self._make(kind, (key,), lambda: {key: compute()}, versions, token)[key]

    def _wait(self, key: str, since: float) -> None:
        while self._shelf.leased(key):
            time.sleep(min(SLOWEST_POLL, max(POLL, POLL_PART * (time.monotonic() - since))))

    def _load_many(
        self, kind: Kind, names: list[str], compute: Callable[[list[str]], Mapping[str, Any]]
    ) -> dict[str, tuple[Any, bool]]:
        """Those that no other process is making, by one call."""

        def complete(wanted: list[str]) -> dict[str, Any]:
            made = compute(wanted)
            return {name: made.get(name) for name in wanted}

        token = secrets.token_hex(8)
        try:
            with deadline(READ_DEADLINE):
                versions, begun = self._shelf.begin(kind, names, token)
        except RedisError:
            return {name: (value, True) for name, value in complete(names).items()}
        mine = [name for name, (is_mine, _) in begun.items() if is_mine]
        return self._make(kind, mine, lambda: complete(mine), versions, token) if mine else {}

    def _make(
        self,
        kind: Kind,
        names: Sequence[str],
        compute: Callable[[], dict[str, Any]],
        versions: Sequence[str],
        token: str,
    ) -> dict[str, tuple[Any, bool]]:
        started = time.monotonic()
        current: dict[str, bool] = {}
        try:
            made = compute()
            took = time.monotonic() - started
            with suppress(RedisError), deadline(READ_DEADLINE):
                current = self._shelf.end(kind, made, took, versions, token)
        except BaseException:  # also of a value that JSON can't say
            with suppress(RedisError), deadline(READ_DEADLINE):
                self._shelf.give_up(kind, names, token)
            raise
        return {name: (value, current.get(name, True)) for name, value in made.items()}

    def _refresh(self, kind: Kind, key: str, seen: Entry, compute: Callable[[], Any]) -> None:
        token = secrets.token_hex(8)
        try:
            with deadline(READ_DEADLINE):
                versions, begun = self._shelf.begin(kind, (key,), token)
            mine, entry = begun[key]
            if mine and entry is not None and entry.fresh_until > seen.fresh_until:
                self._shelf.give_up(kind, (key,), token)  # somebody was quicker
            elif mine:
                self._make(kind, (key,), lambda: {key: compute()}, versions, token)
                metrics.cache_asked("refresh")
        except Exception as error:  # noqa: BLE001 - the old one is served meanwhile; after its end the error is the caller's
            log.warning("cache.refresh_failed", key=key, error=str(error))
        finally:
            self._refreshing.discard(key)
