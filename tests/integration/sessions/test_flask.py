from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from flask import Flask, flash, get_flashed_messages, jsonify, request, session

from app.errors import SessionError
from app.sessions.ids import digest
from app.sessions.records import MAX_BYTES, MAX_FIELDS
from app.store import keys
from tests.integration.sessions.views import bare, cookie_of, put, sent

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from app.store import Store


@pytest.fixture
def visit(web: Flask, client: FlaskClient) -> Callable[[Callable[[], Any]], Any]:
    """Does something in a request of one browser, and gives what comes back."""
    found: list[Any] = []
    todo: list[Callable[[], Any]] = []

    @web.post("/visit")
    def do() -> str:
        found.append(todo.pop()())
        return ""

    def make(action: Callable[[], Any]) -> Any:
        todo.append(action)
        answer = client.post("/visit")
        assert answer.status_code == 200, answer.text
        return found.pop()

    return make


def test_what_is_set_is_there_in_the_next_request(client: FlaskClient) -> None:
    values = {"theme": "dark", "cart": [1, {"n": 2}], "nothing": None, "zero": 0, "Zoë": "🏮", "": "empty"}
    put(client, **values)
    assert client.get("/get").json == values
    client.post("/drop", json=["cart", "never there"])
    assert client.get("/get").json == {name: value for name, value in values.items() if name != "cart"}


def test_what_flasks_own_sessions_keep_is_kept(visit: Callable[[Callable[[], Any]], Any]) -> None:
    values = {
        "tuple": (1, ("a", b"\x00\xff")),
        "id": UUID(int=7),
        "at": datetime(2026, 1, 1, 12, 30, 15, 123456, UTC),
        "tagged": {" t": [1]},
    }
    visit(lambda: session.update(values))
    assert visit(lambda: dict(session)) == values


def test_it_is_a_dictionary(visit: Callable[[Callable[[], Any]], Any]) -> None:
    visit(lambda: session.update({"a": 1, "b": [2]}, c=3))
    assert visit(lambda: (len(session), list(session), "b" in session, "x" in session, session.get("x", 9))) == (
        *(3, ["a", "b", "c"], True, False, 9),
    )
    assert visit(lambda: (session.pop("a"), session.pop("a", None), session.setdefault("c", 7))) == (1, None, 3)
    assert visit(lambda: sorted(session.items())) == [("b", [2]), ("c", 3)]
    assert visit(lambda: session.get("a")) is None


def test_a_change_inside_a_value_is_kept(client: FlaskClient) -> None:
    for count in (1, 2, 3):
        client.get("/append")
        assert client.get("/get").json == {"list": ["one more"] * count}


def test_flashed_messages_are_shown_once(visit: Callable[[Callable[[], Any]], Any]) -> None:
    visit(lambda: flash("Saved."))
    visit(lambda: flash("Careful.", "warning"))
    assert visit(lambda: get_flashed_messages(with_categories=True)) == [("message", "Saved."), ("warning", "Careful.")]
    assert visit(get_flashed_messages) == []


def test_it_says_whether_it_is_new_read_and_changed(visit: Callable[[Callable[[], Any]], Any]) -> None:
    def state() -> tuple[bool, bool]:
        return session.new, session.modified

    assert visit(state) == (True, False)
    assert visit(lambda: (session.update(a=[1]), state())[1]) == (True, True)
    assert visit(state) == (False, False)
    assert visit(lambda: (session["a"], state())[1]) == (False, False), "looking is no change"
    assert visit(lambda: (session["a"].append(2), state())[1]) == (False, True)


def test_only_what_changed_is_written(
    client: FlaskClient, store: Store, visit: Callable[[Callable[[], Any]], Any]
) -> None:
    cookie = put(client, cart=[1], theme="dark")
    key = keys.session(digest(cookie.partition(".")[0]))
    visit(lambda: (session["cart"], store.redis.hset(key, "d:cart", "[1,2]"), session.update(theme="light")))
    assert client.get("/get").json == {"cart": [1, 2], "theme": "light"}, "what came meanwhile is not overwritten"


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


