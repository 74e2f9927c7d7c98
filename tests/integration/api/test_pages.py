import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.db.models import User
from app.db.seed import PASSWORD
from tests.integration.api.people import assert_problem

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
ADA = {"email": "ada@example.com", "password": PASSWORD}
ADDRESS = re.compile(r"""(?:src|href|action)=["']([^"']*)""")


def _token(page: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


def _enter(client: FlaskClient, **changes: str) -> TestResponse:
    form = ADA | {"csrf_token": _token(client.get("/login", headers=BROWSER))} | changes
    return client.post("/login", data=form, headers=BROWSER)


def _session_id(client: FlaskClient) -> str | None:
    cookie = client.get_cookie("haven_session")
    return cookie.value if cookie else None


@pytest.mark.parametrize("path", ["/", "/login", "/docs", "/profile", "/nowhere"])
def test_pages_are_accessible_and_need_nobody_else(client: FlaskClient, path: str) -> None:
    page = client.get(path, headers=BROWSER, follow_redirects=True)
    assert page.mimetype == "text/html"
    assert '<html lang="en">' in page.text
    assert len(re.findall("<h1>", page.text)) == 1
    assert "<title>" in page.text
    assert "<script" not in page.text
    assert [address for address in ADDRESS.findall(page.text) if not address.startswith(("/", "#"))] == []
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_what_the_pages_load_is_there(client: FlaskClient) -> None:
    for address in re.findall(r'<link [^>]*href="([^"]+)"', client.get("/", headers=BROWSER).text):
        assert client.get(address, buffered=True).status_code == 200


def test_the_start_page_leads_to_what_there_is(client: FlaskClient) -> None:
    links = [*client.get("/").get_json()["links"].values(), *re.findall(r'<a href="([^"]+)"', client.get("/docs").text)]
    for link in links:
        if link.startswith("/"):
            assert client.get(link, headers=BROWSER, follow_redirects=True).status_code == 200


def test_logging_in_and_out_by_the_form(client: FlaskClient) -> None:
    entered = _enter(client)
    assert (entered.status_code, entered.headers["Location"]) == (303, "/profile")

    profile = client.get("/profile", headers=BROWSER)
    assert profile.status_code == 200
    assert "Ada Lovelace" in profile.text
    assert profile.headers["Cache-Control"] == "no-store"
    assert client.get("/profile").get_json()["email"] == ADA["email"]

    left = client.post("/logout", data={"csrf_token": _token(profile)}, headers=BROWSER)
    assert left.status_code == 303
    assert client.get("/profile", headers=BROWSER).headers["Location"] == "/login"
    assert_problem(client.get("/profile"), 401)


def test_every_field_has_a_label(client: FlaskClient) -> None:
    page = client.get("/login", headers=BROWSER).text
    fields = set(re.findall(r'<input id="(\w+)"', page))
    assert fields == set(re.findall(r'<label for="(\w+)"', page)) == {"email", "password"}


def test_a_session_gets_a_new_id_at_login(client: FlaskClient) -> None:
    _enter(client)
    first = _session_id(client)
    _enter(client)
    second = _session_id(client)
    assert first
    assert second
    assert first != second
    client.set_cookie("haven_session", first)
    assert client.get("/profile").status_code == 401


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(client: FlaskClient) -> None:
    cookies = {line.partition("=")[0]: line for line in _enter(client).headers.getlist("Set-Cookie")}
    assert "HttpOnly" in cookies["haven_session"]
    assert "SameSite=Lax" in cookies["haven_session"]


@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"email": "nobody@example.com"}])
def test_a_refused_login_shows_the_form_again(client: FlaskClient, wrong: dict[str, str]) -> None:
    page = _enter(client, **wrong)
    assert page.status_code == 401
    assert 'role="alert"' in page.text
    assert _token(page)
    assert client.get("/profile").status_code == 401


@pytest.mark.parametrize("wrong", [{"email": ""}, {"email": "no address"}, {"password": ""}, {"password": "a\x00b"}])
def test_an_impossible_login_shows_the_form_again(client: FlaskClient, wrong: dict[str, str]) -> None:
    page = _enter(client, **wrong)
    assert page.status_code == 422
    assert 'role="alert"' in page.text


@pytest.mark.parametrize("token", ["", "made-up", "\x00", "ü"])
def test_a_form_from_elsewhere_is_refused(client: FlaskClient, token: str) -> None:
    page = _enter(client, csrf_token=token)
    assert page.status_code == 403
    assert page.mimetype == "text/html"
    assert client.get("/profile").status_code == 401


def test_a_token_of_another_browser_is_refused(app: Flask, client: FlaskClient) -> None:
    theirs = _token(app.test_client().get("/login", headers=BROWSER))
    assert _enter(client, csrf_token=theirs).status_code == 403


def test_logging_out_needs_the_token(client: FlaskClient) -> None:
    _enter(client)
    assert client.post("/logout", headers=BROWSER).status_code == 403
    assert client.get("/profile").status_code == 200


def test_another_site_can_not_write_with_the_cookie(client: FlaskClient) -> None:
    _enter(client)
    for site in ("cross-site", "same-site"):
        response = client.post("/api/logout/everywhere", headers={"Sec-Fetch-Site": site})
        assert_problem(response, 403)
    assert client.get("/profile").status_code == 200
    assert client.post("/api/logout/everywhere", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200
    assert client.get("/profile").status_code == 401


def test_programs_log_in_with_json(client: FlaskClient) -> None:
    assert client.post("/login", json=ADA).get_json()["name"] == "Ada Lovelace"
    assert client.get("/api/protected").status_code == 200
    assert client.post("/logout", json={}).status_code == 204
    assert client.get("/api/protected").status_code == 401


def test_a_name_is_text_and_never_markup(app: Flask, client: FlaskClient) -> None:
    with app.extensions["haven"].db.session() as session:
        session.query(User).filter_by(email=ADA["email"]).one().name = "<script>alert(1)</script>"
    _enter(client)
    page = client.get("/profile", headers=BROWSER).text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_deleted_user_is_nobody(app: Flask, client: FlaskClient) -> None:
    _enter(client)
    with app.extensions["haven"].db.session() as session:
        session.delete(session.query(User).filter_by(email=ADA["email"]).one())
    assert client.get("/profile", headers=BROWSER).status_code == 303
    assert client.get("/profile").status_code == 401
