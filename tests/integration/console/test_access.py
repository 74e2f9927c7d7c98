"""Who is let in, and by what."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from app.api.csrf import CHECKED
from app.db.operators import set_operator
from app.errors import UnknownUser
from app.ops.console import access
from tests.integration.console.browsing import OPERATOR, OTHER, Browser, guarded
from tests.integration.helpers import until

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from app.db import Database
    from app.local import RedisServer
    from app.runtime import Runtime


def database(app: Flask) -> Database:
    runtime: Runtime = app.extensions["haven"]
    return runtime.db


def test_a_visitor_is_led_to_the_form_and_gets_nothing_else(app: Flask, visitor: Browser) -> None:
    assert len(guarded(app)) >= 10
    for method, path in guarded(app):
        answer = visitor.client.open(path, method=method)
        assert answer.status_code == 401, f"{method} {path}"
    assert visitor.get("/ops").headers["Location"] == "/ops/login"


def test_who_is_signed_in_and_no_operator_gets_nothing(app: Flask, visitor: Browser) -> None:
    assert visitor.sign_in(OTHER, "/login").status_code == 303
    for method, path in guarded(app):
        answer = visitor.client.open(path, method=method)
        assert answer.status_code == 403, f"{method} {path}"
        assert "haven operator grant" in answer.text


def test_the_form_lets_no_one_else_in_and_makes_them_no_session(visitor: Browser) -> None:
    refused = visitor.sign_in(OTHER)
    assert refused.status_code == 403
    assert 'role="alert"' in refused.text
    assert visitor.client.get_cookie("haven_session") is None


def test_a_wrong_password_is_told_and_counted_together_with_the_other_door(visitor: Browser) -> None:
    assert visitor.sign_in(OPERATOR, password="wrong").status_code == 401
    for _ in range(4):
        assert visitor.sign_in(OPERATOR, "/login", password="wrong").status_code == 401
    assert visitor.sign_in(OPERATOR).status_code == 429


def test_an_operator_sees_the_page_until_that_is_taken_away(app: Flask, operator: Browser) -> None:
    assert operator.get("/ops").status_code == 200
    assert set_operator(database(app), OPERATOR, operator=False)
    assert operator.get("/ops").status_code == 403
    assert operator.client.get("/ops/state.json").status_code == 403
    assert set_operator(database(app), OPERATOR.upper(), operator=True)
    assert operator.get("/ops").status_code == 200
    assert not set_operator(database(app), OPERATOR, operator=True)
    with pytest.raises(UnknownUser, match="nobody@"):
        set_operator(database(app), "nobody@example.com", operator=True)


def test_the_command_makes_operators_and_takes_that_away(
    app: Flask, environment: dict[str, str], tmp_path: Path
) -> None:
    def haven(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "app.cli", "operator", *words, "--data", str(tmp_path / "no-stack")]
        return subprocess.run(
            command, env=os.environ | environment, capture_output=True, text=True, timeout=60, check=False
        )

    visitor = Browser(app)
    assert haven("grant", OTHER).stdout == f"{OTHER} is an operator now.\n"
    assert haven("grant", OTHER).stdout == f"{OTHER} is an operator already.\n"
    assert visitor.sign_in(OTHER).status_code == 303
    assert haven("revoke", OTHER).returncode == 0
    assert visitor.get("/ops").status_code == 403
    unknown = haven("grant", "nobody@example.com")
    assert unknown.returncode == 1
    assert "no user has the address 'nobody@example.com'" in unknown.stderr


def test_signing_out_ends_the_session(operator: Browser) -> None:
    assert operator.post("/ops/logout").headers["Location"] == "/ops/login"
    assert operator.get("/ops").headers["Location"] == "/ops/login"


def test_no_form_without_its_token_does_anything(app: Flask, operator: Browser) -> None:
    posts = [path for method, path in guarded(app) if method == "POST"]
    assert len(posts) >= 5
    for path in [*posts, "/ops/login", "/ops/logout"]:
        headers = {"Sec-Fetch-Site": "same-origin"}  # else it is refused before its token is looked at
        answer = operator.client.post(path, data={"email": OPERATOR, "user_id": "1"}, headers=headers)
        assert (answer.status_code, answer.get_json()["detail"]) == (403, CHECKED), path
    assert operator.get("/ops").status_code == 200


def test_the_pages_load_nothing_from_elsewhere_and_have_no_script_or_style_in_them(operator: Browser) -> None:
    for path in ("/ops", "/ops/login"):
        page = operator.get(path)
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert len(re.findall("<h1>", page.text)) == 1
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! src)", page.text)
        addresses = re.findall(r"""(?:src|href|action)=["']([^"']*)""", page.text)
        assert [address for address in addresses if not address.startswith(("/", "#"))] == []
        for address in re.findall(r'(?:src|href)="(/ops/static/[^"]+)"', page.text):
            assert Browser(operator.client.application).get(address, buffered=True).status_code == 200
        assert page.headers["Cache-Control"] == "no-store"


def test_while_redis_is_away_an_operator_goes_on_looking_and_does_nothing(
    operator: Browser, server: RedisServer
) -> None:
    assert operator.get("/ops").status_code == 200
    server.node.kill()
    page = operator.get("/ops")
    assert page.status_code == 200
    assert page.text.count("Redis is away.") == 2
    until(lambda: "no answer" in operator.get("/ops").text)  # the look is up to a second old
    assert operator.client.get("/ops/state.json").status_code == 200
    for path in ("/ops/tasks/replay", "/ops/drills"):  # the latter would need no Redis
        assert operator.post(path).status_code == 503


@pytest.mark.parametrize("lacking", ["haven_ops", "haven_session"])
def test_while_redis_is_away_nobody_else_is_let_in(operator: Browser, server: RedisServer, lacking: str) -> None:
    operator.get("/ops")
    server.node.kill()
    operator.forget(lacking)
    assert operator.get("/ops").status_code in {303, 503}


def test_while_redis_is_away_a_pass_is_worth_nothing_beside_another_session_or_when_it_is_old(
    app: Flask, operator: Browser, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Browser(app)
    other.sign_in(OTHER, "/login")
    theirs, mine = other.client.get_cookie("haven_session"), operator.client.get_cookie("haven_session")
    operator.get("/ops")
    server.node.kill()
    assert theirs
    assert mine
    operator.client.set_cookie("haven_session", theirs.value)
    assert operator.get("/ops").status_code == 503
    operator.client.set_cookie("haven_session", mine.value)
    assert operator.get("/ops").status_code == 200
    monkeypatch.setattr(access, "PASS_AGE", -1)
    assert operator.get("/ops").status_code == 503


def test_real_time_processes_do_not_have_the_page(app: Flask) -> None:
    from app import create_app  # noqa: PLC0415 - a second application, of another role

    other = create_app(app.extensions["haven"].config, role="realtime")
    assert other.test_client().get("/ops/login").status_code == 404
    other.extensions["haven"].close()
