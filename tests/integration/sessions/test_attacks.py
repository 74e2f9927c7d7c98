"""What an attacker would try."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import pytest
from flask import Flask, Response, session
from itsdangerous import Signer

from app.sessions.cookie import SALT
from app.sessions.ids import digest, new_id
from app.store import keys
from tests.integration.sessions.views import COOKIE, bare, cookie_of, put, sent

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.sessions import Sessions
    from app.store import Store

ADA, GRACE = 1, 2
ID = f"c{'i' * 43}"
"""As one is made, and the same in each process of the tests."""


def lookups(store: Store) -> int:
    return int(store.redis.info("commandstats").get("cmdstat_evalsha", {}).get("calls", 0))


def signed(web: Flask, value: str) -> str:
    return Signer(str(web.secret_key), salt=SALT).sign(value).decode()


@pytest.mark.parametrize(
    "cookie",
    [
        *("", ".", "x", "x.y", ".x", ID, f"{ID}.{'A' * 27}", "é", "\udcff", "x" * 4000),
        *("x" * 100_000, "a.b" * 20_000, '"', "\\", "%00", "=", "💥.💥", ID + "." + "é" * 27),
        Signer("other", salt=SALT).sign(ID).decode(),
        Signer("development-only-never-in-production", salt="csrf").sign(ID).decode(),
    ],
)
def test_a_cookie_that_was_not_made_here_is_no_session_and_is_not_adopted(
    client: FlaskClient, store: Store, cookie: str
) -> None:
    headers = sent(cookie)
    fresh = bare(client)
    before = lookups(store)
    assert fresh.get("/get", headers=headers).json == {}
    assert fresh.get("/mine", headers=headers).status_code == 401
    assert lookups(store) == before, "not even looked up"
    given = cookie_of(fresh.post("/set", json={"a": 1}, headers=headers))
    assert given
    assert given.partition(".")[0] != cookie.partition(".")[0]


@pytest.mark.parametrize(
    "odd", ["", "x", "c" + "x" * 42, "c" + "x" * 44, "c" + "x" * 100_000, "é" * 44, "h" + "x" * 42 + "*", "\x00" * 44]
)
def test_what_is_signed_here_and_is_no_id_is_none(web: Flask, client: FlaskClient, store: Store, odd: str) -> None:
    before = lookups(store)
    assert bare(client).get("/mine", headers={"X-Session-ID": odd.encode().decode("latin-1")}).status_code == 401
    assert bare(client).get("/get", headers=sent(signed(web, odd))).json == {}
    assert lookups(store) == before, "not even looked up"


def test_a_tampered_cookie_is_ignored(client: FlaskClient) -> None:
    cookie = put(client, a=1)
    for place in (0, 5, len(cookie) - 2):
        other = "A" if cookie[place] != "A" else "B"
        tampered = cookie[:place] + other + cookie[place + 1 :]
        assert bare(client).get("/get", headers=sent(tampered)).json == {}
    for part in (cookie[:-1], cookie[1:], cookie.partition(".")[0], cookie + "A", cookie + ".", cookie.swapcase()):
        assert bare(client).get("/get", headers=sent(part)).json == {}
    assert bare(client).get("/get", headers=sent(cookie)).json == {"a": 1}


def test_guessing_creates_nothing_and_tells_nothing(web: Flask, client: FlaskClient, store: Store) -> None:
    client.post("/enter", json=ADA)
    keys_before = sorted(store.redis.keys("haven:*"))
    answers = set()
    for guess in (new_id(), new_id("cookie"), "x", "x" * 10_000, digest("x"), "*"):
        answer = bare(client).get("/mine", headers={"X-Session-ID": guess})
        answers.add((answer.status_code, answer.get_json()["detail"], "Set-Cookie" in answer.headers))
    answer = bare(client).get("/mine", headers=sent(signed(web, new_id("cookie"))))
    answers.add((answer.status_code, answer.get_json()["detail"], "Set-Cookie" in answer.headers))
    assert len(answers) == 1
    assert answers.pop()[0] == 401
    assert sorted(store.redis.keys("haven:*")) == keys_before


def test_a_nearly_right_id_takes_as_long_as_any(sessions: Sessions, store: Store) -> None:
    """Redis is asked for a digest: how much of an id is right can't be measured."""
    session_id = sessions.create(ADA)
    near = session_id[:-1] + ("A" if session_id[-1] != "A" else "B")
    times: dict[str, list[float]] = {near: [], new_id(): []}
    for _ in range(300):
        for guess, taken in times.items():
            started = time.perf_counter()
            assert sessions.load(guess) is None
            taken.append(time.perf_counter() - started)
    fast, slow = sorted(map(statistics.median, times.values()))
    assert slow < fast * 1.5
    assert store.redis.dbsize() == 2


def test_a_planted_id_is_worth_nothing_after_the_log_in(client: FlaskClient) -> None:
    planted = put(client, cart=[1])
    entered = cookie_of(client.post("/enter", json=ADA))
    assert entered
    assert entered != planted
    assert client.get("/get").json == {"cart": [1], "user_id": ADA}
    assert bare(client).get("/mine", headers=sent(planted)).status_code == 401
    assert bare(client).get("/get", headers=sent(planted)).json == {}


