"""Taking a backup from a cluster with users, while it is used and while it fails."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from redis.exceptions import ResponseError

from app.backup import archive, make, record, stream
from app.backup.make import make as take
from app.errors import BackupError, SourceLost
from app.local.nodes import command
from app.sessions import Sessions
from app.store import keys
from app.store.discovery import SentinelTopology
from tests.integration.backup.conftest import restore, settings, table, with_rights
from tests.integration.helpers import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.config import Config
    from app.local import RedisCluster, RedisServer
    from app.store import Store
    from app.store.topology import Address


def replicas(cluster_store: Store) -> set[Address]:
    assert isinstance(cluster_store.topology, SentinelTopology)
    return {replica.address for view in cluster_store.topology.sentinels.views() for replica in view.replicas}


def test_a_point_in_time_while_others_write(
    cluster: RedisCluster, cluster_store: Store, server: RedisServer, config: Config, tmp_path: Path
) -> None:
    """A writer counts up a pair, both in one transaction: a backup that is of one moment holds equal numbers."""
    stopped = threading.Event()

    def write() -> None:
        number = 0
        while not stopped.is_set():
            number += 1
            with cluster_store.redis.pipeline() as pair:
                pair.mset({f"left:{each}": number for each in range(200)})
                pair.mset({f"right:{each}": number for each in range(200)})
                pair.execute()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        until(lambda: cluster_store.redis.exists("right:0"))
        path, manifest = take(settings(cluster, "replica"), tmp_path)
    finally:
        stopped.set()
        writer.join()

    assert manifest.node in {str(address) for address in replicas(cluster_store)}
    assert manifest.node != str(cluster_store.topology.primary())
    assert manifest.groups is not None
    assert manifest.groups["others"] == 400
    restore(config, path)
    numbers = {server.node.client.get(f"{side}:{each}") for side in ("left", "right") for each in range(200)}
    assert len(numbers) == 1


def test_the_user_for_replicas_is_enough_and_no_other_is_needed(
    cluster: RedisCluster, cluster_store: Store, tmp_path: Path
) -> None:
    Sessions(cluster_store, 600).create(1)
    path, manifest = take(settings(cluster, "replica"), tmp_path / "here")
    assert manifest.groups == {"sessions": 1, "users": 1, "guardian": 1}
    assert archive.check(path) == manifest
    assert record.noted(settings(cluster, "replica"), manifest) == ""
    assert record.last(cluster_store) == record.Record.of(manifest)
    with pytest.raises(ResponseError, match="no permissions"):
        record.last(with_rights(cluster, "replica"))
    with pytest.raises(BackupError, match=r"user 'app'.*\+psync.*`replica`"):
        take(settings(cluster, "app"), tmp_path / "there")
    wrong = settings(cluster, "replica").model_copy(update={"redis_username": "nobody"})
    with pytest.raises(BackupError, match=r"user 'nobody'.*REDIS_PASSWORD"):
        take(wrong, tmp_path / "there")
    assert list((tmp_path / "there").iterdir()) == []


def test_that_it_can_not_be_noted_is_told_and_no_reason_to_fail(
    server: RedisServer, config: Config, tmp_path: Path
) -> None:
    server.node.client.acl_setuser("copies", enabled=True, nopass=True, commands=["+ping", "+replconf", "+psync"])
    limited = config.model_copy(update={"redis_username": "copies", "redis_password": SecretStr("x")})
    _, manifest = take(limited, tmp_path)
    assert "no permissions" in record.noted(limited, manifest)


def test_the_next_node_is_taken_when_one_goes_in_the_middle(
    cluster: RedisCluster, cluster_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster_store.redis.set("big", os.urandom(5_000_000))
    gone: list[Address] = []

    class Interrupted(stream.FullCopy):
        def __iter__(self) -> Iterator[bytes]:
            chunks = super().__iter__()
            yield next(chunks)
            if not gone:
                gone.append(self._address)
                self._socket.shutdown(2)
            yield from chunks

    monkeypatch.setattr(make, "FullCopy", Interrupted)
    path, manifest = take(settings(cluster, "replica"), tmp_path)
    assert manifest.node != str(gone[0])
    assert manifest.groups is not None
    assert manifest.groups["others"] == 1
    assert archive.check(path).size == path.stat().st_size


def test_a_replica_that_is_promoted_in_the_middle_ends_it_and_no_sentinel_takes_us_for_a_replica(
    cluster: RedisCluster, cluster_store: Store
) -> None:
    cluster_store.redis.set("big", os.urandom(20_000_000))  # more than sockets hold: it can't be sent at once
    assert cluster_store.redis.wait(2, 900) == 2  # below the socket's patience; both are done with it
    successor = min(replicas(cluster_store))
    copy = iter(found := stream.FullCopy(settings(cluster, "replica"), successor, 10))
    next(copy)
    place = {node.port: ordinal for ordinal, node in enumerate(cluster.nodes, start=1)}
    code, answer = cluster.guardian(place[cluster.primary_port()]).hand_over(f"redis-{place[successor.port]}")
    assert code == 200, answer
    with pytest.raises(SourceLost, match="in the middle"):
        list(copy)
    found.close()
    until(lambda: cluster_store.topology.primary() == successor)
    cluster.wait_healthy(30)
    assert all(address.port for address in replicas(cluster_store))


def test_never_from_a_primary_that_sentinels_watch(cluster: RedisCluster, cluster_store: Store, tmp_path: Path) -> None:
    primary = cluster_store.topology.primary().port
    for node in cluster.nodes:
        if node.port != primary:
            node.kill()
    assert isinstance(cluster_store.topology, SentinelTopology)
    until(lambda: all(each.down for view in cluster_store.topology.sentinels.views() for each in view.replicas))  # type: ignore[attr-defined]
    with pytest.raises(BackupError, match=r"has no replica that is in step.*never taken from a primary"):
        take(settings(cluster, "replica"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_replica_that_is_back_in_a_moment_is_waited_for(
    cluster: RedisCluster, cluster_store: Store, tmp_path: Path
) -> None:
    """Found by a busy machine: the Sentinel that was believed had yet to hear that the replicas' links were up."""
    frozen = [node for node in cluster.nodes if not node.is_primary]
    for node in frozen:
        node.freeze()
    assert isinstance(cluster_store.topology, SentinelTopology)
    until(lambda: all(each.down for view in cluster_store.topology.sentinels.views() for each in view.replicas))  # type: ignore[attr-defined]
    back = threading.Timer(1, frozen[0].thaw)
    back.start()
    try:
        _, manifest = take(settings(cluster, "replica"), tmp_path)
    finally:
        back.join()
        frozen[1].thaw()
    assert manifest.node == f"127.0.0.1:{frozen[0].port}"


