"""The Redis that all contestants are measured on: one primary with one replica, so that durable means something."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from app.local.binaries import find_redis
from app.local.nodes import RedisNode, command
from app.local.ports import LOOPBACK, free_ports

if TYPE_CHECKING:
    from pathlib import Path

SETTLE = 30.0
OVERHEAD = ("mem_total_replication_buffers", "mem_clients_normal", "mem_aof_buffer")


class Pair:
    """A primary and its replica, with an append-only file that is synchronised every second.

    Args:
        directory: for their data.
    """

    def __init__(self, directory: Path) -> None:
        binary = find_redis()
        self.release = binary.release
        self._nodes = [
            RedisNode(name, binary.path, port, directory / name, replica=False)
            for name, port in zip(("primary", "replica"), free_ports(2), strict=True)
        ]
        self.primary, self._replica = self._nodes
        self.port = self.primary.port

    def __enter__(self) -> Self:
        for node in self._nodes:
            node.start()
            node.wait_ready()
        command(self._replica.client, "REPLICAOF", LOOPBACK, self.port)
        self._settle()
        return self

    def __exit__(self, *_: object) -> None:
        for node in reversed(self._nodes):
            node.stop(2.0)
            node.close()

    def empty(self) -> None:
        """Forget everything, on the replica too."""
        command(self.primary.client, "FLUSHALL", "SYNC")
        self._settle()

    def memory(self) -> int:
        """Bytes of the data: without what clients, the replica and the append-only file hold for a while."""
        found = self.primary.client.info("memory")
        return int(found["used_memory"]) - sum(int(found[name]) for name in OVERHEAD)

    def _settle(self) -> None:
        """Wait until the replica is linked and has everything.

        Raises:
            TimeoutError: it does not get there.
        """
        deadline = time.monotonic() + SETTLE
        while time.monotonic() < deadline:
            here, there = self.primary.replication(), self._replica.replication()
            linked = there.get("master_link_status") == "up"
            if linked and here["connected_slaves"] == 1 and there["slave_repl_offset"] >= here["master_repl_offset"]:
                return
            time.sleep(0.02)
        raise TimeoutError(f"the replica did not catch up within {SETTLE:g} s")