def test_what_lay_in_a_planted_session_is_not_carried_into_one_that_was_cleared(
    web: Flask, client: FlaskClient
) -> None:
    @web.post("/enter-clean")
    def enter_clean() -> str:
        session.clear()
        web.extensions["haven"].store.redis.hset(keys.session(digest(planted.partition(".")[0])), "d:late", '"planted"')
        session["user_id"] = ADA
        return ""

    planted = put(client, planted="yes")
    client.post("/enter-clean")
    assert client.get("/get").json == {"user_id": ADA}


def test_a_stolen_cookie_is_worth_nothing_after_the_log_out(client: FlaskClient) -> None:
    stolen = cookie_of(client.post("/enter", json=ADA))
    assert stolen
    client.post("/clear")
    assert bare(client).get("/mine", headers=sent(stolen)).status_code == 401
    assert bare(client).post("/set", json={"user_id": ADA}, headers=sent(stolen)).status_code == 200
    assert bare(client).get("/mine", headers=sent(stolen)).status_code == 401


def test_a_cookie_is_no_header_and_a_header_no_cookie(web: Flask, client: FlaskClient, sessions: Sessions) -> None:
    cookie = cookie_of(client.post("/enter", json=ADA))
    assert cookie
    for value in (cookie, cookie.partition(".")[0]):
        assert bare(client).get("/mine", headers={"X-Session-ID": value}).status_code == 401
    header = sessions.create(ADA)
    for value in (header, signed(web, header)):
        assert bare(client).get("/mine", headers=sent(value)).status_code == 401
    assert bare(client).get("/mine", headers={"X-Session-ID": header}).json == ADA


def test_of_header_and_cookie_the_header_counts_right_or_wrong(client: FlaskClient, sessions: Sessions) -> None:
    cookie = cookie_of(client.post("/enter", json=ADA))
    assert cookie
    both = {**sent(cookie), "X-Session-ID": sessions.create(GRACE)}
    assert bare(client).get("/mine", headers=both).json == GRACE
    wrong = {**sent(cookie), "X-Session-ID": new_id()}
    assert bare(client).get("/mine", headers=wrong).status_code == 401
    answer = bare(client).post("/clear", headers=both)
    assert "Set-Cookie" not in answer.headers
    assert bare(client).get("/mine", headers=sent(cookie)).json == ADA, "the cookie's session was not touched"


@pytest.mark.parametrize("name", ["Session-ID", "X-Forwarded-Session-ID", "X-User-ID", "Authorization"])
def test_no_other_header_lets_in(client: FlaskClient, sessions: Sessions, name: str) -> None:
    assert bare(client).get("/mine", headers={name: sessions.create(ADA)}).status_code == 401


def test_of_two_different_cookies_none_counts(client: FlaskClient) -> None:
    """A neighbouring host can plant one beside ours, and the browser does not say which is which."""
    ada = cookie_of(client.post("/enter", json=ADA))
    other = bare(client)
    grace = cookie_of(other.post("/enter", json=GRACE))
    for pair in ((ada, grace), (grace, ada)):
        headers = {"Cookie": "; ".join(f"{COOKIE}={one}" for one in pair)}
        assert other.get("/mine", headers=headers).status_code == 401
    for harmless in (ada, "made-up"):
        headers = {"Cookie": f"{COOKIE}={harmless}; {COOKIE}={ada}"}
        assert other.get("/mine", headers=headers).json == ADA


@pytest.mark.parametrize(
    "key", ["user", "epoch", "created", "seen", "public", "moved", "device", "address", "d:x", "over"]
)
def test_no_key_reaches_what_the_session_is(client: FlaskClient, key: str) -> None:
    client.post("/enter", json=ADA)
    put(client, **{key: 2})
    assert client.get("/get").json == {key: 2, "user_id": ADA}
    client.post("/drop", json=[key])
    assert client.get("/mine").json == ADA


@pytest.mark.parametrize("key", ["", "é", "🏮", "a\nb", "\x00", "*", "x" * 1000, "'; FLUSHALL", "user_id ", "USER_ID"])
def test_keys_are_only_keys(client: FlaskClient, key: str) -> None:
    put(client, **{key: key})
    assert client.get("/get").json == {key: key}
    assert client.get("/mine").status_code == 401


def test_who_has_left_is_not_let_in(client: FlaskClient) -> None:
    put(client, theme="dark")
    inside = cookie_of(client.post("/enter", json=ADA))
    assert inside
    outside = cookie_of(client.post("/drop", json=["user_id"]))
    assert outside
    assert outside != inside, "leaving takes a new id as well"
    assert client.get("/get").json == {"theme": "dark"}
    assert client.get("/mine").status_code == 401
    assert bare(client).get("/mine", headers=sent(inside)).status_code == 401


def test_nothing_with_a_session_is_kept_by_shared_caches(web: Flask, client: FlaskClient) -> None:
    @web.get("/careless")
    def careless() -> Response:
        session["seen"] = True
        return Response("", headers={"Cache-Control": "public, max-age=3600"})

    assert client.get("/careless").headers["Cache-Control"] == "no-store", "the answer has a cookie"
    answer = client.get("/get")
    assert answer.headers["Cache-Control"] == "private"
    assert {"Cookie", "X-Session-ID"} <= set(answer.headers["Vary"].split(", "))
    assert client.get("/mine").headers["Cache-Control"] == "no-store"
    free = client.get("/untouched").headers
    assert "Vary" not in free
    assert "Cache-Control" not in free
