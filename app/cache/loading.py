"""Making values once: in this process, among all processes, or in the background while the old one is served."""

from __future__ import annotations

import secrets
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import structlog
from redis.exceptions import RedisError

from app.cache import codec
from app.cache.flight import Flight, Flights
from app.ops import metrics
from app.store import deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from app.cache.codec import Entry
    from app.cache.kind import Begun, Kind
    from app.cache.shelf import Shelf

log = structlog.get_logger(__name__)

READ_DEADLINE: Final = 1.0
"""Seconds: the value can be computed, so waiting longer for Redis would only be slower."""
POLL: Final = 0.002
POLL_PART: Final = 0.02
"""Of the time waited so far: so nobody waits longer than the load and a fiftieth of it."""
SLOWEST_POLL: Final = 0.05
MOST_REFRESHES: Final = 8
"""At once in a process; what is not made anew now is by whoever reads it next."""
FAILED: Final = 1.0
"""Seconds after which a value is tried to be made anew once more."""


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

    def alone(self, kind: Kind, key: str, compute: Callable[[], Any]) -> Any:
        """Make a value without Redis, once in this process."""

        def make(flight: Flight) -> tuple[Any, bool]:
            flight.arm(None)
            return compute(), True

        def is_current(flight: Flight) -> bool:
            return flight.versions(READ_DEADLINE) is None  # of any other, only Redis could tell

        return self._flights.share(key, make, is_current, kind.policy.lease)

    def load(self, kind: Kind, key: str, compute: Callable[[], Any]) -> Any:
        """Make a value, or take what this or another process is making now."""

        def make(flight: Flight) -> tuple[Any, bool]:
            return self._load(kind, key, compute, flight)

        def is_current(flight: Flight) -> bool:
            began_under = flight.versions(READ_DEADLINE)
            if began_under is None or not kind.tag_keys:
                return began_under is not None
            with suppress(RedisError), deadline(READ_DEADLINE):
                return self._shelf.versions(kind) == began_under
            return False

        return self._flights.share(key, make, is_current, kind.policy.lease)

    def load_many(
        self, kind: Kind, names: Sequence[str], compute: Callable[[list[str]], Mapping[str, Any]]
    ) -> dict[str, Any]:
        """Make values by one call, but for those that somebody else is making now; of these wait for each."""
        made: dict[str, Any] = {}
        flights = self._flights.board(names)
        try:
            found = self._load_many(kind, flights, compute) if flights else {}
            for name, (value, current) in found.items():
                made[name] = value
                flights[name].bring(value, shared=current)
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
        # a thread of its own, which no end of the process waits for
        thread = threading.Thread(
            target=self._refresh, args=(kind, key, seen, compute), name="haven-cache", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:  # no more threads
            self._refreshing.discard(key)

    def _load(self, kind: Kind, key: str, compute: Callable[[], Any], flight: Flight) -> tuple[Any, bool]:
        """Make a value, or wait for the process that does; and whether it is up to date.

        If that process fails, or takes too long, this one makes the value at once, though a third may, too: nobody
        waits for one failure after the other.
        """
        token, since, failed = secrets.token_hex(8), time.monotonic(), False
        try:
            while True:
                with deadline(READ_DEADLINE):
                    versions, found = self._shelf.begin(kind, (key,), token)
                flight.arm(versions)
                begun = found[key]
                value = value_of(begun.entry)
                if value is not MISS and begun.lives > kind.policy.stale:
                    if begun.mine:  # it was stored between our look and now
                        self._shelf.give_up(kind, (key,), token)
                    return value, True
                if begun.mine or failed or time.monotonic() > since + kind.policy.lease:
                    break
                failed = self._ended_early(key, begun, since)
        except RedisError:
            flight.arm(None)
            return compute(), True
        return self._make(kind, (key,), lambda: {key: compute()}, versions, token)[key]

    def _ended_early(self, key: str, begun: Begun, since: float) -> bool:
        """Wait for whoever makes a value; whether that came to an end in time. If there is no value then, it failed."""
        now = time.monotonic()
        end = now + begun.left
        while (now := time.monotonic()) < end:
            with deadline(READ_DEADLINE):
                if self._shelf.holder(key) != begun.holder:
                    return True
            time.sleep(min(SLOWEST_POLL, max(POLL, POLL_PART * (now - since)), end - now))
        return False

    def _load_many(
        self, kind: Kind, flights: Mapping[str, Flight], compute: Callable[[list[str]], Mapping[str, Any]]
    ) -> dict[str, tuple[Any, bool]]:
        """Those that no other process is making, by one call."""

        def complete(wanted: list[str]) -> dict[str, Any]:
            made = compute(wanted)
            return {name: made.get(name) for name in wanted}

        token, versions = secrets.token_hex(8), None
        try:
            with deadline(READ_DEADLINE):
                versions, found = self._shelf.begin(kind, list(flights), token)
        except RedisError:
            found = {}
        for flight in flights.values():
            flight.arm(versions)
        if versions is None:
            return {name: (value, True) for name, value in complete(list(flights)).items()}
        mine = [name for name, begun in found.items() if begun.mine]
        return self._make(kind, mine, lambda: complete(mine), versions, token) if mine else {}

    def _make(
        self,
        kind: Kind,
        names: Sequence[str],
        compute: Callable[[], dict[str, Any]],
        versions: Sequence[str],
        token: str,
        pause: float = 0.0,
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
                self._shelf.give_up(kind, names, token, pause)
            raise
        return {name: (value, current.get(name, True)) for name, value in made.items()}

    def _refresh(self, kind: Kind, key: str, seen: Entry, compute: Callable[[], Any]) -> None:
        token = secrets.token_hex(8)
        try:
            with deadline(READ_DEADLINE):
                versions, found = self._shelf.begin(kind, (key,), token, refresh=True)
            begun = found[key]
            if not begun.mine:
                return
            quicker = begun.entry is not None and begun.entry.fresh_until > seen.fresh_until
            # by the server's clock: this process' may be wrong
            if quicker or not kind.policy.may_be_due(begun.lives - kind.policy.stale, seen.load):
                self._shelf.give_up(kind, (key,), token)
                return
            self._make(kind, (key,), lambda: {key: compute()}, versions, token, FAILED)
            metrics.cache_asked("refresh")
        except Exception as error:  # noqa: BLE001 - the old one is served meanwhile; after its end the error is the caller's
            log.warning("cache.refresh_failed", key=key, error=str(error))
        finally:
            self._refreshing.discard(key)
