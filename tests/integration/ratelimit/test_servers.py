"""The script on every server program of this machine, and on one whose clock really jumps."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from app.config import load_config
from app.local import RedisServer
from app.local.nodes import RedisNode
from app.ratelimit import Limit, Limiter
from app.store import create_store
from tests.chaos.clock import Clock
from tests.integration.engines import Engine, engines
from tests.integration.helpers import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from redis import Redis

QUICK = [Limit(3, 2, name="counter"), Limit(3, 2, exact=True, name="log"), Limit(3, 2, burst=3, name="bucket")]


def running(directory: Path, program: Path) -> AbstractContextManager[RedisServer]:
    made = RedisServer(directory)
    made.node = RedisNode("redis", program, made.port, directory.resolve(), replica=False)
    return made


def limiter_of(server: RedisServer) -> Iterator[Limiter]:
    store = create_store(load_config({"REDIS_PORT": str(server.port)}))
    yield Limiter(store)
    store.close()


@pytest.mark.parametrize("engine", engines(), ids=lambda engine: engine.name)
def test_each_kind_on_each_server(engine: Engine, tmp_path: Path) -> None:
    with running(tmp_path, engine.path) as server:
        for limiter in limiter_of(server):
            assert [limiter.hit("view", "ada", *QUICK).allowed for _ in range(4)] == [True, True, True, False]
            rejected = limiter.hit("view", "ada", *QUICK)
            time.sleep(rejected.reset + 0.01)
            assert limiter.hit("view", "ada", *QUICK).allowed


@pytest.mark.skipif(not Clock.is_there(), reason="there is no libfaketime: make servers")
@pytest.mark.parametrize("jump", [-3600, 3600])
def test_a_clock_that_jumps_neither_locks_out_nor_opens_the_limit(jump: int, tmp_path: Path) -> None:
    clock = Clock(tmp_path)
    with running(tmp_path / "data", clock.program) as server:
        client = server.node.client
        for limiter in limiter_of(server):
            assert all(limiter.hit("view", "ada", limit, cost=3).allowed for limit in QUICK)
            jumps(clock, jump, client)
            # ahead, the window is over as far as anybody can know: once more, and no more
            again = [limiter.hit("view", "ada", limit, cost=3).allowed for limit in QUICK]
            assert again == [jump > 0] * 3
            assert not any(limiter.hit("view", "ada", limit, cost=3).allowed for limit in QUICK)
            waits_a_window_at_most(limiter)
            jumps(clock, -jump, client)
            waits_a_window_at_most(limiter)


def jumps(clock: Clock, seconds: int, client: Redis) -> None:
    before = int(client.time()[0])
    clock.jump(seconds)
    until(lambda: abs(int(client.time()[0]) - before - seconds) < 60)


def waits_a_window_at_most(limiter: Limiter) -> None:
    asked, waiting = time.monotonic(), list(QUICK)
    while waiting:
        waiting = [limit for limit in waiting if not limiter.hit("view", "ada", limit, cost=3).allowed]
        assert time.monotonic() - asked < 2.5
        time.sleep(0.02)
