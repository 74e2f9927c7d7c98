from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, g, jsonify, request, session
from itsdangerous import Signer

from app import create_app
from app.config import load_config
from app.sessions import require_auth
from app.sessions.store import MAX_BYTES, digest, new_id
from app.store import keys
from tests.integration.helpers import until

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.local import RedisServer
    from app.store import Store

COOKIE = "haven_session"


def _add_views(app: Flask) -> None:  # noqa: C901 - a view each
    @app.post("/set")
    def put() -> Any:
        for name, value in request.get_json().items():
            session[name] = value
        return "kept"

    @app.get("/get")
    def get() -> Any:
        return jsonify(dict(session))

    @app.post("/drop")
    def drop() -> Any:
        for name in request.get_json():
            session.pop(name, None)
        return "dropped"

    @app.post("/clear")
    def clear() -> str:
        session.clear()
        return "cleared"

    @app.post("/enter")
    def enter() -> str:
        session.regenerate()  # type: ignore[attr-defined]
        session["user_id"] = request.get_json()
        return "in"

    @app.get("/append")
    def append() -> str:
        session.setdefault("list", []).append("one more")
        return "appended"

    @app.get("/mine")
    @require_auth
    def mine() -> Any:
        return jsonify(g.user_id)

    @app.get("/untouched")
    def untouched() -> str:
        return "no session needed"


@pytest.fixture
def web(app: Flask) -> Flask:
    _add_views(app)
    return app


@pytest.fixture
def client(web: Flask) -> FlaskClient:
    return web.test_client()


def cookie_of(answer: TestResponse) -> str | None:
    lines = [line for line in answer.headers.getlist("Set-Cookie") if line.startswith(f"{COOKIE}=")]
    return lines[0].partition(";")[0].removeprefix(f"{COOKIE}=") if lines else None


def put(client: FlaskClient, **values: Any) -> str:
    found = cookie_of(client.post("/set", json=values))
    assert found
    return found


def test_what_is_set_is_there_in_the_next_request(client: FlaskClient) -> None:
    values = {"theme": "dark", "cart": [1, {"n": 2}], "nothing": None, "zero": 0, "Zoë": "🏮", "": "empty"}
    put(client, **values)
    assert client.get("/get").json == values
    client.post("/drop", json=["cart", "never there"])
    assert client.get("/get").json == {name: value for name, value in values.items() if name != "cart"}


def test_a_change_inside_a_value_is_kept(client: FlaskClient) -> None:
    for count in (1, 2, 3):
        client.get("/append")
        assert client.get("/get").json == {"list": ["one more"] * count}


def test_the_cookie_holds_a_signed_id_and_nothing_else(client: FlaskClient, store: Store) -> None:
    cookie = put(client, secret="the answer")
    session_id, _, signature = cookie.rpartition(".")
    assert signature
    assert "answer" not in cookie
    assert store.redis.exists(keys.session(digest(session_id)))
    assert session_id not in str(store.redis.keys("*"))


def test_a_visitor_who_keeps_nothing_gets_no_cookie_and_no_key(client: FlaskClient, store: Store) -> None:
    for answer in (client.get("/get"), client.get("/untouched"), client.post("/clear")):
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
    assert not store.redis.keys("haven:session:*")


def test_a_page_that_looked_at_the_session_varies_by_cookie(client: FlaskClient) -> None:
    assert "Cookie" in client.get("/get").headers["Vary"]
    assert "Cookie" not in client.get("/untouched").headers.get("Vary", "")


def test_the_cookie_is_for_browsers_alone_and_lasts_as_long_as_the_session(client: FlaskClient) -> None:
    line = client.post("/set", json={"a": 1}).headers["Set-Cookie"]
    assert {"HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=86400"} <= set(line.split("; "))
    assert "Secure" not in line
    assert "Max-Age=86400" in client.get("/get").headers["Set-Cookie"], "every use lets it live on"


def test_in_production_the_cookie_needs_https(environment: dict[str, str]) -> None:
    app = create_app(load_config(environment | {"HAVEN_ENV": "production", "SECRET_KEY": "s" * 40}))
    _add_views(app)
    line = app.test_client().post("/set", json={"a": 1}).headers["Set-Cookie"]
    app.extensions["haven"].close()
    assert {"Secure", "HttpOnly"} <= set(line.split("; "))


def test_two_requests_that_change_different_keys_both_count(web: Flask) -> None:
    client = web.test_client()
    cookie = put(client, start=1)
    sessions = web.session_interface
    opened = []
    for name in ("first", "second"):
        with web.test_request_context(headers={"Cookie": f"{COOKIE}={cookie}"}):
            found = sessions.open_session(web, request)
            assert found is not None
            found[name] = name
            opened.append(found)
    for one in opened:
        with web.test_request_context():
            sessions.save_session(web, one, web.response_class())
    assert client.get("/get").json == {"start": 1, "first": "first", "second": "second"}


@pytest.mark.parametrize(
    "cookie",
    ["", ".", "x", "x.y", new_id(), f"{new_id()}.{'A' * 27}", "é", "x" * 4000, Signer("other").sign(new_id()).decode()],
)
def test_a_cookie_that_was_not_made_here_is_no_session_and_is_not_adopted(
    client: FlaskClient, store: Store, cookie: str
) -> None:
    headers = {"Cookie": f"{COOKIE}={cookie}"}
    fresh = client.application.test_client(use_cookies=False)
    assert fresh.get("/get", headers=headers).json == {}
    assert fresh.get("/mine", headers=headers).status_code == 401
    given = cookie_of(fresh.post("/set", json={"a": 1}, headers=headers))
    assert given
    assert given.partition(".")[0] != cookie.partition(".")[0]
    assert not store.redis.exists(keys.session(digest(cookie.partition(".")[0])))


