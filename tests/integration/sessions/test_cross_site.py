"""Another site's page can't write with this site's cookie, whatever its visitor's browser says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.sessions.views import bare, put, sent

if TYPE_CHECKING:
    from flask.testing import FlaskClient

HERE = "http://localhost"
FORM = {"data": {"a": "1"}}
FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": HERE},
    {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "made-up"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://evil.example/localhost"},
    {"Origin": "http://localhost:1234"},
    {"Origin": "http://["},
    {"Origin": "https://evil.example", "Referer": HERE + "/page"},
    {"Referer": "https://evil.example/http://localhost"},
    {"Referer": "localhost"},
]
OURS = [
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://other.example"},
    {"Origin": HERE},
    {"Origin": "http://LOCALHOST"},
    {"Origin": "https://localhost"},
    {"Referer": HERE + "/page?x=1"},
]


def write(client: FlaskClient, headers: dict[str, str], **body: Any) -> int:
    cookie = put(client, start=1)
    return bare(client).post("/clear", headers={**sent(cookie), **headers}, **body).status_code


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize("body", [FORM, {"json": {}}, {}], ids=["form", "json", "nothing"])
def test_a_request_from_elsewhere_is_refused(
    client: FlaskClient, headers: dict[str, str], body: dict[str, Any]
) -> None:
    assert write(client, headers, **body) == 403
    assert client.get("/get").json == {"start": 1}


@pytest.mark.parametrize("headers", OURS, ids=str)
@pytest.mark.parametrize("body", [FORM, {"json": {}}, {}], ids=["form", "json", "nothing"])
def test_a_request_from_here_is_let_through(client: FlaskClient, headers: dict[str, str], body: dict[str, Any]) -> None:
    assert write(client, headers, **body) == 200


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"])
def test_a_form_of_a_browser_that_says_nothing_needs_the_token(client: FlaskClient, kind: str) -> None:
    assert write(client, {}, data=b"", content_type=kind) == 403
    page = client.get("/login", headers={"Accept": "text/html"})
    token = page.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    cookies = {"Cookie": f"{sent(put(client, start=1))['Cookie']}; haven_csrf={token}"}
    for told, status in (("made-up", 403), ("", 403), (token, 200)):
        headers = {**cookies, "X-CSRF-Token": told}
        assert bare(client).post("/clear", headers=headers, data=b"", content_type=kind).status_code == status


def test_the_token_may_be_a_field_of_the_form(client: FlaskClient) -> None:
    page = client.get("/login", headers={"Accept": "text/html"})
    token = page.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    cookies = {"Cookie": f"{sent(put(client, start=1))['Cookie']}; haven_csrf={token}"}
    assert bare(client).post("/clear", headers=cookies, data={"csrf_token": token[:-1]}).status_code == 403
    assert bare(client).post("/clear", headers=cookies, data={"csrf_token": token}).status_code == 200


@pytest.mark.parametrize("body", [{"json": {}}, {}], ids=["json", "nothing"])
def test_what_no_form_can_send_needs_nothing_more(client: FlaskClient, body: dict[str, Any]) -> None:
    """Programs with a cookie. A browser would ask this site first (CORS), and is not told that it may."""
    assert write(client, {}, **body) == 200
    asked = client.options("/set", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"})
    assert not [name for name, _ in asked.headers if name.lower().startswith("access-control")]


def test_https_is_not_written_to_from_http(client: FlaskClient) -> None:
    cookie = sent(put(client, start=1))
    for origin, status in (("http://localhost", 403), ("https://localhost", 200)):
        headers = {**cookie, "Origin": origin}
        answer = bare(client).post("/set", json={}, headers=headers, base_url="https://localhost")
        assert answer.status_code == status


def test_reading_and_the_header_need_no_such_care(client: FlaskClient) -> None:
    cookie = sent(put(client, start=1))
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert bare(client).get("/get", headers={**cookie, **elsewhere}).json == {"start": 1}
    session_id = client.application.extensions["haven"].sessions.create(1)
    headers = {**cookie, **elsewhere, "X-Session-ID": session_id}
    assert bare(client).post("/set", json={"a": 1}, headers=headers).status_code == 200
    assert client.get("/get").json == {"start": 1}, "the cookie beside it counts for nothing"
    assert (
        bare(client).post("/set", json={"a": 1}, headers={**cookie, **elsewhere, "X-Session-ID": ""}).status_code == 403
    )
