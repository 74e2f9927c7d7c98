"""What breaks Redis makes the alert fire that says so: real faults, guardians and Prometheus, the chart's own rules."""

from __future__ import annotations

import datetime as dt
import math
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
import trustme
from redis.exceptions import OutOfMemoryError, RedisError

from app.guardian.acl import Users
from app.guardian.settings import Tls
from app.local import RedisCluster
from app.local.prometheus import Scraped
from tests.integration.alerts.watching import Watch
from tests.integration.engines import need
from tests.integration.guardian.audit import heal, ordinal, primaries, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.local.nodes import RedisNode

INTERVAL = 0.5
QUICK = {"HAVEN_GUARDIAN_PATIENCE": "2"}
LOOK_BACK = ("HavenRoleFlapping", "HavenFullResync", "HavenWritesRefused")
"""They fire for as long as what happened is half an hour old at most, and half a minute."""
STANDSTILL = 2.5
"""Seconds after which a Sentinel that did not run is in TILT."""


def sources(cluster: RedisCluster) -> list[Scraped]:
    return [Scraped(guardian.port, f"redis-{n}", "redis") for n, guardian in enumerate(cluster.guardians, start=1)]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RedisCluster, Watch]]:
    directory = tmp_path_factory.mktemp("alerts")
    with (
        RedisCluster(directory / "cluster", settings=QUICK) as cluster,
        Watch(directory / "watch", sources(cluster), INTERVAL) as watch,
    ):
        yield cluster, watch


@pytest.fixture
def watch(shared: tuple[RedisCluster, Watch]) -> Watch:
    return shared[1]


@pytest.fixture
def cluster(shared: tuple[RedisCluster, Watch]) -> Iterator[RedisCluster]:
    """A healthy cluster, of which no alert fires. A test may kill or freeze whatever it likes."""
    running, watch = shared
    running.wait_healthy(60)
    watch.wait_calm(45, *LOOK_BACK)
    yield running
    heal(running)


def replicas(cluster: RedisCluster) -> list[RedisNode]:
    return [node for node in cluster.nodes if node is not cluster.primary()]


def name(cluster: RedisCluster, node: RedisNode) -> str:
    return f"redis-{ordinal(cluster, node)}"


def test_a_dead_replica_is_missed_and_without_any_nothing_can_follow(cluster: RedisCluster, watch: Watch) -> None:
    first, second = replicas(cluster)
    first.kill()
    alert = watch.wait("HavenReplicaLinkDown", 15)
    assert alert["annotations"]["description"] == "Only 2 Redis servers answer: one failure less is survived."
    assert "HavenFailoverNotPossible" not in watch.names()
    second.kill()
    watch.wait("HavenFailoverNotPossible", 15)
    watch.wait("HavenWritesRefused", 15, pod=name(cluster, cluster.primary()))


def test_a_replica_without_a_link_is_told_by_its_name_and_lags(cluster: RedisCluster, watch: Watch) -> None:
    lost = replicas(cluster)[0]
    lost.client.config_set("masterauth", "nonsense")
    lost.client.client_kill_filter(_type="master")
    try:
        watch.wait("HavenReplicationLag", 20, pod=name(cluster, lost))
        watch.wait("HavenReplicaLinkDown", 20, pod=name(cluster, lost))
    finally:
        lost.client.config_set("masterauth", "")


def test_nobody_left_is_no_primary(cluster: RedisCluster, watch: Watch) -> None:
    for node in cluster.nodes:
        node.kill()
    watch.wait("HavenNoPrimary", 15)


def test_a_second_primary_is_seen_and_so_is_a_guardian_that_hangs(cluster: RedisCluster, watch: Watch) -> None:
    usurper = replicas(cluster)[0]
    cluster.guardian(ordinal(cluster, usurper)).freeze()  # or it would put it right at once
    usurper.client.replicaof("NO", "ONE")
    watch.wait("HavenManyPrimaries", 8)
    watch.wait("HavenMetricsMissing", 15, severity="ticket", component="redis")