def test_a_tampered_cookie_is_ignored(client: FlaskClient) -> None:
    cookie = put(client, a=1)
    fresh = client.application.test_client(use_cookies=False)
    for place in (0, 5, len(cookie) - 2):
        other = "A" if cookie[place] != "A" else "B"
        tampered = cookie[:place] + other + cookie[place + 1 :]
        assert fresh.get("/get", headers={"Cookie": f"{COOKIE}={tampered}"}).json == {}
    assert fresh.get("/get", headers={"Cookie": f"{COOKIE}={cookie}"}).json == {"a": 1}


def test_an_id_that_was_ours_once_is_not_used_again(client: FlaskClient, store: Store) -> None:
    cookie = put(client, a=1)
    store.redis.delete(keys.session(digest(cookie.partition(".")[0])))
    answer = client.get("/get")
    assert answer.json == {}
    assert "Max-Age=0" in answer.headers["Set-Cookie"], "the browser is told to forget it"
    assert put(client, b=2).partition(".")[0] != cookie.partition(".")[0]


def test_logging_in_takes_a_new_id_and_the_old_one_is_dead(client: FlaskClient) -> None:
    planted = put(client, cart=[1])
    entered = cookie_of(client.post("/enter", json=7))
    assert entered
    assert entered != planted
    assert client.get("/get").json == {"cart": [1], "user_id": 7}, "what was in it came along"
    assert client.get("/mine").json == 7
    fresh = client.application.test_client(use_cookies=False)
    assert fresh.get("/mine", headers={"Cookie": f"{COOKIE}={planted}"}).status_code == 401
    assert fresh.get("/get", headers={"Cookie": f"{COOKIE}={planted}"}).json == {}


def test_clearing_ends_the_session_and_the_cookie(client: FlaskClient, store: Store) -> None:
    put(client, a=1)
    answer = client.post("/clear")
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert not store.redis.keys("haven:session:*")
    assert client.get("/get").json == {}


def test_logging_out_everywhere_ends_cookie_sessions_too(web: Flask, client: FlaskClient) -> None:
    client.post("/enter", json=7)
    header = web.extensions["haven"].sessions.create(7)
    assert web.extensions["haven"].sessions.destroy_all(7) == 2
    assert client.get("/mine").status_code == 401
    assert client.get("/mine", headers={"X-Session-ID": header}).status_code == 401


def test_a_save_under_way_does_not_undo_logging_out_everywhere(web: Flask, client: FlaskClient, store: Store) -> None:
    @web.post("/slow")
    def slow() -> str:
        session["seen"] = True
        web.extensions["haven"].sessions.destroy_all(7)
        return "done"

    client.post("/enter", json=7)
    answer = client.post("/slow")
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert client.get("/mine").status_code == 401
    assert not store.redis.keys("haven:session:*")


def test_who_has_left_is_not_let_in_by_the_header_either(client: FlaskClient) -> None:
    put(client, theme="dark")
    cookie = cookie_of(client.post("/enter", json=7))
    assert cookie
    headers = {"X-Session-ID": cookie.partition(".")[0]}
    assert client.get("/mine", headers=headers).json == 7
    client.post("/drop", json=["user_id"])
    assert client.get("/get").json == {"theme": "dark"}
    assert client.get("/mine", headers=headers).status_code == 401


def test_a_session_does_not_grow_without_end(client: FlaskClient, store: Store) -> None:
    put(client, first="x" * (MAX_BYTES // 2))
    answer = client.post("/set", json={"second": "x" * (MAX_BYTES // 2)})
    assert answer.status_code == 500
    assert list(client.get("/get").json or ()) == ["first"]
    (key,) = store.redis.keys("haven:session:*")
    assert (store.redis.memory_usage(key) or 0) < 2 * MAX_BYTES


def test_what_json_can_not_say_can_not_be_kept(web: Flask, client: FlaskClient) -> None:
    @web.get("/odd")
    def odd() -> str:
        session["odd"] = object()
        return "done"

    assert client.get("/odd").status_code == 500


def test_a_request_without_need_of_a_session_works_while_redis_is_away(
    client: FlaskClient, server: RedisServer
) -> None:
    put(client, a=1)
    server.node.kill()
    assert client.get("/untouched").status_code == 200
    for answer in (client.get("/get"), client.get("/mine"), client.post("/set", json={"b": 2})):
        assert answer.status_code == 503
        assert answer.mimetype == "application/problem+json"
        assert int(answer.headers["Retry-After"]) >= 1
        assert "Set-Cookie" not in answer.headers, "an outage logs nobody out"
    assert client.get("/mine", headers={"X-Session-ID": "x"}).status_code == 503
    server.node.restart()


def test_redis_going_away_before_the_save_is_an_outage_and_no_log_out(
    web: Flask, client: FlaskClient, server: RedisServer
) -> None:
    @web.post("/late")
    def late() -> str:
        session["late"] = True
        server.node.kill()
        return "done"

    put(client, a=1)
    started = time.monotonic()
    answer = client.post("/late")
    assert time.monotonic() - started < 3.5, "the save is tried once"
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "Set-Cookie" not in answer.headers
    server.node.restart()
    until(lambda: client.get("/get").json == {"a": 1})
