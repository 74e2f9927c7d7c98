"""Seconds for a GB of backup and of restore, with many small keys and with fewer large ones, on loopback.

Usage: python -m tests.bench.backup [MIB]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.backup.bring import Wishes, bring
from app.backup.make import make
from app.config import load_config
from app.local import RedisCluster, RedisServer
from app.store import create_store, keys

if TYPE_CHECKING:
    from app.config import Config
    from app.store import Store

KINDS: Final = {"sessions of 500 bytes": 500, "values of 10 KiB": 10 * 1024}
AT_ONCE: Final = 1000
GB: Final = 1e9


def fill(store: Store, size: int, number: int) -> None:
    """Keys with content that does not compress, half of it, as is usual."""
    for start in range(0, number, AT_ONCE):
        with store.redis.pipeline(transaction=False) as pipe:
            for each in range(start, min(number, start + AT_ONCE)):
                data = os.urandom(size // 2) + b"x" * (size // 2)
                pipe.hset(keys.session(f"{each:064x}"), mapping={"d:data": data, "user": "1"})
                pipe.pexpire(keys.session(f"{each:064x}"), 86_400_000)
            pipe.execute()


def measure(kind: str, size: int, total: int, source: Config, target: Config, directory: Path) -> None:
    """Print a line of the table."""
    store = create_store(source)
    number = total // size
    fill(store, size, number)
    memory = int(store.redis.info("memory")["used_memory"])
    store.close()
    out = directory / kind.replace(" ", "-")
    path, manifest = make(source, out, counted=False)
    started = time.monotonic()
    make(source, out / "counted.rdb")
    counted = time.monotonic() - started
    started = time.monotonic()
    outcome = bring(target, path, Wishes(), lambda _: None, lambda _: None)
    took = time.monotonic() - started
    assert outcome.missing == 0, outcome
    data = number * size
    figures = (data / 1e6, memory / 1e6, manifest.size / 1e6, manifest.seconds * GB / data)
    rest = (counted * GB / data, took * GB / data, number / took)
    print(
        f"| {number:,} {kind} | {figures[0]:.0f} MB, {figures[1]:.0f} MB in memory, {figures[2]:.0f} MB as a file "
        f"| {figures[3]:.0f} s | {rest[0]:.0f} s | {rest[1]:.0f} s ({rest[2]:,.0f} keys/s) |"
    )


def main() -> None:
    """Run each kind on servers of its own."""
    total = int(float(sys.argv[1]) if len(sys.argv) > 1 else 150) << 20
    print("| what | how much | copied, a GB of data | and counted | restored |\n|---|---|---|---|---|")
    for kind, size in KINDS.items():
        with tempfile.TemporaryDirectory() as name:
            place = Path(name)
            with RedisCluster(place / "cluster") as cluster, RedisServer(place / "target") as server:
                for node in (*cluster.nodes, server.node):
                    node.client.config_set("maxmemory", 0)
                hosts = ",".join(f"{host}:{port}" for host, port in cluster.sentinels)
                source = load_config({"REDIS_SENTINEL_HOSTS": hosts, "REDIS_SENTINEL_MASTER": cluster.master_name})
                measure(kind, size, total, source, load_config({"REDIS_PORT": str(server.port)}), place)


if __name__ == "__main__":
    main()
