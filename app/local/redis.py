"""Redis on this machine: one server, or pairs of Redis and Sentinel with automatic failover."""

import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from app.local.binaries import find_redis
from app.local.conf import MASTER_NAME, read_sentinel
from app.local.errors import LocalError
from app.local.keeper import Keeper, look, see, settle
from app.local.nodes import RedisNode, SentinelNode
from app.local.ports import LOOPBACK, free_ports
from app.local.roles import named_primary

_GRACE: Final = 2.0
_POLL: Final = 0.05


class RedisServer:
    """One Redis without replicas, for tests and for trying things out.

    Args:
        directory: its data, log and pid; made if it is missing.
        port: where it listens on loopback; None picks a free one.
        password: for clients; None for none.
    """

    def __init__(self, directory: Path, *, port: int | None = None, password: str | None = None) -> None:
        self.host = LOOPBACK
        self.port = port or free_ports(1)[0]
        self.node = RedisNode("redis", find_redis().path, self.port, directory.resolve(), password, replica=False)

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            LocalError: it does not.
        """
        self.node.start()
        try:
            self.node.wait_ready()
        except LocalError:
            self.stop()
            raise

    def stop(self) -> None:
        """End it; its data stays."""
        self.node.stop(_GRACE)
        self.node.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class RedisCluster:
    """Pairs of Redis and Sentinel on loopback: one primary, the rest its replicas.

    Ordinals count from 1. Nothing that is killed comes back by itself: `node(1).restart()` brings it back.

    Args:
        directory: one directory for each pair; data in it is used again.
        size: how many pairs.
        ports: of the Redis servers; None picks free ones.
        sentinel_ports: of the Sentinels; None picks free ones.
        password: for clients of Redis; None for none.
    """

    master_name = MASTER_NAME

    def __init__(
        self,
        directory: Path,
        size: int = 3,
        *,
        ports: Sequence[int] | None = None,
        sentinel_ports: Sequence[int] | None = None,
        password: str | None = None,
    ) -> None:
        free = free_ports(2 * size)
        binary = find_redis().path
        root = directory.resolve()
        self.password = password
        self.nodes = [
            RedisNode(f"redis-{ordinal}", binary, port, root / f"redis-{ordinal}" / "redis", password)
            for ordinal, port in enumerate(ports or free[:size], start=1)
        ]
        self._sentinels = [
            SentinelNode(ordinal, binary, port, root / f"redis-{ordinal}" / "sentinel")
            for ordinal, port in enumerate(sentinel_ports or free[size:], start=1)
        ]
        self._keeper: Keeper | None = None

    @property
    def sentinels(self) -> list[tuple[str, int]]:
        """Where the Sentinels listen."""
        return [(LOOPBACK, sentinel.port) for sentinel in self._sentinels]

    def node(self, ordinal: int) -> RedisNode:
        """Return the Redis with this ordinal, counted from 1."""
        return self.nodes[ordinal - 1]

    def sentinel(self, ordinal: int) -> SentinelNode:
        """Return the Sentinel with this ordinal, counted from 1."""
        return self._sentinels[ordinal - 1]

    def start(self, timeout: float = 30.0) -> None:
        """Start everything and wait until it is healthy.

        Raises:
            LocalError: it is not within `timeout` seconds; nothing is left running.
        """
        try:
            for node in self.nodes:
                node.start()
            for node in self.nodes:
                node.wait_ready(timeout)
            self.settle()
            for sentinel in self._sentinels:
                sentinel.start()
            for sentinel in self._sentinels:
                sentinel.wait_ready(timeout)
            self.keep()
            self.wait_healthy(timeout)
        except LocalError:
            self.stop()
            raise

    def settle(self) -> None:
        """Give the started Redis servers their roles, and the Sentinels, not yet started, files that name the primary.

        A file that names it already is Sentinel's memory and is left alone.

        Raises:
            LocalError: less than a majority of the Redis servers answers.
        """
        files = [read_sentinel(sentinel.conf) for sentinel in self._sentinels]
        names = [known.primary for known in files if known]
        named = next((name for name in names if 2 * names.count(name) > len(files)), None)
        primary = settle(self.nodes, named)
        epoch = max((known.epoch for known in files if known), default=0)
        wanted = [(sentinel.port, primary) for sentinel in self._sentinels]
        if [(known.port, known.primary) for known in files if known] != wanted:
            for sentinel in self._sentinels:
                sentinel.seed(primary, self.password, epoch)

    def keep(self) -> None:
        """Begin to keep the roles right."""
        self._keeper = Keeper(self.nodes, self._sentinels)
        self._keeper.start()

    def release(self) -> None:
        """End to keep the roles right: the nodes are left as they are."""
        if self._keeper:
            self._keeper.stop()
            self._keeper = None

    def stop(self) -> None:
        """End everything, the Sentinels first so that nothing fails over; the data stays. May be called again."""
        self.release()
        for group in (self._sentinels, self.nodes):
            for process in group:
                process.terminate()
            deadline = time.monotonic() + _GRACE
            for process in group:
                process.stop(max(0.0, deadline - time.monotonic()))
                process.close()

    def primary(self) -> RedisNode:
        """Return the primary that a majority of Sentinels name and that itself says so.

        Raises:
            LocalError: there is none now.
        """
        views = [view for sentinel in self._sentinels if (view := look(sentinel))]
        named = named_primary(views, len(self._sentinels))
        for node in self.nodes:
            if node.port == named and node.alive and node.is_primary:
                return node
        raise LocalError(f"there is no primary now (the Sentinels name {named})")

    def primary_port(self) -> int:
        """Return the port of the primary.

        Raises:
            LocalError: there is none now.
        """
        return self.primary().port

    def wait_healthy(self, timeout: float = 30.0) -> None:
        """Wait for one primary with all others linked to it, and Sentinels that agree and know each other.

        Raises:
            LocalError: not within `timeout` seconds; says what is missing.
        """
        deadline = time.monotonic() + timeout
        while missing := self.trouble():
            if time.monotonic() > deadline:
                raise LocalError(f"the Redis cluster is not healthy after {timeout:g} s: {missing}")
            time.sleep(_POLL)

    def trouble(self) -> str:
        """Say what keeps the cluster from being healthy; empty if nothing does."""
        seen = {node.name: see(node) for node in self.nodes}
        silent = [name for name, found in seen.items() if not found]
        if silent:
            return f"{', '.join(silent)} does not answer"
        nodes = [found for found in seen.values() if found]
        primaries = [found.port for found in nodes if found.primary]
        if len(primaries) != 1:
            return f"{len(primaries)} primaries"
        unlinked = [
            found.port for found in nodes if not found.primary and not (found.linked and found.follows == primaries[0])
        ]
        if unlinked:
            return f"no link from the replicas at {unlinked}"
        return next(filter(None, (self._doubt(sentinel, primaries[0]) for sentinel in self._sentinels)), "")

    def _doubt(self, sentinel: SentinelNode, primary: int) -> str:
        view = look(sentinel)
        if not view:
            return f"{sentinel.name} does not answer"
        if view.primary != primary or not view.calm:
            return f"{sentinel.name} names {view.primary} ({view.flags})"
        if view.peers != len(self._sentinels) - 1:
            return f"{sentinel.name} knows {view.peers} other Sentinels"
        return ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
