"""A cluster with a user for each role, as it is deployed, and what a backup of it may be restored into."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.backup.bring import Outcome, Wishes, bring
from app.config import Config, load_config
from app.guardian.acl import Users
from app.local import RedisCluster, RedisServer
from app.store import Store, create_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="package")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    with RedisCluster(tmp_path_factory.mktemp("secured"), users=Users()) as running:
        yield running


@pytest.fixture
def cluster(shared: RedisCluster) -> Iterator[RedisCluster]:
    """Healthy and empty. A test may kill nodes and hand over."""
    shared.wait_healthy(60)
    with_rights(shared, "admin").redis.flushall()
    yield shared
    for node in shared.nodes:
        if not node.alive:
            node.restart()
    shared.wait_healthy(60)


@pytest.fixture(autouse=True)
def prompt(shared_redis: RedisServer) -> None:
    """A single Redis waits five seconds for further replicas before it makes a copy."""
    shared_redis.node.client.config_set("repl-diskless-sync-delay", 0)


@pytest.fixture
def cluster_store(cluster: RedisCluster) -> Iterator[Store]:
    made = create_store(settings(cluster, "app"), role="test")
    yield made
    made.close()


def settings(cluster: RedisCluster, user: str) -> Config:
    """The configuration of somebody who is this user at Redis, and the application at the Sentinels."""
    users = cluster.access.users
    assert users
    hosts = ",".join(f"{host}:{port}" for host, port in cluster.sentinels)
    where = {"REDIS_SENTINEL_HOSTS": hosts, "REDIS_SENTINEL_MASTER": cluster.master_name, **users.of_app()}
    return load_config({**where, "REDIS_USERNAME": user, "REDIS_PASSWORD": getattr(users, user)})


def with_rights(cluster: RedisCluster, user: str) -> Store:
    return create_store(settings(cluster, user), role="test")


def restore(config: Config, file: Path, **wishes: object) -> Outcome:
    return bring(config, file, Wishes(**wishes), lambda _: None, lambda _: None)  # type: ignore[arg-type]


def table(outcome: Outcome) -> dict[str, tuple[int | None, int, int]]:
    return {row.group.name: (row.backup, row.living, row.found) for row in outcome.rows}
