"""The cache as the application uses it. Redis trouble never becomes an error of a read: the value is computed."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from redis.exceptions import RedisError

from app.cache import codec
from app.cache.loading import MISS, READ_DEADLINE, Loader, Wanted, value_of
from app.cache.policy import Policy
from app.cache.shelf import Shelf
from app.ops import metrics
from app.store import Store, deadline, keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

R = TypeVar("R")

MAX_BYTES: Final = 1 << 20
PRESS_FROM: Final = 16 * 1024


class Cache:
    """Values as JSON, each with a time to live and tags.

    Args:
        store: where they are kept.
        max_bytes: larger values are not kept, characters of their JSON.
        press_from: values from this size on are compressed, characters.
    """

    def __init__(self, store: Store, max_bytes: int = MAX_BYTES, press_from: int = PRESS_FROM) -> None:
        self._shelf = Shelf(store, max_bytes, press_from)
        self._loader = Loader(self._shelf)

    def get(self, key: str) -> Any:
        """The value, or :data:`MISS`; also one that is no longer fresh, but may still be served.

        Raises:
            StoreError: Redis did not answer.
        """
        return value_of(self._shelf.read(keys.cache(key), (), ""))

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
        """Keep values that share a life and tags. Arguments and errors as for :meth:`set`."""
        policy, named = policy_of(ttl), _unique(tags)
        for value in values.values():
            codec.pack(value)  # nothing is kept when one of them can't be
        for key, value in values.items():
            wanted = Wanted(key, policy, named)
            versions = self._shelf.begin(wanted, "")[2] if named else []
            self._shelf.end(wanted, value, 0.0, versions, "")

    def delete(self, *names: str) -> None:
        """Forget values. Loads of them that are under way are not kept.

        Raises:
            StoreError: Redis did not do it.
        """
        if names:
            self._shelf.forget(names, Policy(1).lease)

    def invalidate_by_tag(self, *tags: str) -> None:
        """Make every value stale that carries one of the tags: one command, however many values those are.

        Raises:
            StoreError: Redis did not do it; old values may still be served.
        """
        if tags:
            self._shelf.invalidate(tags)

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
        wanted = Wanted(key, policy_of(ttl), _unique(tags))
        try:
            with deadline(READ_DEADLINE):
                entry = self._shelf.read(wanted.place, wanted.tag_keys, wanted.names)
        except RedisError:  # also a full memory or a foreign type, which is the server's answer and no outage
            metrics.cache_asked("error")
            made: R = self._loader.alone(wanted, compute)
            return made
        value = value_of(entry)
        if entry is not None and value is not MISS:
            left = entry.fresh_until - time.time()
            if wanted.policy.is_due(left, entry.load):
                self._loader.refresh(wanted, entry, background or compute)
            metrics.cache_asked("hit" if left > 0 else "stale")
            found: R = value
            return found
        metrics.cache_asked("miss")
        loaded: R = self._loader.load(wanted, compute)
        return loaded


@functools.lru_cache(256)
def policy_of(ttl: float | Policy) -> Policy:
    """The policy, or one of this time to live.

    Raises:
        ValueError: it is less than a millisecond.
    """
    return ttl if isinstance(ttl, Policy) else Policy(ttl)


def _unique(tags: Iterable[str]) -> tuple[str, ...]:
    if isinstance(tags, str):
        raise TypeError(f"tags={tags!r} would be a tag per letter: give a list of tags")
    return tuple(dict.fromkeys(tags))