def test_a_snapshot_that_fails_and_disks_that_hold_old_data(cluster: RedisCluster, watch: Watch) -> None:
    primary = cluster.primary()
    in_its_way = primary.directory / "dump.rdb"
    in_its_way.unlink(missing_ok=True)
    in_its_way.mkdir()
    for node in cluster.nodes:
        node.client.config_set("appendonly", "no")
    try:
        primary.client.bgsave()
        watch.wait("HavenPersistenceFailing", 15, pod=name(cluster, primary))
        watch.wait("HavenRestoreAge", 30)
    finally:
        in_its_way.rmdir()
        for node in cluster.nodes:
            node.client.config_set("appendonly", "yes")
        with suppress(RedisError):  # the rewrite that this begins comes first
            primary.client.bgsave(schedule=True)


def test_copies_again_and_again_are_told(cluster: RedisCluster, watch: Watch) -> None:
    for _ in range(7):
        replicas(cluster)[0].client.replicaof("NO", "ONE")  # what it takes in itself no primary knows
        until(lambda: len(primaries(cluster)) == 1, 15)
        cluster.wait_healthy(20)
    watch.wait("HavenFullResync", 15)


def test_a_role_that_goes_round_is_told(cluster: RedisCluster, watch: Watch) -> None:
    for _ in range(5):
        cluster.wait_healthy(30)
        code, outcome = cluster.guardian(ordinal(cluster, cluster.primary())).hand_over()
        assert code == 200, outcome
    watch.wait("HavenRoleFlapping", 15)


def test_a_full_memory_is_near_its_limit_and_takes_no_writes(cluster: RedisCluster, watch: Watch) -> None:
    primary = cluster.primary()
    primary.client.config_set("maxmemory", int(primary.client.info("memory")["used_memory"]) + 4_000_000)
    try:
        with suppress(OutOfMemoryError):
            for number in range(10_000):
                primary.client.set(f"full:{number}", "x" * 100_000)
        watch.wait("HavenWritesRefused", 15, pod=name(cluster, primary))
        watch.wait("HavenMemoryNearLimit", 15, pod=name(cluster, primary))
    finally:
        primary.client.config_set("maxmemory", "256mb")
        primary.client.flushdb()


def test_two_frozen_sentinels_are_a_lost_quorum_and_in_tilt_when_they_wake(cluster: RedisCluster, watch: Watch) -> None:
    for place in (1, 2):
        cluster.sentinel(place).freeze()
    alert = watch.wait("HavenQuorumLost", 15)
    assert alert["annotations"]["description"].startswith("1 Sentinels answer")
    time.sleep(STANDSTILL)
    for place in (1, 2):
        cluster.sentinel(place).thaw()
    watch.wait("HavenSentinelTilt", 15, pod="redis-1")


def test_a_certificate_that_ends_is_told_and_a_guardian_may_ask_for_tilt(tmp_path: Path) -> None:
    engine = need("debian-redis")
    authority = trustme.CA()
    ends = dt.datetime.now(dt.UTC) + dt.timedelta(days=6)
    issued = authority.issue_cert("127.0.0.1", not_after=ends)
    tls = Tls(*(str(tmp_path / part) for part in ("ca.pem", "cert.pem", "key.pem")))
    authority.cert_pem.write_to_path(tls.ca)
    issued.cert_chain_pems[0].write_to_path(tls.cert)
    issued.private_key_pem.write_to_path(tls.key)
    with (
        RedisCluster(tmp_path / "cluster", binary=engine.path, users=Users(), tls=tls) as cluster,
        Watch(tmp_path / "watch", sources(cluster), INTERVAL) as watch,
    ):
        alert = watch.wait("HavenCertificateEnds", 30, server="sentinel")
        assert "ends in 5d 23h" in alert["annotations"]["description"]
        until(lambda: len(watch.prometheus.query("haven_guardian_sentinel_tilt_ratio")) == 3, 10)
        assert not any(math.isnan(s.value) for s in watch.prometheus.query("haven_guardian_sentinel_tilt_ratio"))