def test_the_cookie_is_sent_when_it_is_new_and_not_again(client: FlaskClient) -> None:
    line = client.post("/set", json={"a": 1}).headers["Set-Cookie"]
    assert {"HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=2592000"} <= set(line.split("; "))
    assert "Secure" not in line
    assert "Domain" not in line
    for answer in (client.get("/get"), client.post("/set", json={"a": 2}), client.post("/drop", json=["x"])):
        assert "Set-Cookie" not in answer.headers


def test_a_session_that_is_not_permanent_ends_with_the_browser(
    client: FlaskClient, visit: Callable[[Callable[[], Any]], Any]
) -> None:
    put(client, a=1)
    assert visit(lambda: session.permanent) is True
    answer = client.post("/set", json={"_permanent": False})
    assert cookie_of(answer)
    assert "Max-Age" not in answer.headers["Set-Cookie"]
    assert "Expires" not in answer.headers["Set-Cookie"]
    assert visit(lambda: session.permanent) is False
    assert "Max-Age=2592000" in client.post("/set", json={"_permanent": True}).headers["Set-Cookie"]


def test_two_requests_that_change_different_keys_both_count(web: Flask, client: FlaskClient) -> None:
    cookie = put(client, start=1)
    sessions = web.session_interface
    opened = []
    for name in ("first", "second"):
        with web.test_request_context(headers=sent(cookie)):
            found = sessions.open_session(web, request)
            assert found is not None
            found[name] = name
            opened.append(found)
    for one in opened:
        with web.test_request_context():
            sessions.save_session(web, one, web.response_class())
    assert client.get("/get").json == {"start": 1, "first": "first", "second": "second"}


def test_clearing_ends_the_session_and_the_cookie(client: FlaskClient, store: Store) -> None:
    cookie = put(client, a=1)
    answer = client.post("/clear")
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert not store.redis.keys("haven:session:*")
    assert bare(client).get("/get", headers=sent(cookie)).json == {}


def test_a_session_does_not_grow_without_end(client: FlaskClient, store: Store) -> None:
    put(client, first="x" * (MAX_BYTES // 2))
    assert client.post("/set", json={"second": "x" * (MAX_BYTES // 2)}).status_code == 500
    assert client.post("/set", json={str(n): n for n in range(MAX_FIELDS)}).status_code == 500
    assert list(client.get("/get").json or ()) == ["first"]
    (key,) = store.redis.keys("haven:session:*")
    assert (store.redis.memory_usage(key) or 0) < 2 * MAX_BYTES


@pytest.mark.parametrize("odd", [object(), {1, 2}, float("nan"), {1: 2}, print])
def test_what_can_not_come_back_is_refused_by_the_name_of_its_key(
    web: Flask, client: FlaskClient, odd: object, capsys: pytest.CaptureFixture[str]
) -> None:
    @web.get("/odd")
    def put_odd() -> str:
        session["fine"] = 1
        session["the odd one"] = odd
        return "done"

    assert client.get("/odd").status_code == 500
    logged = capsys.readouterr()
    assert "session['the odd one'] can't be kept" in logged.out + logged.err
    assert client.get("/get").json == {}


@pytest.mark.parametrize("odd", ["7", True, 7.0, -1, [7]])
def test_a_user_is_a_number(web: Flask, client: FlaskClient, odd: object) -> None:
    @web.get("/odd")
    def put_odd() -> Any:
        with pytest.raises(SessionError, match="user_id"):
            session["user_id"] = odd
        return jsonify(dict(session))

    assert client.get("/odd").json == {}


def test_the_same_session_by_header_tells_its_id_there(client: FlaskClient) -> None:
    program = bare(client)
    session_id = client.application.extensions["haven"].sessions.create(7)
    headers = {"X-Session-ID": session_id}
    program.post("/set", json={"cart": [1]}, headers=headers)
    assert program.get("/get", headers=headers).json == {"cart": [1], "user_id": 7}
    answer = program.post("/renew", headers=headers)
    assert "Set-Cookie" not in answer.headers
    fresh = answer.headers["X-Session-ID"]
    assert program.get("/mine", headers=headers).status_code == 401
    assert program.get("/get", headers={"X-Session-ID": fresh}).json == {"cart": [1], "user_id": 7}
    program.post("/clear", headers={"X-Session-ID": fresh})
    assert program.get("/mine", headers={"X-Session-ID": fresh}).status_code == 401
