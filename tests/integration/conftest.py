from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, request

from app import create_app
from app.config import Config, load_config
from app.events import Listener, Publisher, reader, sse_response
from app.local import RedisCluster, RedisServer
from app.store import Store, create_store
from app.tasks import Queue, Registry
from app.tasks.delivery import Deliveries
from tests.integration.helpers import until
from tests.integration.sessions.views import add_views
from tests.integration.tasks.queueing import LEASE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask.testing import FlaskClient

    from app.events import Hub


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    made = RedisServer(tmp_path_factory.mktemp("redis"))
    # Each second a write may wait for the disk before it reaches the file: killed then, Redis forgets what it answered.
    made.node._text = made.node._text.replace("appendfsync everysec", "appendfsync no")
    with made as running:
        yield running


@pytest.fixture
def server(shared_redis: RedisServer) -> Iterator[RedisServer]:
    """An empty Redis. A test may kill or freeze it."""
    shared_redis.node.client.flushall()
    yield shared_redis
    shared_redis.node.thaw()
    if not shared_redis.node.alive:
        shared_redis.node.restart()


@pytest.fixture
def environment(server: RedisServer, tmp_path: Path) -> dict[str, str]:
    return {
        "HAVEN_ENV": "testing",
        "REDIS_HOST": server.host,
        "REDIS_PORT": str(server.port),
        "HAVEN_DEADLINE": "1",
        "DATABASE_URL": f"sqlite:///{tmp_path}/haven.db",
        "HAVEN_FILES_DIR": str(tmp_path / "files"),
    }


@pytest.fixture
def config(environment: dict[str, str]) -> Config:
    return load_config(environment)


@pytest.fixture
def store(config: Config) -> Iterator[Store]:
    made = create_store(config, role="test")
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
    """A store on Sentinel. A test may kill or freeze nodes."""
    cluster.wait_healthy(60)
    made = create_store(cluster_config)
    yield made
    made.close()
    for node in cluster.nodes:
        node.thaw()
        if not node.alive:
            node.restart()


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    application = create_app(config)
    yield application
    application.extensions["haven"].close()


@pytest.fixture
def queue(store: Store) -> Queue:
    tasks = Registry()

    @tasks.task()
    def note(text: str = "") -> str:
        return text

    return Queue(store, ttl=60, tasks=tasks)


@pytest.fixture
def worker(store: Store) -> Callable[[], Deliveries]:
    def make() -> Deliveries:
        made = Deliveries(store, lease=LEASE, most_deliveries=3, ttl=60)
        made.join()
        return made

    return make


@pytest.fixture
def hub(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr(reader, "BLOCK_MS", 50)  # how long a reader takes to end

    @app.get("/stream")
    def watch() -> Any:
        last = request.headers.get("Last-Event-ID")
        return sse_response(found, Listener("sse", 1, None, request.args.get("channels", "a").split(",")), last)

    found: Hub = app.extensions["haven.hub"]
    yield found
    until(lambda: found._reader is None)


@pytest.fixture
def publisher(store: Store) -> Publisher:
    return Publisher(store)


@pytest.fixture
def web(app: Flask) -> Flask:
    add_views(app)
    return app


@pytest.fixture
def client(web: Flask) -> FlaskClient:
    return web.test_client()
