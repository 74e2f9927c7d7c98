"""Views that use the session, and a client's side of its cookie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from flask import Flask, g, jsonify, request, session

from app.sessions import WebSession, require_auth

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse


COOKIE = "haven_session"


def add_views(app: Flask) -> None:  # noqa: C901 - a view each
    """Add views that set, show, drop and clear values, that log in, and one that takes a new id."""

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
        session["user_id"] = request.get_json()
        return "in"

    @app.post("/renew")
    def renew() -> str:
        cast("WebSession", session).renew()
        return "renewed"

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


def cookie_of(answer: TestResponse) -> str | None:
    """The session's cookie that an answer sets."""
    lines = [line for line in answer.headers.getlist("Set-Cookie") if line.startswith(f"{COOKIE}=")]
    return lines[0].partition(";")[0].removeprefix(f"{COOKIE}=") if lines else None


def put(client: FlaskClient, **values: Any) -> str:
    """Set values; the cookie that the client has then."""
    client.post("/set", json=values)
    kept = client.get_cookie(COOKIE)
    assert kept
    return kept.value


def bare(client: FlaskClient) -> FlaskClient:
    """Another client, which keeps no cookies."""
    return client.application.test_client(use_cookies=False)


def sent(cookie: str) -> dict[str, str]:
    """The header with which a browser sends a cookie."""
    return {"Cookie": f"{COOKIE}={cookie}"}
