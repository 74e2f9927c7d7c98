"""An election that comes to nothing is begun again at once."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest

from app.local.nodes import command
from tests.integration.guardian.audit import Audited, ordinal, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.local import RedisCluster
    from app.local.nodes import RedisNode, SentinelNode

STRANGER = "f" * 40


ROUNDS = 5


def test_a_power_cut_with_a_split_vote_costs_a_second_not_eleven(
    cluster: RedisCluster, audited: Callable[[], Audited]
) -> None:
    """Found after a power cut of the primary's node: the two Sentinels that were left had each voted for itself."""
    for _ in range(ROUNDS):
        cluster.wait_healthy()
        old = cluster.primary()
        lost = ordinal(cluster, old)
        split = _power_cut(cluster, audited, old, lost)
        cluster.wait_healthy()
        for place in (1, 2, 3):
            until(lambda: cluster.sentinel(place).view()["failover-timeout"] == "5000")  # noqa: B023 - asked at once
        if split:
            return
    pytest.fail(f"no vote was split in {ROUNDS} rounds, so nothing was tried")


def _power_cut(cluster: RedisCluster, audited: Callable[[], Audited], old: RedisNode, lost: int) -> bool:
    """One power cut; whether the election came to nothing at first."""
    left = [place for place in (1, 2, 3) if place != lost]
    voter, other = (cluster.sentinel(place) for place in left)
    before = [len(cluster.guardian(place).log.read_text()) for place in left]
    with audited() as book:
        time.sleep(1.0)
        since = time.monotonic()
        for process in (old, cluster.sentinel(lost), cluster.guardian(lost)):
            process.kill()
        while "failover_in_progress" not in other.view()["flags"] and time.monotonic() < since + 10:
            # its votes go to somebody else, as they do when it votes for itself
            epoch = 1 + max(_epoch(voter), _epoch(other))
            command(voter.client, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", old.port, epoch, STRANGER)
        book.writer.until_back(since, 30)
        for process in (old, cluster.guardian(lost), cluster.sentinel(lost)):
            process.start()
    assert cluster.primary() is not old
    assert book.writer.errors == []
    assert book.writer.gap(since) < 5
    logs = [cluster.guardian(place).log.read_text()[start:] for place, start in zip(left, before, strict=True)]
    return any("guardian.election_again" in log for log in logs)


def _epoch(sentinel: SentinelNode) -> int:
    found = re.search(r"^sentinel current-epoch (\d+)$", sentinel.conf.read_text(), re.MULTILINE)
    return int(found[1]) if found else 0
