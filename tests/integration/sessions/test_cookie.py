"""The cookie by HTTPS, and the keys that sign it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from app import create_app
from app.config import load_config
from tests.integration.sessions.views import COOKIE, add_views, bare, cookie_of, put, sent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

OLD, NEW = "o" * 40, "n" * 40
PRODUCTION = {"HAVEN_ENV": "production", "SECRET_KEY": NEW}


@contextmanager
def application(environment: dict[str, str], **more: str) -> Iterator[FlaskClient]:
    app = create_app(load_config(environment | more))
    add_views(app)
    yield app.test_client()
    app.extensions["haven"].close()


def test_in_production_the_cookies_are_for_https_and_this_host_alone(environment: dict[str, str]) -> None:
    with application(environment, **PRODUCTION) as client:
        answers = (
            client.post("/set", json={"a": 1}, base_url="https://haven.example"),
            client.get("/login", base_url="https://haven.example", headers={"Accept": "text/html"}),
        )
        lines = [answer.headers["Set-Cookie"] for answer in answers]
        assert [line.partition("=")[0] for line in lines] == ["__Host-haven_session", "__Host-haven_csrf"]
        for line in lines:
            assert {"Secure", "HttpOnly", "Path=/"} <= set(line.split("; "))
            assert "Domain" not in line
        assert client.get("/get", base_url="https://haven.example").json == {"a": 1}
        planted = sent(lines[0].partition("=")[2].partition(";")[0])
        assert bare(client).get("/get", headers=planted).json == {}, "the plain name, which any host can plant, is none"
        schemes = client.get("/docs/openapi.json").get_json()["components"]["securitySchemes"]
        assert schemes["cookie"]["name"] == "__Host-haven_session"


def test_a_setting_says_so_where_people_come_by_plain_http(environment: dict[str, str]) -> None:
    with application(environment, **PRODUCTION, HAVEN_COOKIE_SECURE="false") as client:
        line = client.post("/set", json={"a": 1}).headers["Set-Cookie"]
        assert line.startswith(f"{COOKIE}=")
        assert "Secure" not in line
    with application(environment, HAVEN_COOKIE_SECURE="true") as client:
        assert client.post("/set", json={"a": 1}).headers["Set-Cookie"].startswith("__Host-")


def test_a_change_of_the_key_logs_nobody_out(environment: dict[str, str]) -> None:
    with application(environment, SECRET_KEY=OLD) as client:
        old = put(client, a=1)
        token = client.get("/login", headers={"Accept": "text/html"}).headers["Set-Cookie"].split(";")[0]
    with application(environment, SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=f"{'x' * 40}, {OLD}") as client:
        answer = bare(client).get("/get", headers=sent(old))
        assert answer.json == {"a": 1}
        new = cookie_of(answer)
        assert new, "the browser gets the same id, signed with the new key"
        assert new.partition(".")[0] == old.partition(".")[0]
        assert cookie_of(bare(client).get("/get", headers=sent(new))) is None
        form = {"csrf_token": token.partition("=")[2], "email": "", "password": ""}
        assert bare(client).post("/login", data=form, headers={"Cookie": token}).status_code == 422, "the token counts"
    with application(environment, SECRET_KEY=NEW) as client:
        assert bare(client).get("/get", headers=sent(new)).json == {"a": 1}
        assert bare(client).get("/get", headers=sent(old)).json == {}
        assert bare(client).post("/login", data=form, headers={"Cookie": token}).status_code == 403


@pytest.mark.parametrize("moved", [False, True])
def test_a_cookie_of_a_former_key_that_is_no_session_is_left_alone(environment: dict[str, str], *, moved: bool) -> None:
    with application(environment, SECRET_KEY=OLD) as client:
        old = put(client, a=1)
        client.post("/renew" if moved else "/clear")
    with application(environment, SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=OLD) as client:
        assert "Set-Cookie" not in bare(client).get("/get", headers=sent(old)).headers
