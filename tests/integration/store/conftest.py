from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.config import Config, load_config
from app.local import RedisCluster, RedisServer
from app.store import Store, create_store

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
def store(server: RedisServer) -> Iterator[Store]:
    made = create_store(load_config({"REDIS_PORT": str(server.port), "HAVEN_DEADLINE": "2"}))
    made.redis.flushall()
    yield made
    made.close()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    with RedisCluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
def cluster_config(cluster: RedisCluster) -> Config:
    hosts = ",".join(f"{host}:{port}" for host, port in cluster.sentinels)
    return load_config({"REDIS_SENTINEL_HOSTS": hosts, "REDIS_SENTINEL_MASTER": cluster.master_name})


@pytest.fixture
def cluster_store(cluster: RedisCluster, cluster_config: Config) -> Iterator[Store]:
    cluster.wait_healthy(60)
    made = create_store(cluster_config)
    yield made
    made.close()
    for node in cluster.nodes:
        node.thaw()
        if not node.alive:
            node.restart()
