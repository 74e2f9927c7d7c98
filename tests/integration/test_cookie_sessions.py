from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flask import Flask, request, session

from app import create_app
from app.config import load_config
from app.sessions.store import MAX_BYTES, digest
from app.store import keys
from tests.integration.helpers import until
from tests.integration.session_views import COOKIE, add_views, put

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.local import RedisServer
    from app.store import Store


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
    add_views(app)
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


def test_clearing_ends_the_session_and_the_cookie(client: FlaskClient, store: Store) -> None:
    put(client, a=1)
    answer = client.post("/clear")
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert not store.redis.keys("haven:session:*")
    assert client.get("/get").json == {}


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
