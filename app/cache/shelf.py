"""The cache in Redis: reading, beginning and ending loads, forgetting. Knows nothing of who waits for whom."""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from app.cache import codec
from app.cache.kind import Begun, Kind, pairs
from app.ops import metrics
from app.store import Store, keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.cache.codec import Entry

NOTHING: Final = ("", 0)
"""What is told of a load that came to nothing: no payload, no time."""


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

    def begin(
        self, kind: Kind, names: Sequence[str], token: str, *, refresh: bool = False
    ) -> tuple[list[str], dict[str, Begun]]:
        """Begin loads: the tags' versions, and what was found of each value.

        Args:
            kind: of the values.
            names: of the values.
            token: of the leases.
            refresh: whether the old values are served meanwhile.

        Raises:
            StoreError: Redis did not answer.
        """
        count = len(kind.tag_keys)
        how = "refresh" if refresh else ""
        args = (count, token, kind.lease, kind.tag_life, how, *(secrets.token_hex(8) for _ in kind.tag_keys))
        reply = self._store.run("cache_begin", kind.all_keys(names), args, repeatable=True)
        versions, found = reply[:count], {}
        fields = iter(reply[count:])
        for name, mine, stored, lives, holder, left in zip(names, *[fields] * 5, strict=True):
            entry = None
            with suppress(codec.Unreadable):
                entry = codec.open_entry(stored)
                if entry.tags != kind.line or entry.versions != " ".join(versions):
                    entry = None
            found[name] = Begun(mine == 1, entry, lives / 1000, holder, left / 1000)
        return versions, found

    def holder(self, name: str) -> str | None:
        """Whoever makes this value now, as :class:`Begun` has it.

        Raises:
            StoreError: Redis did not answer.
        """
        found: str | None = self._call(("GET", keys.cache_lease(name)), repeatable=True, name="get")
        return found

    def versions(self, kind: Kind) -> list[str | None]:
        """The tags' versions now.

        Raises:
            StoreError: Redis did not answer.
        """
        found: list[str | None] = self._call(("MGET", *kind.tag_keys), repeatable=True, name="mget")
        return found

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
            kept = f"{before}{' '.join(versions)}{after}", _ms(life + kind.policy.stale)
            payloads += kept if before else NOTHING
        return self._end(kind, list(values), versions, token, payloads)

    def give_up(self, kind: Kind, names: Sequence[str], token: str, pause: float = 0.0) -> None:
        """End loads that came to nothing: whoever waits for them begins one of its own.

        Args:
            kind: of the values.
            names: of the values.
            token: of the leases.
            pause: seconds for which nobody is to make them anew while the old ones are served.

        Raises:
            StoreError: Redis did not answer; the leases run out by themselves.
        """
        self._end(Kind(kind.policy, ()), names, (), token, ["", int(pause * 1000)] * len(names))

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
            self.forget([name for name in sealed if name not in kept])
        if kept:
            fresh = [secrets.token_hex(8) for _ in kind.tag_keys]
            life = _ms(kind.policy.ttl + kind.policy.stale)
            parts = [part for pair in kept.values() for part in pair]
            args = (len(fresh), kind.tag_life, life, *fresh, *parts)
            self._store.run("cache_put", kind.all_keys(list(kept)), args, repeatable=True)

    def _seal(self, kind: Kind, value: Any, life: float, load: float) -> tuple[str, str]:
        text = codec.pack(value)
        if len(text) > self._max_bytes:
            metrics.CACHE_REFUSED.labels("too_large").inc()
            return "", ""
        return codec.seal(text, time.time() + life, load, kind.line, self._press_from)

    def forget(self, names: Sequence[str]) -> None:
        """Forget values; loads that are under way store nothing.

        Raises:
            StoreError: Redis did not do it.
        """
        self._store.run("cache_delete", pairs(names), repeatable=True)

    def invalidate(self, tags: Sequence[str]) -> None:
        """Make every value stale that carries one of the tags: one command.

        Raises:
            StoreError: Redis did not do it; old values may still be served.
        """
        with self._store.durable(repeatable=True) as pipeline:  # lost in a failover, old values would come back
            pipeline.unlink(*map(keys.cache_tag, tags))
        metrics.CACHE_INVALIDATIONS.inc(len(tags))


def _ms(seconds: float) -> int:
    return max(1, int(seconds * 1000))
