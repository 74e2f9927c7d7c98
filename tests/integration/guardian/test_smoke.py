"""What `haven smoke` says of a real cluster: whether it could fail over now, and if not, why."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from app.config import load_config
from app.errors import SmokeError
from app.local.nodes import command
from app.smoke.sentinels import Sentinels
from app.store import create_store
from tests.integration.guardian.audit import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.local import RedisCluster
    from app.local.nodes import SentinelNode
    from app.store import Store


@pytest.fixture
def sentinels(store: Store) -> Sentinels:
    return Sentinels(store.topology)


@contextmanager
def only(cluster: RedisCluster, sentinel: SentinelNode) -> Iterator[Sentinels]:
    """One of them alone is asked."""
    where = {"REDIS_SENTINEL_HOSTS": f"127.0.0.1:{sentinel.port}", "REDIS_SENTINEL_MASTER": cluster.master_name}
    made = create_store(load_config(where), role="test")
    yield Sentinels(made.topology)
    made.close()


def answer(check: Callable[[], str]) -> str:
    """What it says, well or not; a Sentinel needs a moment to find out."""
    try:
        return check()
    except SmokeError as error:
        return str(error)


def test_a_healthy_cluster_could_fail_over(cluster: RedisCluster, sentinels: Sentinels) -> None:
    assert sentinels.quorum() == f"3 of 3 Sentinels name 127.0.0.1:{cluster.primary().port}, 2 must agree"
    until(lambda: answer(sentinels.failover) == "2 of 2 replicas could be promoted")
    said = command(cluster.sentinel(1).client, "SENTINEL", "CKQUORUM", cluster.master_name)
    assert str(said).startswith("OK 3 usable Sentinels")


def test_a_sentinel_that_is_gone_or_frozen_is_named(cluster: RedisCluster, sentinels: Sentinels) -> None:
    gone, frozen = cluster.sentinel(2), cluster.sentinel(3)
    gone.kill()
    with pytest.raises(SmokeError, match=rf"^Sentinel 127.0.0.1:{gone.port} does not say .* refused"):
        sentinels.quorum()
    gone.restart()
    frozen.freeze()
    with pytest.raises(SmokeError, match=rf"^Sentinel 127.0.0.1:{frozen.port} does not say .*(?i:time)"):
        sentinels.quorum()


def test_one_sentinel_of_three_can_not_tell_whether_two_would_agree(cluster: RedisCluster) -> None:
    with only(cluster, cluster.sentinel(1)) as asked, pytest.raises(SmokeError, match=r"^1 of 3 Sentinels are known"):
        asked.quorum()


@pytest.mark.parametrize("fault", ["freeze", "kill"])
def test_without_a_replica_there_is_no_failover(cluster: RedisCluster, sentinels: Sentinels, fault: str) -> None:
    primary = cluster.primary()
    first, second = (node for node in cluster.nodes if node is not primary)
    getattr(first, fault)()
    until(lambda: answer(sentinels.failover) == "1 of 2 replicas could be promoted")
    getattr(second, fault)()
    until(lambda: "knows no replica that it could promote" in answer(sentinels.failover))
    assert all(f":{node.port} does not answer" in answer(sentinels.failover) for node in (first, second))
    assert sentinels.quorum().startswith(f"3 of 3 Sentinels name 127.0.0.1:{primary.port}")


def test_a_replica_that_must_not_be_promoted_is_none(cluster: RedisCluster, sentinels: Sentinels) -> None:
    for guardian in cluster.guardians:  # they would put it right
        guardian.freeze()
    primary = cluster.primary()
    first, second = (node for node in cluster.nodes if node is not primary)
    command(first.client, "CONFIG", "SET", "replica-priority", 0)
    command(second.client, "REPLICAOF", "127.0.0.1", 1)
    until(lambda: f":{first.port} has replica-priority 0" in answer(sentinels.failover))
    assert f":{second.port} has no link to its primary" in answer(sentinels.failover)


def test_a_primary_that_is_gone_is_named_while_nobody_can_replace_it(cluster: RedisCluster) -> None:
    old, awake = cluster.primary(), cluster.sentinel(1)
    for place in (2, 3):
        cluster.sentinel(place).freeze()
    old.kill()
    with only(cluster, awake) as asked:
        until(lambda: f"holds the primary 127.0.0.1:{old.port} for down: start it" in answer(asked.failover))
