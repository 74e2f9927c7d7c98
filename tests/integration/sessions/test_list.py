"""Where one is logged in, and ending it from elsewhere."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.sessions.ids import digest
from app.store import keys
from tests.integration.clocked import BEGIN, ClockedSessions
from tests.integration.sessions.views import COOKIE

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from app.sessions import Sessions
    from app.store import Store

ADA, GRACE = 1, 2


def enter(web: Flask, user: int, device: str, address: str = "203.0.113.1") -> FlaskClient:
    client = web.test_client()
    client.environ_base |= {"HTTP_USER_AGENT": device, "REMOTE_ADDR": address}
    client.post("/enter", json=user)
    return client


def listed(client: FlaskClient) -> list[dict[str, Any]]:
    answer = client.get("/api/sessions")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    items: list[dict[str, Any]] = answer.get_json()["items"]
    return items


def test_one_sees_ones_own_sessions_of_both_kinds(web: Flask, client: FlaskClient, sessions: Sessions) -> None:
    phone, laptop = enter(web, ADA, "Phone/1"), enter(web, ADA, "Laptop/2" + "x" * 500, "2001:db8::1")
    program = sessions.create(ADA, device="curl/8")
    enter(web, GRACE, "Other/1")
    client.post("/set", json={"nobody": "logged in"})
    items = listed(phone)
    assert [(one["device"][:8], one["address"], one["current"]) for one in items] == [
        ("Phone/1", "203.0.113.1", True),
        ("curl/8", "", False),
        ("Laptop/2", "2001:db8::1", False),
    ]
    assert all(len(one["device"]) <= 200 for one in items)
    assert all(abs(datetime.fromisoformat(one[at]).timestamp() - time.time()) < 60
               for one in items for at in ("created_at", "last_seen_at"))  # fmt: skip
    by_header = client.get("/api/sessions", headers={"X-Session-ID": program}).get_json()["items"]
    assert [one["device"] for one in by_header if one["current"]] == ["curl/8"]
    assert len(listed(laptop)) == 3


def test_the_list_holds_nothing_that_opens_a_session(web: Flask, store: Store) -> None:
    client = enter(web, ADA, "Phone/1")
    cookie = client.get_cookie(COOKIE)
    assert cookie
    session_id = cookie.value.partition(".")[0]
    text = client.get("/api/sessions").text
    assert session_id not in text
    assert digest(session_id) not in text
    (name,) = [one["id"] for one in listed(client)]
    assert client.get("/mine", headers={"X-Session-ID": name}).status_code == 401
    assert store.redis.exists(keys.session(digest(session_id)))


def test_one_session_is_ended_from_another(web: Flask) -> None:
    phone, laptop = enter(web, ADA, "Phone/1"), enter(web, ADA, "Laptop/2")
    (there,) = [one["id"] for one in listed(laptop) if not one["current"]]
    assert laptop.delete(f"/api/sessions/{there}").status_code == 204
    assert phone.get("/mine").status_code == 401
    assert laptop.get("/mine").json == ADA
    assert laptop.delete(f"/api/sessions/{there}").status_code == 404
    (here,) = [one["id"] for one in listed(laptop)]
    assert laptop.delete(f"/api/sessions/{here}").status_code == 204
    assert laptop.get("/mine").status_code == 401


def test_nobody_ends_anothers(web: Flask) -> None:
    ada, grace = enter(web, ADA, "A"), enter(web, GRACE, "G")
    (hers,) = [one["id"] for one in listed(ada)]
    cookie = ada.get_cookie(COOKIE)
    assert cookie
    for name in (hers, digest(cookie.value.partition(".")[0]), "*", "%00", "x" * 5000, "é"):
        assert grace.delete(f"/api/sessions/{name}").status_code == 404
    assert ada.get("/mine").json == ADA
    assert web.test_client().delete(f"/api/sessions/{hers}").status_code == 401


def test_all_others_are_ended(web: Flask, sessions: Sessions) -> None:
    phone, laptop, other = enter(web, ADA, "Phone/1"), enter(web, ADA, "Laptop/2"), enter(web, GRACE, "G")
    sessions.create(ADA)
    laptop.post("/set", json={"cart": [1]})
    assert laptop.delete("/api/sessions").get_json() == {"ended": 2}
    assert [client.get("/mine").status_code for client in (phone, laptop, other)] == [401, 200, 200]
    assert laptop.get("/get").json == {"cart": [1], "user_id": ADA}
    assert laptop.delete("/api/sessions").get_json() == {"ended": 0}
    assert len(listed(laptop)) == 1


def test_a_session_that_stays_must_be_that_users_and_alive(sessions: Sessions, store: Store) -> None:
    hers = sessions.create(GRACE)
    mine = sessions.create(ADA)
    assert sessions.destroy_all(ADA, but=hers) == 1
    assert sessions.alive([mine, hers]) == [False, True]
    lost = sessions.create(ADA)
    store.redis.delete(keys.user_sessions(ADA))  # an index that has lost it
    sessions.destroy_all(ADA)
    assert sessions.destroy_all(ADA, but=lost) == 0
    assert sessions.alive([lost]) == [False], "who was logged out everywhere is not brought back"


def test_the_list_says_when_each_was_used_last(store: Store) -> None:
    sessions = ClockedSessions(store, ttl=86_400)
    first, second = sessions.create(ADA, device="first"), sessions.create(ADA, device="second")
    sessions.passes(100)
    sessions.load(first)
    seen = [(one.device, one.created, one.seen) for one in sessions.of_user(ADA)]
    begin = BEGIN / 1000
    assert seen == [("first", begin, begin + 100), ("second", begin, begin)]
    assert [one.device for one in sessions.of_user(ADA, current=second)] == ["second", "first"]


def test_a_list_is_one_round_trip_however_many_there_are(sessions: Sessions, store: Store) -> None:
    for _ in range(100):
        sessions.create(ADA)
    before = store.redis.info("commandstats")["cmdstat_evalsha"]["calls"]
    assert len(sessions.of_user(ADA)) == 100
    assert store.redis.info("commandstats")["cmdstat_evalsha"]["calls"] <= before + 1
