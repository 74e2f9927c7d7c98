"""The cache in Redis: reading, beginning and ending loads, forgetting. Knows nothing of who waits for whom."""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from app.cache import codec
from app.ops import metrics
from app.store import Store, keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.cache.codec import Entry
    from app.cache.policy import Policy

Begun = tuple[bool, "Entry | None"]
TAG_LIFE: Final = 2.0
"""A tag's version outlives its values by this factor when it is made, so that it is seldom prolonged."""


class Kind:
    """What can be said of values before they are there: how they live, and on what they depend.

    Attributes:
        policy: how they live.
        tag_keys: of the tags, in Redis.
        line: the tags' names, as :func:`codec.names` writes them.
    """

    __slots__ = ("line", "policy", "tag_keys")

    def __init__(self, policy: Policy, tags: Sequence[str]) -> None:
        self.policy = policy
        self.tag_keys = [keys.cache_tag(tag) for tag in tags]
        self.line = codec.names(tags)

    def all_keys(self, names: Sequence[str]) -> list[str]:
        """The keys that a load of these values touches."""
        return [*self.tag_keys, *_pairs(names)]

    @property
    def tag_life(self) -> int:
        """Milliseconds that a tag is to live beyond any of these values."""
        policy = self.policy
        return int((max(policy.ttl, policy.absent or 0) + policy.stale + policy.lease) * 1000 * TAG_LIFE)

    @property
    def lease(self) -> int:
        """Milliseconds."""
        return int(self.policy.lease * 1000)


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

    def read(self, place: str, kind: Kind | None) -> Entry | None:
        """A valid entry, fresh or not; one command when its tags are those of the kind that is expected.

        Args:
            place: its key in Redis.
            kind: which is expected; None: whatever it is.

        Raises:
            StoreError: Redis did not answer.
        """
        tag_keys, line = (kind.tag_keys, kind.line) if kind is not None else ((), "")
        reply = self._call(("MGET", place, *tag_keys), repeatable=True, name="mget")
        stored = reply[0]
        if stored is None:
            return None
        try:
            entry = codec.open_entry(stored)
            if not entry.tags:
                return entry
            if entry.tags == line:
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
                    entry = codec.open_entry(stored)
                    tags_of[name] = codec.tag_names(entry)
                    found[name] = entry
                except codec.Unreadable:
                    metrics.CACHE_REFUSED.labels("unreadable").inc()
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

    def begin(self, kind: Kind, names: Sequence[str], token: str) -> tuple[list[str], dict[str, Begun]]:
        """Begin loads: the tags' versions, and of each value whether the lease is ours, and what was stored meanwhile.

        Raises:
            StoreError: Redis did not answer.
        """
        count = len(kind.tag_keys)
        args = (count, token, kind.lease, kind.tag_life, *(secrets.token_hex(8) for _ in kind.tag_keys))
        reply = self._store.run("cache_begin", kind.all_keys(names), args, repeatable=True)
        versions, found = reply[:count], {}
        for index, name in enumerate(names):
            mine, stored = reply[count + 2 * index : count + 2 * index + 2]
            entry = None
            with suppress(codec.Unreadable):
                entry = codec.open_entry(stored)
                if entry.tags != kind.line or entry.versions != " ".join(versions):
                    entry = None
            found[name] = (mine == 1, entry)
        return versions, found

    def leased(self, name: str) -> bool:
        """Whether somebody makes this value now.

        Raises:
            StoreError: Redis did not answer.
        """
        holder = self._call(("GET", keys.cache_lease(name)), repeatable=True, name="get")
        return holder not in {None, "deleted"}

    def end(
        self, kind: Kind, values: Mapping[str, Any], load: float, versions: Sequence[str], token: str
    ) -> dict[str, bool]:
        """Store what was made; of each value whether it was up to date.

        Args:
            kind: of the values.
            values: what was made.
            load: seconds that it took.
            versions: of the tags, before the load.
            token: of the leases.

        Raises:
            StoreError: Redis did not take it.
            TypeError, ValueError: JSON can't say it.
        """
        payloads: list[Any] = []
        for value in values.values():
            life = kind.policy.life(value)
            before, after = self._seal(kind, value, life, load)
            payloads += (f"{before}{' '.join(versions)}{after}" if before else "", _ms(life + kind.policy.stale))
        return self._end(kind, list(values), versions, token, payloads)

    def give_up(self, kind: Kind, names: Sequence[str], token: str) -> None:
        """End loads that came to nothing: whoever waits for them begins one of its own.

        Raises:
            StoreError: Redis did not answer; the leases run out by themselves.
        """
        self._end(Kind(kind.policy, ()), names, (), token, ["", 1] * len(names))

    def _end(
        self, kind: Kind, names: Sequence[str], versions: Sequence[str], token: str, payloads: Sequence[Any]
    ) -> dict[str, bool]:
        args = (len(versions), token, kind.tag_life, *versions, *payloads)
        reply = self._store.run("cache_end", kind.all_keys(names), args, repeatable=True)
        return {name: current == 1 for name, current in zip(names, reply, strict=True)}

    def put(self, kind: Kind, values: Mapping[str, Any]) -> None:
        """Keep values that are there already: one command.

        Raises:
            StoreError: Redis did not take them; they are all there, or none.
            TypeError, ValueError: JSON can't say one of them; none is kept.
        """
        sealed = {name: self._seal(kind, value, kind.policy.ttl, 0.0) for name, value in values.items()}
        kept = {name: parts for name, parts in sealed.items() if parts[0]}
        if len(kept) < len(sealed):  # what was there before is out of date
            self.forget([name for name in sealed if name not in kept], kind.policy.lease)
        if kept:
            fresh = [secrets.token_hex(8) for _ in kind.tag_keys]
            life = _ms(kind.policy.ttl + kind.policy.stale)
            parts = [part for pair in kept.values() for part in pair]
            args = (len(fresh), kind.tag_life, life, kind.lease, *fresh, *parts)
            self._store.run("cache_put", kind.all_keys(list(kept)), args, repeatable=True)

    def _seal(self, kind: Kind, value: Any, life: float, load: float) -> tuple[str, str]:
        text = codec.pack(value)
        if len(text) > self._max_bytes:
            metrics.CACHE_REFUSED.labels("too_large").inc()
            return "", ""
        return codec.seal(text, time.time() + life, load, kind.line, self._press_from)

    def forget(self, names: Sequence[str], remembered: float) -> None:
        """Forget values; loads that are under way store nothing.

        Raises:
            StoreError: Redis did not do it.
        """
        self._store.run("cache_delete", _pairs(names), [int(remembered * 1000)], repeatable=True)

    def invalidate(self, tags: Sequence[str]) -> None:
        """Make every value stale that carries one of the tags: one command.

        Raises:
            StoreError: Redis did not do it; old values may still be served.
        """
        with self._store.durable(repeatable=True) as pipeline:  # lost in a failover, old values would come back
            pipeline.unlink(*map(keys.cache_tag, tags))
        metrics.CACHE_INVALIDATIONS.inc(len(tags))


def _pairs(names: Sequence[str]) -> list[str]:
    return [each for name in names for each in (keys.cache(name), keys.cache_lease(name))]


def _ms(seconds: float) -> int:
    return max(1, int(seconds * 1000))
