"""Sentinel as well-known charts set it up: no guardian, roles by configuration, redis-py's own client."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

import redis
from redis.exceptions import RedisError

from app.guardian import seed
from app.guardian.settings import Settings, Timings
from app.local.binaries import find_redis
from app.local.conf import MASTER_NAME
from app.local.nodes import RedisNode, SentinelNode, command
from app.local.ports import LOOPBACK, free_ports
from app.local.views import look, named_primary, see

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 3


class PlainCluster:
    """Three pairs of Redis and Sentinel.

    Args:
        directory: for everything.
        timings: Sentinel's; of the periods only those that Sentinel has by itself count.
    """

    def __init__(self, directory: Path, timings: Timings) -> None:
        binary = find_redis().path
        ports = free_ports(2 * SIZE)
        self._timings = timings
        self._root = directory
        self.nodes = []
        for place, port in enumerate(ports[:SIZE]):
            node = RedisNode(f"redis-{place}", binary, port, directory / f"redis-{place}", replica=False)
            # the primary comes back as what Sentinel last made of it, as with the charts that ask Sentinel at the start
            self.nodes.append(node)
        self.sentinels = [
            SentinelNode(place + 1, binary, port, directory / f"sentinel-{place}")
            for place, port in enumerate(ports[SIZE:])
        ]

    def __enter__(self) -> Self:
        for node in self.nodes:
            node.start()
            node.wait_ready()
        for node in self.nodes[1:]:
            command(node.client, "REPLICAOF", LOOPBACK, self.nodes[0].port)
        addresses = tuple((LOOPBACK, node.port) for node in self.nodes)
        watching = tuple((LOOPBACK, sentinel.port) for sentinel in self.sentinels)
        for place, sentinel in enumerate(self.sentinels):
            own = Settings(
                names=tuple(node.name for node in self.nodes),
                me=place,
                redis=addresses,
                sentinels=watching,
                own_redis=addresses[place],
                own_sentinel=watching[place],
                master=MASTER_NAME,
                quorum=2,
                timings=self._timings,
                conf=str(sentinel.conf),
            )
            seed.write(own, primary=0, epoch=0)
            sentinel.start()
            sentinel.wait_ready()
        self.wait_healthy(30)
        return self

    def __exit__(self, *_: object) -> None:
        for process in (*self.sentinels, *self.nodes):
            process.terminate()
        for process in (*self.sentinels, *self.nodes):
            process.stop(2.0)
            process.close()

    def client(self) -> redis.Redis:
        """redis-py's client for the primary, as its documentation shows it."""
        sentinel = redis.Sentinel([(LOOPBACK, node.port) for node in self.sentinels], socket_timeout=0.5)
        found: redis.Redis = sentinel.master_for(MASTER_NAME, socket_timeout=0.5)
        return found

    def primary(self) -> RedisNode:
        """The node that a majority of the Sentinels name."""
        named = named_primary([view for sentinel in self.sentinels if (view := look(sentinel))], SIZE)
        return next(node for node in self.nodes if node.port == named)

    def fail_over(self) -> None:
        """SENTINEL FAILOVER, as the charts' preStop hooks send it."""
        command(self.sentinels[0].client, "SENTINEL", "FAILOVER", MASTER_NAME)

    def wait_healthy(self, timeout: float) -> None:
        """Wait for one primary with two linked replicas that all Sentinels name; make a stray node follow."""
        end = time.monotonic() + timeout
        while not self._healthy() and time.monotonic() < end:
            time.sleep(0.1)

    def _healthy(self) -> bool:
        views = [view for sentinel in self.sentinels if (view := look(sentinel))]
        named = named_primary(views, SIZE)
        if len(views) < SIZE or not all(view.calm and view.primary == named for view in views):
            return False
        seen = [found for node in self.nodes if (found := see(node))]
        for node in self.nodes:
            found = see(node)
            if found and found.primary and node.port != named:  # an init container would have asked Sentinel
                with suppress(RedisError):
                    command(node.client, "REPLICAOF", LOOPBACK, named or 0)
        linked = [found for found in seen if found.linked and found.follows == named]
        return len(seen) == SIZE and len(linked) == SIZE - 1 and all(view.replicas == SIZE - 1 for view in views)
