"""The cache as the application uses it. Redis trouble never becomes an error of a read: the value is computed."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from redis.exceptions import RedisError

from app.cache.kind import Kind
from app.cache.loading import MISS, READ_DEADLINE, Loader, value_of
from app.cache.policy import Policy
from app.cache.shelf import Shelf
from app.ops import metrics
from app.store import Store, deadline, keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from app.cache.codec import Entry
    from app.cache.local import Local

R = TypeVar("R")

MAX_BYTES: Final = 1 << 20
PRESS_FROM: Final = 16 * 1024


class Cache:
    """Values as JSON, each with a time to live and tags.

    Args:
        store: where they are kept.
        max_bytes: larger values are not kept, characters of their JSON.
        press_from: values from this size on are compressed, characters.
        local: keeps some of them in this process, too.
    """

    def __init__(
        self, store: Store, max_bytes: int = MAX_BYTES, press_from: int = PRESS_FROM, local: Local | None = None
    ) -> None:
        self._shelf = Shelf(store, max_bytes, press_from)
        self._loader = Loader(self._shelf)
        self._local = local

    def get(self, key: str) -> Any:
        """The value, or :data:`MISS`; also one that is no longer fresh, but may still be served.

        Raises:
            StoreError: Redis did not answer.
        """
        place = keys.cache(key)
        if self._local is None:
            return value_of(self._shelf.read(place, None))
        return value_of(self._local.get(place) or self._read(place, None))

    def get_many(self, names: Sequence[str]) -> dict[str, Any]:
        """The values that there are, in one round trip, or two if some have tags.

        Raises:
            StoreError: Redis did not answer.
        """
        if not names:
            return {}
        found = {name: value_of(entry) for name, entry in self._shelf.read_many(names).items()}
        return {name: value for name, value in found.items() if value is not MISS}

    def set(self, key: str, value: Any, ttl: float | Policy, tags: Iterable[str] = ()) -> None:
        """Keep a value.

        Args:
            key: its name.
            value: anything JSON can say.
            ttl: seconds it lives, or a policy.
            tags: what it depends on.

        Raises:
            StoreError: Redis did not take it.
            TypeError: JSON can't say it.
            ValueError: the time to live is less than a millisecond.
        """
        self.set_many({key: value}, ttl, tags)

    def set_many(self, values: Mapping[str, Any], ttl: float | Policy, tags: Iterable[str] = ()) -> None:
        """Keep values that share a life and tags, in one round trip. Arguments and errors as for :meth:`set`."""
        self._shelf.put(kind_of(ttl, tags), values)
        self._drop(keys.cache(name) for name in values)

    def delete(self, *names: str) -> None:
        """Forget values. Loads of them that are under way are not kept.

        Raises:
            StoreError: Redis did not do it.
        """
        if names:
            self._shelf.forget(names)
            self._drop(map(keys.cache, names))

    def invalidate_by_tag(self, *tags: str) -> None:
        """Make every value stale that carries one of the tags: one command, however many values those are.

        Raises:
            StoreError: Redis did not do it; old values may still be served.
        """
        if tags:
            self._shelf.invalidate(tags)
            self._drop(map(keys.cache_tag, tags))

    def get_or_compute(
        self,
        key: str,
        ttl: float | Policy,
        tags: Iterable[str],
        compute: Callable[[], R],
        background: Callable[[], R] | None = None,
    ) -> R:
        """The cached value, or a computed one that is then cached. Redis trouble costs time, never the answer.

        However many ask at once, in all processes, one computes. What is computed may depend on the tags only.

        Args:
            key: its name.
            ttl: seconds it is fresh, or a policy.
            tags: what it depends on.
            compute: makes it; its errors are not cached, and are those of all threads that waited for it.
            background: makes it in another thread, for a policy with ``stale`` or ``early``; None: ``compute`` does.
        """
        kind, place = kind_of(ttl, tags), keys.cache(key)
        entry = self._local.get(place) if self._local is not None else None
        how = "hit_local"
        if entry is None:
            how = "hit"
            try:
                with deadline(READ_DEADLINE):
                    entry = self._read(place, kind)
            except RedisError:  # also a full memory or a foreign type, which is the server's answer and no outage
                metrics.cache_asked("error")
                made: R = self._loader.alone(kind, key, compute)
                return made
        value = value_of(entry)
        if entry is not None and value is not MISS:
            left = entry.fresh_until - time.time()
            if kind.policy.is_due(left, entry.load):
                self._loader.refresh(kind, key, entry, background or compute)
            metrics.cache_asked(how if left > 0 else "stale")
            found: R = value
            return found
        metrics.cache_asked("miss")
        loaded: R = self._loader.load(kind, key, compute)
        return loaded

    def get_or_compute_many(
        self,
        names: Sequence[str],
        ttl: float | Policy,
        tags: Iterable[str],
        compute: Callable[[list[str]], Mapping[str, Any]],
    ) -> dict[str, Any]:
        """The values by name: those that are not cached are computed by one call.

        Those that another thread or process is making at the moment are waited for.

        Args:
            names: of the values.
            ttl: seconds they are fresh, or a policy.
            tags: what all of them depend on.
            compute: makes those of the names that it is given; one that it leaves out is None, "there is none".
        """
        kind, wanted = kind_of(ttl, tags), list(dict.fromkeys(names))
        if not wanted:
            return {}
        try:
            with deadline(READ_DEADLINE):
                entries = self._shelf.read_many(wanted)
        except RedisError:
            metrics.cache_asked("error", len(wanted))
            made = compute(wanted)
            return {name: made.get(name) for name in wanted}
        found = {}
        for name, entry in entries.items():
            value, left = value_of(entry), entry.fresh_until - time.time()
            if value is not MISS:
                found[name] = value
                metrics.cache_asked("hit" if left > 0 else "stale")
                if kind.policy.is_due(left, entry.load):
                    self._loader.refresh(kind, name, entry, lambda name=name: compute([name]).get(name))  # type: ignore[misc]
        missing = [name for name in wanted if name not in found]
        if missing:
            metrics.cache_asked("miss", len(missing))
            found |= self._loader.load_many(kind, missing, compute)
        return {name: found[name] for name in wanted}

    def close(self) -> None:
        """End the threads."""
        if self._local is not None:
            self._local.close()

    def _read(self, place: str, kind: Kind | None) -> Entry | None:
        """Read from Redis, and keep it in this process if that is wanted."""
        if self._local is None:
            return self._shelf.read(place, kind)
        mark = self._local.mark()
        entry = self._shelf.read(place, kind)
        if entry is not None:
            self._local.keep(place, entry, mark)
        return entry

    def _drop(self, changed: Iterable[str]) -> None:
        """This process does not wait for Redis to tell it what it did itself."""
        if self._local is not None:
            self._local.drop(list(changed))


def kind_of(ttl: float | Policy, tags: Iterable[str]) -> Kind:
    """The kind of a value.

    Raises:
        TypeError: the tags are a text.
        ValueError: the time to live is less than a millisecond.
    """
    if isinstance(tags, str):
        raise TypeError(f"tags={tags!r} would be a tag per letter: give a list of tags")
    return Kind(policy_of(ttl), tuple(dict.fromkeys(tags)) if tags else ())


@functools.lru_cache(256)
def policy_of(ttl: float | Policy) -> Policy:
    """The policy, or one of this time to live.

    Raises:
        ValueError: it is less than a millisecond.
    """
    return ttl if isinstance(ttl, Policy) else Policy(ttl)
