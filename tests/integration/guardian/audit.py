"""Count what was acknowledged, and look for it in a place of its own: on the primary, past every client."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from redis.exceptions import RedisError

from app.local import LocalError
from tests.bench.writing import Writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.local import RedisCluster
    from app.local.nodes import RedisNode
    from app.store import Store

LEAST = 50


class Audited:
    """Durable writes at a steady rate while faults happen in the block; then a count of what is missing.

    Args:
        cluster: written to.
        store: with which.
        name: makes the keys unique.
    """

    def __init__(self, cluster: RedisCluster, store: Store, name: str) -> None:
        self._cluster = cluster
        self._store = store
        self.writer = Writer(self._write, f"{name}:")
        self.least = LEAST

    def _write(self, key: str) -> None:
        with self._store.durable() as pipe:
            pipe.set(key, "v")

    def __enter__(self) -> Self:
        self.writer.__enter__()
        time.sleep(0.5)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            with suppress(LocalError):
                self._cluster.wait_healthy(60)
        self.writer.__exit__()
        if kind is not None:
            return
        self._cluster.wait_healthy(60)
        client: Any = self._cluster.primary().client
        missing = self.writer.missing(client.mget)
        assert missing == 0, f"{missing} of {len(self.writer.acknowledged)} acknowledged writes are gone"
        assert len(self.writer.acknowledged) >= self.least, self.writer.errors[:3]


def until(condition: Callable[[], object], timeout: float = 20.0) -> None:
    """Wait for something that must come true; servers may be away meanwhile."""
    end = time.monotonic() + timeout
    while True:
        with suppress(LocalError, RedisError):
            if condition():
                return
        assert time.monotonic() < end, f"it did not come true within {timeout} s"
        time.sleep(0.03)


def primaries(cluster: RedisCluster) -> list[RedisNode]:
    """The nodes that say now that they are primary."""
    return [node for node in cluster.nodes if node.alive and node.is_primary]


def ordinal(cluster: RedisCluster, node: RedisNode) -> int:
    """A node's ordinal, counted from 1."""
    return cluster.nodes.index(node) + 1


def empty(node: RedisNode) -> None:
    """Lose a dead node's disk."""
    assert not node.alive
    for file in sorted(node.directory.rglob("*"), reverse=True):
        if file.name not in {"log", "pid", "redis.conf"} and file.is_file():
            file.unlink()


def heal(cluster: RedisCluster) -> None:
    """Bring everything back."""
    sentinels = [cluster.sentinel(place) for place in range(1, len(cluster.nodes) + 1)]
    for process in (*cluster.nodes, *sentinels, *cluster.guardians):
        process.thaw()
        if not process.alive:
            process.start()
    for node in cluster.nodes:
        node.wait_ready()
