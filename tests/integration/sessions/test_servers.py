"""The scripts on every server program of this machine, and on one whose clock really jumps."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from app.config import load_config
from app.local import RedisServer
from app.local.nodes import RedisNode
from app.sessions import Sessions
from app.sessions.ids import digest, new_id
from app.store import create_store, keys
from tests.chaos.clock import Clock
from tests.integration.engines import Engine, engines
from tests.integration.helpers import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.store import Store

ADA = 1
HOUR = 3600.0


@contextmanager
def running(directory: Path, program: Path) -> Iterator[Store]:
    made = RedisServer(directory)
    made.node = RedisNode("redis", program, made.port, directory.resolve(), replica=False)
    with made as server:
        store = create_store(load_config({"REDIS_PORT": str(server.port)}))
        yield store
        store.close()


@pytest.mark.parametrize("engine", engines(), ids=lambda engine: engine.name)
def test_each_step_on_each_server(engine: Engine, tmp_path: Path) -> None:
    with running(tmp_path, engine.path) as store:
        sessions = Sessions(store, 60, per_user=2)
        first = new_id()
        assert sessions.save(first, {"d:cart": "[1]"})
        mine = new_id()
        assert sessions.save(mine, {"d:a": "1"}, ["d:b"], user_id=ADA, former=first, origin=("device", "address"))
        renewed = sessions.renew(mine)
        assert renewed
        found = sessions.load(renewed)
        assert found is not None
        assert (found.user_id, found.fields, found.device) == (ADA, {"d:cart": "[1]", "d:a": "1"}, "device")
        time.sleep(0.01)
        others = [sessions.create(ADA) for _ in range(2)]
        assert sessions.alive([first, mine, renewed, *others]) == [False, False, False, True, True]
        (name, _) = [one.name for one in sessions.of_user(ADA, current=others[0])]
        assert sessions.destroy_all(ADA, but=others[0]) == 1
        assert sessions.destroy_named(ADA, name)
        assert not sessions.save(others[1], {"d:a": "1"}, user_id=ADA, exists=True)
        assert sessions.of_user(ADA) == []


@pytest.mark.skipif(not Clock.is_there(), reason="there is no libfaketime: make servers")
@pytest.mark.parametrize("jump", [-HOUR * 24 * 365, HOUR * 0.9])
def test_a_clock_that_jumps_ends_nobody_in_use(jump: float, tmp_path: Path) -> None:
    clock = Clock(tmp_path)
    with running(tmp_path / "data", clock.program) as store:
        sessions = Sessions(store, HOUR, max_age=24 * HOUR)
        ids = [sessions.create(ADA) for _ in range(10)]
        before = int(store.redis.time()[0])
        clock.jump(jump)
        until(lambda: abs(int(store.redis.time()[0]) - before - jump) < 100)
        assert all(map(sessions.load, ids))
        assert sessions.alive(ids) == [True] * 10
        lives = [store.redis.pttl(keys.session(digest(one))) / 1000 for one in ids]
        assert all(HOUR - 60 < left <= HOUR for left in lives), "they live for one idle time from here"
        clock.jump(-jump)
        until(lambda: abs(time.time() - int(store.redis.time()[0])) < 100)
        if jump > 0:
            assert all(map(sessions.load, ids))
