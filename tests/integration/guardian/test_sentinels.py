"""Sentinels die, forget, or are left with what was meant for a moment."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from app.local.nodes import command
from tests.integration.guardian.audit import Audited, ordinal, primaries, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.local import RedisCluster


def periods(cluster: RedisCluster, place: int) -> dict[str, str]:
    flat = command(cluster.sentinel(place).client, "SENTINEL", "DEBUG")
    fields = flat.items() if isinstance(flat, dict) else zip(flat[::2], flat[1::2], strict=True)
    return {str(name): str(value) for name, value in fields}


def test_two_sentinels_die_and_come_back(cluster: RedisCluster, audited: Callable[[], Audited]) -> None:
    with audited() as book:
        since = time.monotonic()
        for place in (1, 2):
            cluster.sentinel(place).kill()
        time.sleep(2)
        for place in (1, 2):
            cluster.sentinel(place).start()
    assert book.writer.gap(since) < 1
    assert book.writer.errors == []


def test_a_primary_that_dies_while_two_sentinels_are_gone_is_replaced_once_they_are_back(
    cluster: RedisCluster, audited: Callable[[], Audited]
) -> None:
    """After that long the replicas' links have been down for longer than Sentinel accepts of a candidate."""
    old = cluster.primary()
    with audited() as book:
        time.sleep(0.5)
        for place in (1, 2):
            cluster.sentinel(place).kill()
        old.kill()
        time.sleep(9)
        assert not primaries(cluster)
        old.start()
        since = time.monotonic()
        for place in (1, 2):
            cluster.sentinel(place).start()
        book.writer.until_back(since, 60)
    assert len(primaries(cluster)) == 1


def test_what_a_sentinel_forgets_or_is_told_wrongly_is_set_again(cluster: RedisCluster) -> None:
    sentinel = cluster.sentinel(2)
    sentinel.restart()
    until(lambda: periods(cluster, 2)["PING-PERIOD"] == "300")
    assert periods(cluster, 2)["INFO-PERIOD"] == "500"
    for setting, value in (("quorum", 1), ("failover-timeout", 60_000), ("down-after-milliseconds", 5_000)):
        command(sentinel.client, "SENTINEL", "SET", cluster.master_name, setting, value)
    wanted = {"quorum": "2", "failover-timeout": "5000", "down-after-milliseconds": "600"}
    until(lambda: wanted.items() <= sentinel.view().items())


def test_a_hint_or_a_hold_does_not_outlive_its_guardian(cluster: RedisCluster) -> None:
    for milliseconds in (60_000, 10):
        before = cluster.primary()
        command(
            cluster.sentinel(1).client, "SENTINEL", "SET", cluster.master_name, "down-after-milliseconds", milliseconds
        )
        until(lambda: cluster.sentinel(1).view()["down-after-milliseconds"] == "600", 8)
        cluster.wait_healthy()
        assert cluster.primary() is before  # one Sentinel alone declares nobody down


def test_a_node_that_goes_in_the_middle_of_its_own_hint_leaves_no_second_failover_behind(
    cluster: RedisCluster, audited: Callable[[], Audited]
) -> None:
    old = cluster.primary()
    lost = ordinal(cluster, old)
    left = [place for place in (1, 2, 3) if place != lost]
    witness = cluster.sentinel(left[0]).log
    before = witness.read_text().count("+switch-master")
    with audited() as book:
        time.sleep(0.5)
        since = time.monotonic()
        for process in (old, cluster.sentinel(lost), cluster.guardian(lost)):
            process.kill()
        for place in left:  # as far as its guardian came
            client, name = cluster.sentinel(place).client, cluster.master_name
            command(client, "SENTINEL", "SET", name, "down-after-milliseconds", 10)
        book.writer.until_back(since, 20)
        time.sleep(2)
        for process in (old, cluster.guardian(lost), cluster.sentinel(lost)):
            process.start()
    assert book.writer.errors == []
    assert book.writer.gap(since) < 3
    assert witness.read_text().count("+switch-master") == before + 1, "one failover"


def test_a_sentinel_that_watches_nothing_is_told_what_to_watch(cluster: RedisCluster) -> None:
    sentinel = cluster.sentinel(3)
    command(sentinel.client, "SENTINEL", "REMOVE", cluster.master_name)
    until(lambda: int(sentinel.view()["port"]) == cluster.primary().port)
    until(lambda: sentinel.view()["down-after-milliseconds"] == "600")
    cluster.wait_healthy()


def test_a_replica_that_someone_made_primary_or_sent_elsewhere_is_put_right(
    cluster: RedisCluster, audited: Callable[[], Audited]
) -> None:
    primary = cluster.primary()
    stray, other = (node for node in cluster.nodes if node is not primary)
    with audited():
        command(stray.client, "REPLICAOF", "NO", "ONE")
        command(other.client, "REPLICAOF", "127.0.0.1", 1)
        until(lambda: primaries(cluster) == [primary], 10)
    assert cluster.primary() is primary
    assert ordinal(cluster, stray)
