"""No memory left, no disk left."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from redis.exceptions import RedisError

from app.errors import StoreFull
from app.local import RedisCluster
from app.local.nodes import command
from tests.integration.guardian.audit import primaries, until
from tests.integration.guardian.conftest import QUICK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.store import Store
    from tests.integration.engines import Engine


def fill(store: Store) -> None:
    for number in range(10_000):
        store.redis.set(f"full:{number}", "x" * 10_000)


def test_full_memory_refuses_writes_and_nothing_else_changes(cluster: RedisCluster, store: Store) -> None:
    primary = cluster.primary()
    for node in cluster.nodes:
        node.client.config_set("maxmemory", "3mb")
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
    """A cluster whose first node has a disk of its own, of a few megabytes."""
    place = tmp_path / "redis-1"
    place.mkdir()
    if os.geteuid() or not shutil.which("mount"):
        pytest.skip("only root can mount a small disk")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)],  # noqa: S607
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


def test_a_primary_whose_disk_is_full_hands_over_and_loses_nothing(small_disks: RedisCluster) -> None:
    cluster = small_disks
    full = cluster.node(1)
    assert cluster.primary() is full
    filler = full.directory.parent / "filler"
    kept = 0
    with filler.open("wb") as file:
        for _ in range(64):
            try:
                file.write(b"x" * 65_536)
                file.flush()
            except OSError:
                break
    acknowledged = []
    end = time.monotonic() + 40
    while cluster_primary(cluster) in {None, full} and time.monotonic() < end:
        kept += 1
        try:
            client = full.client
            client.set(f"disk:{kept}", "x" * 1_000)
            if command(client, "WAIT", 1, 200) >= 1:
                acknowledged.append(f"disk:{kept}")
        except RedisError:
            time.sleep(0.05)
    until(lambda: cluster_primary(cluster) not in {None, full})
    assert "MISCONF" in full.log.read_text() or acknowledged
    new = cluster.primary()
    assert acknowledged
    assert [key for key in acknowledged if not new.client.exists(key)] == []
    assert primaries(cluster) == [new]
    assert any("can't save" in guardian.log.read_text() for guardian in cluster.guardians)
    filler.unlink()
    if not full.alive:
        full.start()
    cluster.wait_healthy(60)


def cluster_primary(cluster: RedisCluster) -> object:
    found = primaries(cluster)
    return found[0] if len(found) == 1 else None
