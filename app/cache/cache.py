"""A cache with tags: invalidating a tag is one command, however many values carry it.

A value is stored with the versions its tags had before it was made. A tag's version is a random token; invalidating
deletes the token, so every value that names it is stale at once, and a value whose load began before the invalidation
is not stored. Redis trouble never becomes an error of a read: the value is computed instead.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from flask import current_app
from redis.exceptions import RedisError

from app.ops import metrics
from app.store import Store, deadline, keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

P = ParamSpec("P")
R = TypeVar("R")

READ_DEADLINE = 1.0  # the value can be computed: waiting longer for Redis would only be slower
TAG_LIFE = 2.0  # a tag's version outlives its values by this factor


class _Miss:
    """What the cache answers when it has nothing: None, 0 and '' are values."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "MISS"


MISS: Final = _Miss()


class Cache:
    """Values as JSON, each with a time to live and tags.

    Args:
        store: where they are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, key: str) -> Any:
        """The value, or :data:`MISS`.

        Raises:
            StoreError: Redis did not answer.
        """
        return self._read(key, ())[0]

    def set(self, key: str, value: Any, ttl: float, tags: Iterable[str] = ()) -> None:
        """Keep a value.

        Args:
            key: its name.
            value: anything JSON can say.
            ttl: seconds it lives.
            tags: what it depends on.

        Raises:
            StoreError: Redis did not take it.
            TypeError: JSON can't say it.
            ValueError: the time to live is less than a millisecond.
        """
        names = _unique(tags)
        self._write(key, value, ttl, names, self._versions(names, ttl))

    def delete(self, *names: str) -> None:
        """Forget values.

        Raises:
            StoreError: Redis did not do it.
        """
        if names:
            self._store.redis.unlink(*map(keys.cache, names))

    def invalidate_by_tag(self, *tags: str) -> None:
        """Make every value stale that carries one of the tags.

        Raises:
            StoreError: Redis did not do it; old values may still be served.
        """
        if tags:
            with self._store.durable(repeatable=True) as pipeline:  # lost in a failover, old values would come back
                pipeline.unlink(*map(keys.cache_tag, tags))
            metrics.CACHE_INVALIDATIONS.inc(len(tags))

    def get_or_compute(self, key: str, ttl: float, tags: Iterable[str], compute: Callable[[], R]) -> R:
        """The cached value, or a computed one that is then cached. Redis trouble costs time, never the answer."""
        names = _unique(tags)
        versions: Sequence[str | None]
        try:
            with deadline(READ_DEADLINE):
                value, versions = self._read(key, names)
                if value is MISS:
                    versions = self._versions(names, ttl, versions)
        except RedisError:  # also a full memory, which is the server's answer and no outage
            metrics.CACHE_REQUESTS.labels("error").inc()
            return compute()
        if value is not MISS:
            metrics.CACHE_REQUESTS.labels("hit").inc()
            found: R = value
            return found
        metrics.CACHE_REQUESTS.labels("miss").inc()
        made = compute()
        with suppress(RedisError), deadline(READ_DEADLINE):
            self._write(key, made, ttl, names, versions)
        return made

    def _read(self, key: str, tags: Sequence[str]) -> tuple[Any, list[str | None]]:
        """The value and the versions of the tags that the caller names; one command when those are the value's tags."""
        reply: Any = self._store.redis.mget([keys.cache(key), *map(keys.cache_tag, tags)])
        text: str | None = reply[0]
        versions: list[str | None] = reply[1:]
        if text is None:
            return MISS, versions
        head, _, body = text.partition("\n")
        if head:
            seen = json.loads(head)
            current = dict(zip(tags, versions, strict=True))
            missing = [tag for tag in seen if tag not in current]
            if missing:
                more: Any = self._store.redis.mget(list(map(keys.cache_tag, missing)))
                current.update(zip(missing, more, strict=True))
            if any(current[tag] != version for tag, version in seen.items()):
                return MISS, versions
        return json.loads(body), versions

    def _versions(self, tags: Sequence[str], ttl: float, known: Sequence[str | None] = ()) -> list[str]:
        """The tags' versions before a load; one without gets one, so that an invalidation meanwhile shows."""
        if not tags:
            return []
        if known and all(known):
            return [str(version) for version in known]
        life = int(_milliseconds(ttl) * TAG_LIFE)
        with self._store.redis.pipeline(transaction=False, repeatable=True) as pipeline:
            for tag in tags:
                pipeline.set(keys.cache_tag(tag), secrets.token_hex(8), nx=True, px=life)
            pipeline.mget(list(map(keys.cache_tag, tags)))
            versions: list[str] = pipeline.execute()[-1]
        return versions

    def _write(self, key: str, value: Any, ttl: float, tags: Sequence[str], versions: Sequence[str | None]) -> None:
        head = json.dumps(dict(zip(tags, versions, strict=True)), separators=(",", ":")) if tags else ""
        text = f"{head}\n{json.dumps(value, separators=(',', ':'))}"
        life = _milliseconds(ttl)
        if not tags:
            self._store.redis.set(keys.cache(key), text, px=life)
            return
        names = [keys.cache(key), *map(keys.cache_tag, tags)]
        self._store.run("cache_store", names, [text, life, int(life * TAG_LIFE), *versions], repeatable=True)


def cache_result(
    key_prefix: str, ttl: float, tags: Callable[..., Iterable[str]] | Iterable[str] = ()
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Cache a function's results in the current application's cache, by its arguments.

    Positional and keyword arguments that mean the same are the same call. The result must be JSON.

    Args:
        key_prefix: the keys' beginning; one per function.
        ttl: seconds.
        tags: what the results depend on, or a function of the same arguments that says it.

    Raises:
        ValueError: the time to live is less than a millisecond.
    """
    _milliseconds(ttl)

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def cached(*args: P.args, **kwargs: P.kwargs) -> R:
            cache: Cache = current_app.extensions["haven"].cache
            names = tags(*args, **kwargs) if callable(tags) else tags
            key = f"{key_prefix}:{call_digest(signature, args, kwargs)}"
            return cache.get_or_compute(key, ttl, names, lambda: function(*args, **kwargs))

        return cached

    return decorate


def call_digest(signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """A short name for a call: equal for equal arguments, however they are passed.

    Raises:
        TypeError: an argument is not JSON, so equal arguments can't be recognised.
    """
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    try:
        text = json.dumps(bound.arguments, sort_keys=True, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"a cached call takes only arguments that JSON can say, not {bound.arguments}: {error}"
        ) from None
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _unique(tags: Iterable[str]) -> tuple[str, ...]:
    if isinstance(tags, str):
        raise TypeError(f"tags={tags!r} would be a tag per letter: give a list of tags")
    return tuple(dict.fromkeys(tags))


def _milliseconds(ttl: float) -> int:
    found = int(ttl * 1000)
    if found < 1:
        raise ValueError(f"ttl={ttl}: a value lives for at least 0.001 s")
    return found
