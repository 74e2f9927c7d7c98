"""No memory left, no disk left."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from app.errors import StoreFull
from app.local import RedisCluster
from tests.integration.guardian.audit import Audited, until
from tests.integration.guardian.conftest import QUICK, store_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.local.nodes import Node
    from app.store import Store
    from tests.integration.engines import Engine


def fill(store: Store) -> None:
    for number in range(10_000):
        store.redis.set(f"full:{number}", "x" * 10_000)


def test_full_memory_refuses_writes_and_nothing_else_changes(cluster: RedisCluster, store: Store) -> None:
    primary = cluster.primary()
    used = max(int(node.client.info("memory")["used_memory"]) for node in cluster.nodes)  # other tests' data as well
    for node in cluster.nodes:
        node.client.config_set("maxmemory", used + 2_000_000)
    try:
        with pytest.raises(StoreFull):
            fill(store)
        before = primary.heartbeat()
        time.sleep(3)
        assert primary.heartbeat() > before  # the heartbeat still gets through
        assert cluster.primary() is primary
        assert cluster.trouble() == ""
        assert store.redis.get("full:0")
    finally:
        for node in cluster.nodes:
            node.client.config_set("maxmemory", "256mb")
        primary.client.flushdb()


@pytest.fixture
def small_disks(engine: Engine, tmp_path: Path) -> Iterator[RedisCluster]:
    """A cluster whose first node has a disk of its own: small, but no log of this test's writes fills it again."""
    place = tmp_path / "redis-1"
    place.mkdir()
    if os.geteuid() or not shutil.which("mount"):
        pytest.skip("only root can mount a small disk")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    try:
        with RedisCluster(tmp_path, binary=engine.path, settings=QUICK) as running:
            yield running
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)  # noqa: S607


def keep(cluster: RedisCluster, node: Node, seconds: float) -> None:
    """Start it whenever it has ended, as a kubelet does, until all is well.

    Until its disk has been written to once more, a replica ends itself at the next command that it can't keep, rather
    than count as a copy.
    """
    end = time.monotonic() + seconds
    while cluster.trouble() and time.monotonic() < end:
        node.start()
        time.sleep(0.1)
    cluster.wait_healthy(0)


def test_a_primary_whose_disk_is_full_hands_over_and_nobody_is_told_an_error(small_disks: RedisCluster) -> None:
    cluster = small_disks
    full = cluster.node(1)
    assert cluster.primary() is full
    filler = full.directory.parent / "filler"
    store = store_of(cluster)
    with Audited(cluster, store, "disk") as book:
        since = time.monotonic()
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4_096)
        until(lambda: cluster.primary() is not full, 40)
        book.writer.until_back(since, 20)
        filler.unlink()
        keep(cluster, full, 60)
    store.close()
    assert book.writer.errors == []
    assert cluster.primary() is not full
    assert "can't save" in cluster.guardian(1).log.read_text()
