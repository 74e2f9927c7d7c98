"""A cluster on this machine: Redis, Sentinel and guardian, three of each."""

import secrets
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from redis.exceptions import RedisError

from app.guardian.acl import Users
from app.guardian.settings import Tls
from app.local.access import Access
from app.local.binaries import find_redis
from app.local.conf import MASTER_NAME, names_ports, render_base
from app.local.errors import LocalError
from app.local.guardians import GuardianNode, guardian_environment
from app.local.nodes import RedisNode, SentinelNode
from app.local.ports import LOOPBACK, free_ports
from app.local.views import look, named_primary, see

_GRACE: Final = 2.0
_POLL: Final = 0.05


class RedisCluster:
    """Redis, Sentinel and guardian, three of each, on loopback: one primary, the rest its replicas.

    Ordinals count from 1. Nothing that is killed comes back by itself: `node(1).restart()` brings it back.

    Args:
        directory: one directory for each pair; data in it is used again.
        size: how many pairs.
        ports: of the Redis servers; None picks free ones.
        sentinel_ports: of the Sentinels; None picks free ones.
        guardian_ports: of the guardians; None picks free ones.
        password: for clients of Redis; None for none.
        users: of Redis and Sentinel in place of a password; None for none.
        tls: the certificates of servers and clients; None for plain text.
        passwords: a directory with the users' passwords, which the guardians follow; None: they stay.
        binary: the redis-server to run; None finds one.
        settings: further settings of the guardians.
    """

    master_name = MASTER_NAME

    def __init__(  # noqa: PLR0913 - each is one thing that a test may want otherwise
        self,
        directory: Path,
        size: int = 3,
        *,
        ports: Sequence[int] | None = None,
        sentinel_ports: Sequence[int] | None = None,
        guardian_ports: Sequence[int] | None = None,
        password: str | None = None,
        users: Users | None = None,
        tls: Tls | None = None,
        passwords: Path | None = None,
        binary: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        free = free_ports(3 * size)
        redis = list(ports or free[:size])
        watching = list(sentinel_ports or free[size : 2 * size])
        program = binary or find_redis().path
        root = directory.resolve()
        self.password = password
        self.access = Access(password, users, tls, passwords)
        self.token = secrets.token_urlsafe(24)
        self.nodes = [
            RedisNode(f"redis-{ordinal}", program, port, root / f"redis-{ordinal}" / "redis", self.access)
            for ordinal, port in enumerate(redis, start=1)
        ]
        self._sentinels = [
            SentinelNode(ordinal, program, port, root / f"redis-{ordinal}" / "sentinel", self.access)
            for ordinal, port in enumerate(watching, start=1)
        ]
        self._base, self._base_text = root / "sentinel-base.conf", render_base(None if passwords else users)
        base = {"HAVEN_SENTINEL_BASE": str(self._base)} if self._base_text else {}
        own = {**self.access.of_guardian(), **base, **(settings or {})}
        self.guardians = [
            GuardianNode(
                ordinal,
                port,
                self.token,
                root / f"redis-{ordinal}" / "guardian",
                guardian_environment(
                    ordinal,
                    redis,
                    watching,
                    self._sentinels[ordinal - 1].conf,
                    own | ({"HAVEN_GUARDIAN_FILES": str(root / f"redis-{ordinal}" / "files")} if passwords else {}),
                ),
            )
            for ordinal, port in enumerate(guardian_ports or free[2 * size :], start=1)
        ]

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

    def guardian(self, ordinal: int) -> GuardianNode:
        """Return the guardian with this ordinal, counted from 1."""
        return self.guardians[ordinal - 1]

    def start(self, timeout: float = 30.0) -> None:
        """Start everything and wait until it is healthy.

        Raises:
            LocalError: it is not within `timeout` seconds; nothing is left running.
        """
        try:
            self.forget_former_ports()
            if self._base_text:
                self._base.parent.mkdir(parents=True, exist_ok=True)
                self._base.touch(mode=0o600)
                self._base.write_text(self._base_text)
            for process in (*self.nodes, *self.guardians):
                process.start()
            for sentinel in self._sentinels:
                self._await_conf(sentinel, timeout)
                sentinel.start()
            self.wait_healthy(timeout)
        except LocalError:
            self.stop()
            raise

    def forget_former_ports(self) -> None:
        """Remove what the Sentinels remember if it is about other ports: the guardians then begin anew.

        On one machine a cluster may move to other ports between two runs; elsewhere addresses stay.
        """
        ports = [node.port for node in self.nodes]
        known = [names_ports(sentinel.conf) for sentinel in self._sentinels]
        moved = [
            found is None or found[0] != sentinel.port or found[1] not in ports
            for found, sentinel in zip(known, self._sentinels, strict=True)
        ]
        if any(moved) and any(known):
            for sentinel, gone in zip(self._sentinels, moved, strict=True):
                if gone:
                    sentinel.conf.unlink(missing_ok=True)

    def _await_conf(self, sentinel: SentinelNode, timeout: float) -> None:
        """Wait until the guardian has written the file that its Sentinel begins with."""
        deadline = time.monotonic() + timeout
        guardian = self.guardian(sentinel.ordinal)
        while not sentinel.conf.exists():
            if not guardian.alive:
                raise LocalError(f"{guardian.name} ended at its start", remedy=f"see {guardian.log}")
            if time.monotonic() > deadline:
                raise LocalError(f"{guardian.name} wrote no {sentinel.conf}", remedy=f"see {guardian.log}")
            time.sleep(_POLL)

    def release(self) -> None:
        """End the guardians: the nodes are left as they are."""
        for guardian in self.guardians:
            guardian.terminate()
        for guardian in self.guardians:
            guardian.stop(_GRACE)

    def stop(self) -> None:
        """End everything, guardians and Sentinels first so that nothing fails over; the data stays; may be repeated."""
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
        unfit = [found.port for found in nodes if not found.fit]
        unlinked = [
            found.port for found in nodes if not found.primary and not (found.linked and found.follows == primaries[0])
        ]
        if unlinked:
            return f"no link from the replicas at {unlinked}"
        if unfit:
            return f"the replicas at {unfit} are not fit to be promoted yet"
        return next(filter(None, (self._doubt(sentinel, primaries[0]) for sentinel in self._sentinels)), "")

    def _doubt(self, sentinel: SentinelNode, primary: int) -> str:
        view = look(sentinel)
        if not view:
            return f"{sentinel.name} does not answer"
        if view.primary != primary or not view.calm:
            return f"{sentinel.name} names {view.primary} ({view.flags})"
        if view.peers != len(self._sentinels) - 1:
            return f"{sentinel.name} knows {view.peers} other Sentinels"
        if view.replicas != len(self.nodes) - 1:
            return f"{sentinel.name} knows {view.replicas} replicas"
        try:
            promotable = sentinel.promotable()
        except RedisError:
            return f"{sentinel.name} does not answer"
        # A failover that finds none is tried again only after twice the failover timeout.
        return "" if promotable == view.replicas else f"{sentinel.name} may promote {promotable} replicas"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
