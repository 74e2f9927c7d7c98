from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.config import load_config
from app.local import RedisServer
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
