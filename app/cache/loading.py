"""Making a value once: in this process, among all processes, or in the background while the old one is served."""

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
from app.store import deadline, keys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.cache.codec import Entry
    from app.cache.policy import Policy
    from app.cache.shelf import Shelf

log = structlog.get_logger(__name__)

READ_DEADLINE: Final = 1.0
"""Seconds: the value can be computed, so waiting longer for Redis would only be slower."""
POLL: Final = 0.002
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


class Wanted:
    """A value that is asked for, with all that can be said of it beforehand."""

    __slots__ = ("all_keys", "key", "names", "place", "policy", "tag_keys", "tags")

    def __init__(self, key: str, policy: Policy, tags: tuple[str, ...]) -> None:
        self.key = key
        self.policy = policy
        self.tags = tags
        self.place = keys.cache(key)
        self.tag_keys = [keys.cache_tag(tag) for tag in tags]
        self.names = codec.names(tags)
        self.all_keys = [self.place, keys.cache_lease(key), *self.tag_keys]


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

    def alone(self, wanted: Wanted, compute: Callable[[], Any]) -> Any:
        """Make a value without Redis, once in this process."""
        return self._flights.share(wanted.key, lambda: (compute(), True))

    def load(self, wanted: Wanted, compute: Callable[[], Any]) -> Any:
        """Make a value, or take what this or another process is making now."""
        return self._flights.share(wanted.key, lambda: self._load(wanted, compute))

    def refresh(self, wanted: Wanted, seen: Entry, compute: Callable[[], Any]) -> None:
        """Make a value anew in another thread, if nobody does so yet, here or elsewhere."""
        if wanted.key in self._refreshing or len(self._refreshing) >= MOST_REFRESHES:
            return
        self._refreshing.add(wanted.key)
        if self._refresher is None:
            self._refresher = ThreadPoolExecutor(REFRESHERS, thread_name_prefix="haven-cache")
        self._refresher.submit(self._refresh, wanted, seen, compute)

    def _load(self, wanted: Wanted, compute: Callable[[], Any]) -> tuple[Any, bool]:
        """Make a value, or wait for the process that does; and whether it is up to date."""
        token, pause = secrets.token_hex(8), POLL
        try:
            while True:
                with deadline(READ_DEADLINE):
                    mine, entry, versions = self._shelf.begin(wanted, token)
                value = value_of(entry)
                if entry is not None and value is not MISS and entry.fresh_until > time.time():
                    if mine:  # it was stored between our look and now
                        self._shelf.give_up(wanted, token)
                    return value, True
                if mine:
                    break
                while self._shelf.leased(wanted.key):
                    time.sleep(pause)
                    pause = min(2 * pause, SLOWEST_POLL)
        except RedisError:
            return compute(), True
        return self._make(wanted, compute, versions, token)

    def _make(
        self, wanted: Wanted, compute: Callable[[], Any], versions: Sequence[str], token: str
    ) -> tuple[Any, bool]:
        started = time.monotonic()
        try:
            value = compute()
        except BaseException:
            with suppress(RedisError), deadline(READ_DEADLINE):
                self._shelf.give_up(wanted, token)
            raise
        took = time.monotonic() - started
        current = True
        with suppress(RedisError), deadline(READ_DEADLINE):
            current = self._shelf.end(wanted, value, took, versions, token)
        return value, current

    def _refresh(self, wanted: Wanted, seen: Entry, compute: Callable[[], Any]) -> None:
        token = secrets.token_hex(8)
        try:
            with deadline(READ_DEADLINE):
                mine, entry, versions = self._shelf.begin(wanted, token)
            if mine and entry is not None and entry.fresh_until > seen.fresh_until:
                self._shelf.give_up(wanted, token)  # somebody was quicker
            elif mine:
                self._make(wanted, compute, versions, token)
                metrics.cache_asked("refresh")
        except Exception as error:  # noqa: BLE001 - the old one is served meanwhile; after its end the error is the caller's
            log.warning("cache.refresh_failed", key=wanted.key, error=str(error))
        finally:
            self._refreshing.discard(wanted.key)
