"""A new id at every change of privilege, and what becomes of requests under way with the old one."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from flask import Flask, session

from app.sessions.ids import digest
from app.store import keys
from tests.integration.helpers import cut_off, metric
from tests.integration.sessions.views import bare, cookie_of, put, sent

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.local import RedisServer
    from app.sessions import Sessions
    from app.store import Store

ADA, GRACE = 1, 2


def test_renewing_keeps_what_there_is_under_a_new_id(client: FlaskClient, web: Flask) -> None:
    client.post("/enter", json=ADA)
    old = put(client, cart=[1])
    before = web.extensions["haven"].sessions.of_user(ADA)
    counted = metric("haven_session_events_total", event="renewed")
    new = cookie_of(client.post("/renew"))
    assert new
    assert new != old
    assert client.get("/get").json == {"cart": [1], "user_id": ADA}
    assert bare(client).get("/mine", headers=sent(old)).status_code == 401
    assert [one.name for one in web.extensions["haven"].sessions.of_user(ADA)] == [one.name for one in before]
    assert metric("haven_session_events_total", event="renewed") == counted + 1


def test_every_log_in_renews_that_of_the_same_user_too(client: FlaskClient) -> None:
    cookies = [cookie_of(client.post("/enter", json=user)) for user in (ADA, ADA, GRACE)]
    assert None not in cookies
    assert len(set(cookies)) == 3
    assert client.get("/mine").json == GRACE
    for old in cookies[:2]:
        assert bare(client).get("/mine", headers=sent(str(old))).status_code == 401


def test_renewing_a_session_that_is_none_makes_none(client: FlaskClient, store: Store) -> None:
    answer = client.post("/renew")
    assert "Set-Cookie" not in answer.headers
    assert not store.redis.keys("haven:session:*")


def test_a_new_password_is_a_new_id_here_and_the_end_elsewhere(client: FlaskClient, web: Flask) -> None:
    @web.post("/password")
    def password() -> str:
        session.renew()  # type: ignore[attr-defined]
        web.extensions["haven"].sessions.destroy_all(ADA, but=session.id)  # type: ignore[attr-defined]
        return ""

    elsewhere = web.test_client()
    elsewhere.post("/enter", json=ADA)
    old = cookie_of(client.post("/enter", json=ADA))
    assert old
    assert cookie_of(client.post("/password")) not in {None, old}
    assert client.get("/mine").json == ADA
    assert elsewhere.get("/mine").status_code == 401
    assert bare(client).get("/mine", headers=sent(old)).status_code == 401


def test_a_request_under_way_with_the_old_id_changes_nothing(client: FlaskClient, web: Flask) -> None:
    """The cookie of its answer would take the place of the new one."""
    entered, late = threading.Event(), threading.Event()

    @web.post("/slow")
    def slow() -> str:
        session["seen"] = True
        late.set()
        assert entered.wait(10)
        return "done"

    old = put(client, cart=[1])
    answers = []
    tab = threading.Thread(target=lambda: answers.append(bare(client).post("/slow", headers=sent(old))))
    tab.start()
    assert late.wait(10)
    client.post("/enter", json=ADA)
    entered.set()
    tab.join()
    later = bare(client).post("/set", json={"cart": [2]}, headers=sent(old))
    for answer in (*answers, later, bare(client).get("/get", headers=sent(old))):
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
    assert client.get("/get").json == {"cart": [1], "user_id": ADA}


def test_a_log_in_whose_answer_was_lost_can_be_repeated(client: FlaskClient) -> None:
    old = put(client, cart=[1])
    client.post("/enter", json=ADA)
    again = cookie_of(bare(client).post("/enter", json=ADA, headers=sent(old)))
    assert again
    assert bare(client).get("/get", headers=sent(again)).json == {"user_id": ADA}


def test_the_old_id_is_forgotten_after_a_minute_and_is_then_as_any_other(client: FlaskClient, store: Store) -> None:
    old = put(client, a=1)
    client.post("/renew")
    key = keys.session(digest(old.partition(".")[0]))
    assert store.redis.hgetall(key) == {"moved": "1"}
    assert 0 < store.redis.ttl(key) <= 60
    store.redis.delete(key)
    fresh = cookie_of(bare(client).post("/set", json={"b": 2}, headers=sent(old)))
    assert fresh
    assert fresh.partition(".")[0] != old.partition(".")[0]


def test_changes_that_another_request_made_meanwhile_come_along(client: FlaskClient, web: Flask, store: Store) -> None:
    @web.post("/promote")
    def promote() -> str:
        session["role"] = "editor"
        store.redis.hset(keys.session(digest(old.partition(".")[0])), "d:cart", "[1,2]")
        session.renew()  # type: ignore[attr-defined]
        return ""

    old = put(client, cart=[1])
    client.post("/promote")
    assert client.get("/get").json == {"cart": [1, 2], "role": "editor"}


def test_a_session_that_was_ended_meanwhile_is_not_renewed_and_a_log_in_begins_anew(
    client: FlaskClient, web: Flask, store: Store
) -> None:
    everywhere = web.extensions["haven"].sessions.destroy_all

    @web.post("/promote")
    def promote() -> str:
        session["role"] = "editor"
        session.renew()  # type: ignore[attr-defined]
        everywhere(ADA)
        return ""

    @web.post("/enter-again")
    def enter_again() -> str:
        session["user_id"] = ADA
        session["new"] = True
        everywhere(ADA)
        return ""

    client.post("/enter", json=ADA)
    put(client, secret="of before")
    assert "Set-Cookie" not in client.post("/promote").headers
    assert client.get("/mine").status_code == 401
    assert not store.redis.keys("haven:session:*")
    client.post("/enter", json=ADA)
    put(client, secret="of before")
    client.post("/enter-again")
    assert client.get("/get").json == {"new": True, "user_id": ADA}


def test_a_renewal_that_was_cut_off_is_done_once(sessions: Sessions, server: RedisServer, store: Store) -> None:
    old = sessions.create(ADA)
    new = cut_off(server, lambda: sessions.renew(old))
    assert new
    assert sessions.load(old) is None
    found = sessions.load(new)
    assert found is not None
    assert found.user_id == ADA
    assert store.redis.zrange(keys.user_sessions(ADA), 0, -1) == [digest(new)]


def test_the_header_takes_a_new_id_by_one_call(sessions: Sessions) -> None:
    old = sessions.create(ADA)
    new = sessions.renew(old)
    assert new
    assert sessions.load(new)
    assert sessions.renew(old) is None
    assert sessions.renew("made-up") is None
    assert sessions.destroy_all(ADA) == 1
