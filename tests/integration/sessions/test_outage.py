from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flask import Flask, session

from tests.integration.helpers import metric, until
from tests.integration.sessions.views import put

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.local import RedisServer


def test_a_request_without_need_of_a_session_works_while_redis_is_away(
    client: FlaskClient, server: RedisServer
) -> None:
    client.post("/enter", json=1)
    put(client, a=1)
    header = {"X-Session-ID": client.application.extensions["haven"].sessions.create(1)}
    server.node.kill()
    assert client.get("/untouched").status_code == 200
    for answer in (
        client.get("/get"),
        client.get("/mine"),
        client.post("/set", json={"b": 2}),
        client.post("/clear"),
        client.post("/enter", json=2),
        client.get("/mine", headers=header),
        client.get("/api/sessions"),
        client.delete("/api/sessions"),
        client.post("/api/logout"),
    ):
        assert answer.status_code == 503
        assert answer.mimetype == "application/problem+json"
        assert int(answer.headers["Retry-After"]) >= 1
        assert "Set-Cookie" not in answer.headers, "an outage logs nobody out"
    assert client.get("/mine", headers={"X-Session-ID": "made-up"}).status_code == 401, "that is none, whoever answers"
    server.node.restart()
    until(lambda: client.get("/get").json == {"a": 1, "user_id": 1})
    assert client.get("/mine", headers=header).json == 1


def test_a_frozen_redis_is_an_outage_too(client: FlaskClient, server: RedisServer) -> None:
    put(client, a=1)
    server.node.freeze()
    answer = client.get("/get")
    assert answer.status_code == 503
    assert "Set-Cookie" not in answer.headers
    server.node.thaw()
    until(lambda: client.get("/get").json == {"a": 1})


def test_redis_going_away_before_the_save_is_an_outage_and_no_log_out(
    web: Flask, client: FlaskClient, server: RedisServer
) -> None:
    @web.post("/late")
    def late() -> str:
        session["late"] = True
        server.node.kill()
        return "done"

    put(client, a=1)
    saves = partial(metric, "haven_store_operation_duration_seconds_count", operation="session_save")
    before = saves()
    answer = client.post("/late")
    assert saves() == before + 1, "the answer that says so is not another occasion to save"
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "Set-Cookie" not in answer.headers
    server.node.restart()
    until(lambda: client.get("/get").json == {"a": 1})
