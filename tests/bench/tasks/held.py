"""Which tasks are still somewhere in Redis, whatever the library's format: late is not lost."""

from __future__ import annotations

import re
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from redis import Redis

from app.local.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = re.compile(rb"task-\d{6}")


def held(port: int) -> set[str]:
    """The names of numbered tasks in the keys and values of this Redis."""
    found: set[str] = set()
    with Redis(host=LOOPBACK, port=port, protocol=2) as client:
        for key in client.scan_iter(count=1000):
            for part in (key, *parts(value_of(client, key))):
                found |= {name.decode() for text in readings(part) for name in NAME.findall(text)}
    return found


def value_of(client: Any, key: bytes) -> Any:
    """The whole value of a key of any type."""
    read = {
        b"string": client.get,
        b"list": lambda name: client.lrange(name, 0, -1),
        b"set": client.smembers,
        b"hash": client.hgetall,
        b"zset": lambda name: client.zrange(name, 0, -1),
        b"stream": client.xrange,
    }
    kind = client.type(key)
    return read[kind](key) if kind in read else None  # it may be gone by now


def parts(value: Any) -> Iterator[bytes]:
    """Every piece of text in a reply."""
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, dict):
        yield from parts(list(value.items()))
    elif isinstance(value, list | tuple | set):
        for item in value:
            yield from parts(item)


def readings(text: bytes) -> Iterator[bytes]:
    """The text as it is, and what it says when it is compressed."""
    yield text
    with suppress(zlib.error):
        yield zlib.decompress(text)
