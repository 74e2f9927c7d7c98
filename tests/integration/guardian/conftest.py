"""A guarded cluster on each server program, and a writer whose acknowledgements are audited."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.config import load_config
from app.local import RedisCluster
from app.store import create_store
from tests.integration.engines import Engine, need
from tests.integration.guardian.audit import Audited, heal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.store import Store

# Every test of this folder runs on both: the newest Redis and the newest Valkey of PyPI.
KINDS = ("redis", "valkey")


@pytest.fixture(scope="package", params=KINDS)
def engine(request: pytest.FixtureRequest) -> Engine:
    kind: str = request.param
    return need(kind)


@pytest.fixture(scope="package")
def shared(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    with RedisCluster(tmp_path_factory.mktemp(engine.name), binary=engine.path, settings=QUICK) as running:
        yield running


# A stop of everything is waited out for less than in production, so that tests of it end sooner.
QUICK = {"HAVEN_GUARDIAN_PATIENCE": "4"}


@pytest.fixture
def cluster(shared: RedisCluster) -> Iterator[RedisCluster]:
    """A healthy cluster. A test may kill or freeze whatever it likes."""
    shared.wait_healthy(60)
    yield shared
    heal(shared)


def store_of(cluster: RedisCluster) -> Store:
    hosts = ",".join(f"{host}:{port}" for host, port in cluster.sentinels)
    where = {"REDIS_SENTINEL_HOSTS": hosts, "REDIS_SENTINEL_MASTER": cluster.master_name}
    return create_store(load_config({**where, **cluster.access.of_app()}), role="test")


@pytest.fixture
def store(cluster: RedisCluster) -> Iterator[Store]:
    made = store_of(cluster)
    yield made
    made.close()


@pytest.fixture
def audited(cluster: RedisCluster, store: Store, request: pytest.FixtureRequest) -> Callable[[], Audited]:
    """Make a writer; at the end of its block nothing acknowledged may be missing."""

    def make() -> Audited:
        return Audited(cluster, store, request.node.name)

    return make
