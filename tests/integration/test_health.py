from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from app import create_app
from app.config import load_config
from app.ops.health import Readiness
from tests.integration.helpers import until

if TYPE_CHECKING:
    from flask import Flask

    from app.local import RedisServer
    from app.store import Store


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_ready_once_redis_has_answered(store: Store, clock: Clock) -> None:
    assert Readiness(store, 15, clock).check() == (True, "ok")


def test_not_ready_before_redis_ever_answered(store: Store, server: RedisServer, clock: Clock) -> None:
    server.node.kill()
    readiness = Readiness(store, 15, clock)
    assert readiness.check() == (False, "Redis has not answered yet")
    server.node.restart()
    clock.now += 2
    until(store.redis.ping)
    assert readiness.check() == (True, "ok")


def test_an_outage_shorter_than_the_grace_is_outlasted_and_a_longer_one_is_not(
    store: Store, server: RedisServer, clock: Clock
) -> None:
    readiness = Readiness(store, 15, clock)
    readiness.check()
    server.node.kill()
    for waited in (3, 8, 14):
        clock.now = 1000.0 + waited
        ready, why = readiness.check()
        assert ready
        assert f"{waited} s" in why
    clock.now = 1016.0
    ready, why = readiness.check()
    assert not ready
    assert "16 s" in why
    server.node.restart()
    until(store.redis.ping)
    clock.now += 2
    assert readiness.check() == (True, "ok")


def test_redis_is_asked_once_a_second_however_often_it_is_probed(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []
    ping = store.redis.ping

    def counted() -> object:
        asked.append(clock.now)
        return ping()

    monkeypatch.setattr(store.redis, "ping", counted)
    readiness = Readiness(store, 15, clock)
    for _ in range(50):
        readiness.check()
        clock.now += 0.1
    assert 4 <= len(asked) <= 6


def test_probes_do_not_queue_up_behind_one_that_waits(store: Store, server: RedisServer) -> None:
    readiness = Readiness(store, 15)
    readiness.check()
    time.sleep(1.1)
    server.node.freeze()
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        assert all(ready for ready, _ in pool.map(lambda _: readiness.check(), range(40)))
    assert time.monotonic() - began < 2.5


def test_the_probes_of_the_web_application(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/livez").json == {"status": "ok"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json) == (200, {"status": "ready", "reason": "ok"})
    report = client.get("/health").json
    assert report is not None
    assert report["status"] == "ok"
    redis = report["redis"]
    assert redis["role"] == "primary"
    assert redis["replicas"] == []
    assert redis["memory_bytes"] > 100_000
    assert 0 < redis["latency_ms"] < 1000
    assert redis["address"].startswith("127.0.0.1:")


def test_liveness_never_asks_redis(app: Flask, server: RedisServer) -> None:
    client = app.test_client()
    server.node.freeze()
    for _ in range(20):
        began = time.monotonic()
        assert client.get("/livez").status_code == 200
        assert time.monotonic() - began < 0.5


def test_health_says_that_redis_is_away_and_soon(app: Flask, server: RedisServer) -> None:
    client = app.test_client()
    client.get("/readyz")
    server.node.kill()
    began = time.monotonic()
    answer = client.get("/health")
    assert answer.status_code == 503
    assert answer.get_json()["status"] == "redis is away"
    assert int(answer.headers["Retry-After"]) >= 1
    assert client.get("/readyz").status_code == 200, "one outage does not empty the Service"
    assert time.monotonic() - began < 4
    server.node.restart()
    until(lambda: client.get("/health").status_code == 200)


def test_the_grace_is_the_configured_one(environment: dict[str, str], server: RedisServer) -> None:
    server.node.kill()
    app = create_app(load_config(environment | {"HAVEN_READY_GRACE": "5"}))
    answer = app.test_client().get("/readyz")
    app.extensions["haven"].close()
    assert answer.status_code == 503
    assert answer.get_json()["status"] == "not ready"
    assert threading.active_count() < 100
