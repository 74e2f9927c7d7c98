"""The cache in Redis: reading, beginning and ending a load, forgetting. Knows nothing of who waits for whom."""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from app.cache import codec
from app.ops import metrics
from app.store import Store, keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.cache.codec import Entry
    from app.cache.loading import Wanted
    from app.cache.policy import Policy

TAG_LIFE: Final = 2.0
"""A tag's version outlives its values by this factor."""


class Shelf:
    """What lies in Redis.

    Args:
        store: where.
        max_bytes: larger values are not kept, characters of their JSON.
        press_from: values from this size on are compressed, characters.
    """

    def __init__(self, store: Store, max_bytes: int, press_from: int) -> None:
        self._store = store
        self._call = store.redis.call
        self._max_bytes = max_bytes
        self._press_from = press_from

    def read(self, key: str, tag_keys: Sequence[str], tags: str) -> Entry | None:
        """A valid entry, fresh or not; one command when its tags are those that the caller names.

        Args:
            key: its key in Redis.
            tag_keys: of the tags that the caller names.
            tags: their names, as :func:`codec.names` writes them.

        Raises:
            StoreError: Redis did not answer.
        """
        reply = self._call(("MGET", key, *tag_keys), repeatable=True, name="mget")
        stored = reply[0]
        if stored is None:
            return None
        try:
            entry = codec.open_entry(stored)
            if not entry.tags:
                return entry
            if entry.tags == tags:
                versions = reply[1:]
            else:
                versions = self._call(
                    ("MGET", *map(keys.cache_tag, codec.tag_names(entry))), repeatable=True, name="mget"
                )
        except codec.Unreadable:
            metrics.CACHE_REFUSED.labels("unreadable").inc()
            return None
        return entry if None not in versions and " ".join(versions) == entry.versions else None

    def read_many(self, names: Sequence[str]) -> dict[str, Entry]:
        """The valid ones of these keys: one command, and a second one for their tags.

        Raises:
            StoreError: Redis did not answer.
        """
        reply = self._call(("MGET", *map(keys.cache, names)), repeatable=True, name="mget")
        found: dict[str, Entry] = {}
        tags_of: dict[str, list[str]] = {}
        for name, stored in zip(names, reply, strict=True):
            if stored is not None:
                try:
                    found[name] = codec.open_entry(stored)
                    tags_of[name] = codec.tag_names(found[name])
                except codec.Unreadable:
                    metrics.CACHE_REFUSED.labels("unreadable").inc()
                    found.pop(name, None)
        tags = sorted({tag for of in tags_of.values() for tag in of})
        if tags:
            reply = self._call(("MGET", *map(keys.cache_tag, tags)), repeatable=True, name="mget")
            versions = dict(zip(tags, reply, strict=True))
            found = {
                name: entry
                for name, entry in found.items()
                if " ".join(str(versions[tag]) for tag in tags_of[name]) == entry.versions
            }
        return found

    def begin(self, wanted: Wanted, token: str) -> tuple[bool, Entry | None, list[str]]:
        """Begin a load: whether the lease is ours, a valid entry that was stored meanwhile, the tags' versions.

        Raises:
            StoreError: Redis did not answer.
        """
        fresh = [secrets.token_hex(8) for _ in wanted.tags]
        args = (token, int(wanted.policy.lease * 1000), _tag_life(wanted.policy), *fresh)
        mine, stored, *versions = self._store.run("cache_begin", wanted.all_keys, args, repeatable=True)
        entry = None
        with suppress(codec.Unreadable):
            entry = codec.open_entry(stored or "")
            if entry.tags != wanted.names or entry.versions != " ".join(versions):
                entry = None
        return mine == 1, entry, versions

    def leased(self, name: str) -> bool:
        """Whether somebody makes this value now.

        Raises:
            StoreError: Redis did not answer.
        """
        holder = self._call(("GET", keys.cache_lease(name)), repeatable=True, name="get")
        return holder not in {None, "deleted"}

    def end(self, wanted: Wanted, value: Any, load: float, versions: Sequence[str], token: str) -> bool:
        """Store what was made; whether it was up to date.

        Args:
            wanted: what it is.
            value: what was made.
            load: seconds that it took.
            versions: of the tags, before the load.
            token: of the lease; empty when no load made it.

        Raises:
            StoreError: Redis did not take it.
            TypeError, ValueError: JSON can't say it.
        """
        text, policy = codec.pack(value), wanted.policy
        if len(text) > self._max_bytes:
            metrics.CACHE_REFUSED.labels("too_large").inc()
            return self._end(wanted, "", 0.0, versions, token)
        life = policy.life(value) if token else policy.ttl
        payload = codec.seal(text, time.time() + life, load, wanted.names, versions, self._press_from)
        return self._end(wanted, payload, life + policy.stale, versions, token)

    def give_up(self, wanted: Wanted, token: str) -> None:
        """End a load that came to nothing: whoever waits for it begins one of its own.

        Raises:
            StoreError: Redis did not answer; the lease runs out by itself.
        """
        names = [keys.cache(wanted.key), keys.cache_lease(wanted.key)]
        self._store.run("cache_store", names, ("", 1, 1, token, 1), repeatable=True)

    def _end(self, wanted: Wanted, payload: str, life: float, versions: Sequence[str], token: str) -> bool:
        policy = wanted.policy
        times = (max(1, int(life * 1000)), _tag_life(policy), token, int(policy.lease * 1000))
        return bool(self._store.run("cache_store", wanted.all_keys, (payload, *times, *versions), repeatable=True) == 1)

    def forget(self, names: Sequence[str], remembered: float) -> None:
        """Forget values; loads that are under way store nothing.

        Raises:
            StoreError: Redis did not do it.
        """
        pairs = [each for name in names for each in (keys.cache(name), keys.cache_lease(name))]
        self._store.run("cache_delete", pairs, [int(remembered * 1000)], repeatable=True)

    def invalidate(self, tags: Sequence[str]) -> None:
        """Make every value stale that carries one of the tags: one command.

        Raises:
            StoreError: Redis did not do it; old values may still be served.
        """
        with self._store.durable(repeatable=True) as pipeline:  # lost in a failover, old values would come back
            pipeline.unlink(*map(keys.cache_tag, tags))
        metrics.CACHE_INVALIDATIONS.inc(len(tags))


def _tag_life(policy: Policy) -> int:
    return int((max(policy.ttl, policy.absent or 0) + policy.stale + policy.lease) * 1000 * TAG_LIFE)
