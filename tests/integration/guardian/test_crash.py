"""A process dies, freezes, or comes back too early: one primary, and nothing acknowledged is lost."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.integration.guardian.audit import Audited, empty, ordinal, primaries, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.local import RedisCluster


def test_a_killed_primary_is_replaced_and_follows_when_it_is_back(
    cluster: RedisCluster, audited: Callable[[], Audited]
) -> None:
    old = cluster.primary()
    with audited() as book:
        since = time.monotonic()
        old.kill()
        book.writer.until_back(since, 20)
        until(lambda: cluster.primary() is not old)
        old.start()
    assert primaries(cluster) == [cluster.primary()]
    assert cluster.primary() is not old
    assert book.writer.errors == []
    assert book.writer.gap(since) < 3  # typically 0.5 s; see `make bench-failover`


def test_the_sentinels_settings_are_as_before_after_a_hint(cluster: RedisCluster) -> None:
    old = cluster.primary()
    old.kill()
    until(lambda: cluster.primary() is not old)
    old.start()
    cluster.wait_healthy()
    for place in (1, 2, 3):
        assert cluster.sentinel(place).view()["down-after-milliseconds"] == "600"
        assert cluster.sentinel(place).view()["quorum"] == "2"
    log = cluster.guardian(ordinal(cluster, old)).log.read_text()
    assert "failover_began=True" in log


def test_one_sentinel_begins_after_a_hint_so_that_no_vote_is_split(cluster: RedisCluster) -> None:
    """Found by a drill: three began within 6 ms, each voted for itself, and 4.5 s went by."""
    logs = [cluster.sentinel(place).log for place in (1, 2, 3)]
    for _ in range(5):
        cluster.wait_healthy()
        old = cluster.primary()
        before = [log.read_text().count("+try-failover") for log in logs]
        old.kill()
        until(lambda: cluster.primary() is not old)  # noqa: B023 - asked at once
        begun = [log.read_text().count("+try-failover") - count for log, count in zip(logs, before, strict=True)]
        assert sum(begun) == 1, begun
        assert begun[ordinal(cluster, old) - 1] == 1, begun
        old.start()


@pytest.mark.parametrize("milliseconds", [50, 150, 300, 550])
def test_a_primary_that_restarts_within_down_after_does_not_resume(
    cluster: RedisCluster, audited: Callable[[], Audited], milliseconds: int
) -> None:
    old = cluster.primary()
    with audited() as book:
        since = time.monotonic()
        old.kill()
        time.sleep(milliseconds / 1000)
        old.start()
        book.writer.until_back(since, 20)
    assert cluster.primary() is not old
    assert book.writer.errors == []


@pytest.mark.parametrize("seconds", [0.05, 0.3, 2.0])
def test_a_primary_that_restarts_without_its_disk_empties_nobody(
    cluster: RedisCluster, audited: Callable[[], Audited], seconds: float
) -> None:
    old = cluster.primary()
    with audited() as book:
        since = time.monotonic()
        old.kill()
        empty(old)
        time.sleep(seconds)
        old.start()
        book.writer.until_back(since, 20)
    assert cluster.primary() is not old


def test_a_primary_and_a_replica_without_their_disks_empty_nobody(
    cluster: RedisCluster, audited: Callable[[], Audited]
) -> None:
    old = cluster.primary()
    other, kept = (node for node in cluster.nodes if node is not old)
    with audited() as book:
        time.sleep(1.5)  # a heartbeat or two: they tell an empty disk from a full one
        since = time.monotonic()
        for node in (old, other):
            node.kill()
            empty(node)
        time.sleep(0.2)
        for node in (old, other):
            node.start()
        book.writer.until_back(since, 30)
    assert cluster.primary() is kept


def test_a_frozen_primary_returns_as_a_replica(cluster: RedisCluster, audited: Callable[[], Audited]) -> None:
    old = cluster.primary()
    with audited() as book:
        since = time.monotonic()
        old.freeze()
        book.writer.until_back(since, 20)
        time.sleep(1)
        old.thaw()
        until(lambda: not old.is_primary)
    assert cluster.primary() is not old
    assert book.writer.errors == []


def test_a_frozen_primary_that_wakes_in_the_middle_of_its_failover_takes_no_writes_along(
    cluster: RedisCluster, audited: Callable[[], Audited]
) -> None:
    old = cluster.primary()
    with audited() as book:
        since = time.monotonic()
        old.freeze()
        others = [node for node in cluster.nodes if node is not old]
        until(lambda: any(node.is_primary for node in others))
        old.thaw()  # the Sentinels have yet to publish the promotion
        book.writer.until_back(since, 20)
        time.sleep(3)
    assert cluster.primary() is not old


def test_a_killed_replica_is_not_noticed(cluster: RedisCluster, audited: Callable[[], Audited]) -> None:
    old = cluster.primary()
    replica = next(node for node in cluster.nodes if node is not old)
    with audited() as book:
        since = time.monotonic()
        replica.kill()
        time.sleep(1)
        replica.start()
    assert cluster.primary() is old
    assert book.writer.gap(since) < 1.5
    assert book.writer.errors == []


def test_primary_and_its_guardian_killed_together_fail_over_by_sentinel_alone(
    cluster: RedisCluster, audited: Callable[[], Audited]
) -> None:
    old = cluster.primary()
    guardian = cluster.guardian(ordinal(cluster, old))
    with audited() as book:
        since = time.monotonic()
        guardian.kill()
        old.kill()
        book.writer.until_back(since, 20)
        old.start()
        guardian.start()
    assert cluster.primary() is not old
    assert book.writer.errors == []
