from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from flask import Flask, session
from itsdangerous import Signer

from app.sessions.store import digest, new_id
from app.store import keys
from tests.integration.session_views import COOKIE, cookie_of, put

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.store import Store


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