def test_a_single_redis_gives_one_itself(server: RedisServer, config: Config, tmp_path: Path) -> None:
    server.node.client.set(keys.session("x"), "1")
    server.node.client.set("in another database", "1")
    path, manifest = take(config, tmp_path / "mine.rdb")
    assert path == tmp_path / "mine.rdb"
    assert manifest.node == f"{server.host}:{server.port}"
    assert manifest.groups == {"sessions": 1, "others": 1}
    with pytest.raises(BackupError, match="there already"):
        take(config, tmp_path / "mine.rdb")


def test_the_older_form_of_the_stream_too(server: RedisServer, config: Config, tmp_path: Path) -> None:
    """`repl-diskless-sync no`: the server writes its own file first, and says how long it is."""
    server.node.client.set(keys.session("x"), "1")
    server.node.client.config_set("repl-diskless-sync", "no")
    try:
        _, manifest = take(config, tmp_path)
    finally:
        server.node.client.config_set("repl-diskless-sync", "yes")
    assert manifest.groups == {"sessions": 1}


def test_without_an_engine_it_is_made_and_not_counted(server: RedisServer, config: Config, tmp_path: Path) -> None:
    server.node.client.set(keys.session("x"), "1")
    path, manifest = take(config, tmp_path / "a.rdb", counted=False)
    assert manifest.groups is None
    server.node.client.flushall()
    assert table(restore(config, path)) == {"sessions": (None, 1, 1)}


def test_an_engine_that_is_not_empty_is_not_emptied(server: RedisServer, config: Config, tmp_path: Path) -> None:
    server.node.client.set("mine", "1")
    with pytest.raises(BackupError, match=r"not empty \(db0: 1 keys\)"):
        take(config, tmp_path, engine=f"{server.host}:{server.port}")
    assert server.node.client.get("mine") == "1"
    assert command(server.node.client, "ROLE")[0] == "master"
    assert list(tmp_path.iterdir()) == []
