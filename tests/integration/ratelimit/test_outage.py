from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from app.api import login
from app.config import load_config
from app.ratelimit import Limit, RateLimit, rate_limit, who
from app.runtime import build_runtime
from tests.integration.helpers import metric, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from flask.testing import FlaskClient

    from app.local import RedisServer
    from app.store import Store

# a deadline of half a second, and a reply that was under way when it ended
HELD_UP = 1.3


def decisions(kind: str, scope: str) -> float:
    return metric("haven_limit_decisions_total", scope=scope, decision=kind)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


@pytest.mark.parametrize("fault", ["kill", "freeze"])
def test_an_open_limit_lets_pass_and_soon(limited: Callable[..., FlaskClient], server: RedisServer, fault: str) -> None:
    scope = f"open-{fault}"
    client = limited("1/minute", scope=scope)
    client.get("/limited")
    getattr(server.node, fault)()
    with within(HELD_UP):
        answer = client.get("/limited")
    assert answer.status_code == 200
    assert "RateLimit" not in answer.headers, "there was no decision"
    with within(0.2):
        assert [client.get("/limited").status_code for _ in range(5)] == [200] * 5
    assert decisions("outage_open", scope) == 6


def test_an_open_limit_by_user_does_not_ask_for_the_user_either(app: Flask, server: RedisServer) -> None:
    app.get("/mine")(rate_limit("9/hour", by=who.user)(lambda: ""))
    client = app.test_client()
    with client.session_transaction() as session:
        session["user_id"] = 1
    assert client.get("/mine").headers["X-RateLimit-Remaining"] == "8"
    server.node.freeze()
    with within(2 * HELD_UP):
        client.get("/mine")
    with within(0.3):
        assert [client.get("/mine").status_code for _ in range(5)] == [200] * 5


def test_after_an_outage_it_counts_again(limited: Callable[..., FlaskClient], server: RedisServer) -> None:
    client = limited("1/hour")
    server.node.freeze()
    assert client.get("/limited").status_code == 200
    server.node.thaw()
    until(lambda: client.get("/limited").status_code == 429, 3)


def test_a_closed_limit_answers_503(limited: Callable[..., FlaskClient], server: RedisServer) -> None:
    client = limited("1/hour", on_outage="closed", scope="closed")
    server.node.kill()
    for _ in range(2):
        answer = client.get("/limited")
        assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
        assert int(answer.headers["Retry-After"]) >= 1
    assert decisions("outage_closed", "closed") == 2
    server.node.restart()
    until(lambda: client.get("/limited").status_code == 200)


@pytest.mark.parametrize("fault", ["kill", "freeze"])
def test_a_local_limit_allows_a_share_of_it(
    app: Flask, limited: Callable[..., FlaskClient], server: RedisServer, fault: str
) -> None:
    scope = f"local-{fault}"
    client = limited("6/hour", on_outage="local", guards=True, scope=scope)
    assert app.extensions["haven"].config.haven_web_workers == 2
    getattr(server.node, fault)()
    with within(HELD_UP + 0.5):
        found = [client.get("/limited") for _ in range(5)]
    assert [answer.status_code for answer in found] == [200, 200, 200, 429, 429]
    assert "RateLimit" not in found[0].headers
    assert int(found[-1].headers["Retry-After"]) > 1000
    assert found[-1].json is not None
    assert found[-1].json["violated-policies"] == ["hour"]
    assert (decisions("outage_local", scope), decisions("outage_local_rejected", scope)) == (3, 2)
    other = client.get("/limited", environ_overrides={"REMOTE_ADDR": "203.0.113.1"})
    assert other.status_code == 200


def test_the_share_is_that_of_every_process_there_is(environment: dict[str, str]) -> None:
    more = {"HAVEN_REPLICAS": "5", "HAVEN_WEB_WORKERS": "4", "HAVEN_REALTIME_WORKERS": "3"}
    for role, share in (("web", 20), ("realtime", 15)):
        runtime = build_runtime(load_config(environment | more), role=role)
        assert runtime.limiter.local._share == share
        runtime.close()


@pytest.mark.parametrize(("mode", "status"), [("open", 200), ("local", 200), ("closed", 503)])
def test_an_error_of_redis_is_an_outage_too_but_not_of_the_others(
    limited: Callable[..., FlaskClient], store: Store, mode: str, status: int
) -> None:
    client = limited("9/hour", by=lambda: "ada", on_outage=mode)
    client.get("/limited")
    (key,) = store.redis.keys("haven:limit:*")
    store.redis.delete(key)
    store.redis.lpush(key, "no counter at all")
    assert [client.get("/limited").status_code for _ in range(3)] == [status] * 3
    store.redis.delete(key)
    assert client.get("/limited").headers["X-RateLimit-Remaining"] == "8"


def test_a_slow_redis_holds_nobody_up(
    limited: Callable[..., FlaskClient], server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = limited("9/hour")
    client.get("/limited")
    run = client.application.extensions["haven"].store.redis.policy.run

    def slow(*args: Any, **kwargs: Any) -> Any:
        server.node.freeze()
        try:
            return run(*args, **kwargs)
        finally:
            server.node.thaw()

    monkeypatch.setattr(client.application.extensions["haven"].store.redis.policy, "run", slow)
    with within(HELD_UP):
        assert client.get("/limited").status_code == 200
    with within(0.2):
        assert [client.get("/limited").status_code for _ in range(5)] == [200] * 5


def test_no_limit_that_guards_a_log_in_is_open(app: Flask) -> None:
    doors = {endpoint for endpoint in app.view_functions if "login" in endpoint or "password" in endpoint}
    assert {"auth.login", "pages.login_with_cookie"} <= doors
    found: RateLimit = login.authenticate.rate_limit  # type: ignore[attr-defined]
    assert found.guards
    assert found.on_outage != "open"
    assert [limit.name for limit in found.limits] == ["address", "account-from-address", "account"]
    assert found.limits[0] == Limit(5, 60, exact=True, name="address")


def test_nobody_logs_in_uncounted(app: Flask, server: RedisServer) -> None:
    client = app.test_client()
    server.node.kill()
    for path in ("/api/login", "/login"):
        answer = client.post(path, json={"email": "ada@example.com", "password": "guess"})
        assert answer.status_code == 503
        assert "Retry-After" in answer.headers
