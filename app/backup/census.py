"""Walking through the keys of a server, group by group, and counting them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from app.backup.groups import GROUPS, Group, group_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis import Redis

AT_ONCE: Final = 500

Keyed = list[tuple[bytes, Group]]


def walk(client: Redis) -> Iterator[Keyed]:
    """All keys with their groups, some hundred at a time."""
    cursor = 0
    while True:
        cursor, found = client.scan(cursor, count=AT_ONCE)
        if found:
            yield [(key, group_of(key)) for key in map(_bytes, found)]
        if not cursor:
            return


def measure(client: Redis, some: Keyed) -> list[int]:
    """What is to be counted of each of these keys; 0 for one that is not there."""
    with client.pipeline(transaction=False) as pipeline:
        for key, group in some:
            pipeline.execute_command(group.measure, key)
        replies: list[Any] = pipeline.execute(raise_on_error=False)
    # a key of another type than its group's is somebody's mistake, and counts as one
    return [1 if isinstance(reply, Exception) else int(reply) for reply in replies]


def count(client: Redis) -> dict[str, int]:
    """How many there are of each group; groups that have none are left out."""
    found: Counter[str] = Counter()
    for some in walk(client):
        for (_, group), number in zip(some, measure(client, some), strict=True):
            found[group.name] += number
    return {group.name: found[group.name] for group in GROUPS if found[group.name]}


def _bytes(key: bytes | str) -> bytes:
    return key if isinstance(key, bytes) else key.encode(errors="surrogateescape")
