import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.config import load_config
from app.db.database import Database
from app.db.migrate import migrate
from app.db.seed import seed
from app.local import RedisServer
from tests.integration.api.people import Person, log_in
from tests.integration.db.fixtures import postgres
from tests.integration.db.postgres import PostgresServer

__all__ = ["postgres"]


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def empty_redis(redis_server: RedisServer) -> RedisServer:
    with redis.Redis(redis_server.host, redis_server.port) as client:
        client.flushall()
    return redis_server


@pytest.fixture(scope="session")
def seeded_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("seeded") / "haven.db"
    _fill(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def seeded_postgres(postgres: PostgresServer) -> str:
    url = postgres.create_database()
    _fill(url)
    return url


def _fill(url: str) -> None:
    migrate(url)
    db = Database(url)
    seed(db)
    db.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def seeded_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with the development data, of each kind."""
    if request.param == "sqlite":
        path = tmp_path / "haven.db"
        shutil.copy(request.getfixturevalue("seeded_sqlite"), path)
        return f"sqlite:///{path}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.create_database(request.getfixturevalue("seeded_postgres"))


@pytest.fixture
def app(seeded_url: str, empty_redis: RedisServer) -> Iterator[Flask]:
    environment = {
        "HAVEN_ENV": "testing",
        "DATABASE_URL": seeded_url,
        "REDIS_HOST": empty_redis.host,
        "REDIS_PORT": str(empty_redis.port),
    }
    application = create_app(load_config(environment))
    yield application
    for thread in threading.enumerate():
        if thread.name == "haven-events":  # ends soon after its last listener
            thread.join(30)
    application.extensions["haven"].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A visitor without a session."""
    return app.test_client()


@pytest.fixture
def ada(app: Flask) -> Person:
    return log_in(app, "ada@example.com")


@pytest.fixture
def grace(app: Flask) -> Person:
    return log_in(app, "grace@example.com")
