"""The scripts, and the messages of changes, on every server program of this machine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from app.cache import MISS, Cache, Local
from app.config import load_config
from app.local import RedisServer
from app.local.nodes import RedisNode
from app.store import create_store
from tests.integration.engines import Engine, engines
from tests.integration.helpers import until

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("engine", engines(), ids=lambda engine: engine.name)
def test_values_tags_and_messages_on_each_server(engine: Engine, tmp_path: Path) -> None:
    made = RedisServer(tmp_path)
    made.node = RedisNode("redis", engine.path, made.port, tmp_path.resolve(), replica=False)
    with made as server:
        stores = [create_store(load_config({"REDIS_PORT": str(server.port)})) for _ in range(2)]
        local = Local(stores[0], 1 << 20)
        here, there = Cache(stores[0], local=local), Cache(stores[1])
        assert here.get_or_compute_many(["a", "b"], 60, ["tag"], lambda names: dict.fromkeys(names, 1)) == {
            "a": 1,
            "b": 1,
        }
        until(lambda: here.get("a") and local.get("haven:cache:a"))
        time.sleep(0.1)
        until(lambda: here.get("a") and local.get("haven:cache:a"))
        there.set("b", 2, 60, ["tag"])
        assert there.get_many(["a", "b"]) == {"a": 1, "b": 2}
        there.invalidate_by_tag("tag")
        until(lambda: here.get("a") is MISS, 1)
        here.close()
        for store in stores:
            store.close()
