from collections.abc import Iterator

import pytest
from flask import Flask

from app.api import csrf


@pytest.fixture
def app() -> Iterator[Flask]:
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "test"
    with app.test_request_context():
        yield app


def _cookie(value: str) -> dict[str, str]:
    return {"Cookie": f"haven_csrf={value}"}


def test_the_token_of_the_cookie_is_right_and_kept(app: Flask) -> None:
    token = csrf.token()
    with app.test_request_context(headers=_cookie(token)):
        assert csrf.is_valid(token)
        assert csrf.token() == token


@pytest.mark.usefixtures("app")
def test_without_the_cookie_no_token_is_right() -> None:
    assert not csrf.is_valid(csrf.token())
    assert not csrf.is_valid("")


def test_a_token_that_was_not_made_here_is_wrong(app: Flask) -> None:
    for forged in ("made-up", csrf.token() + "x", ""):
        with app.test_request_context(headers=_cookie(forged)):
            assert not csrf.is_valid(forged)
            assert csrf.token() != forged


def test_a_token_grows_old(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    token = csrf.token()
    monkeypatch.setattr("itsdangerous.TimestampSigner.get_timestamp", lambda _: 4_000_000_000)
    with app.test_request_context(headers=_cookie(token)):
        assert not csrf.is_valid(token)


def test_a_token_of_a_former_key_is_right_while_that_is_named(app: Flask) -> None:
    token = csrf.token()
    app.config["SECRET_KEY"] = "another"
    with app.test_request_context(headers=_cookie(token)):
        assert not csrf.is_valid(token)
        app.config["SECRET_KEY_FALLBACKS"] = ["test"]
        assert csrf.is_valid(token)


def test_the_cookie_is_for_this_site_alone(app: Flask) -> None:
    app.config["SESSION_COOKIE_SECURE"] = True
    header = csrf.keep(app.make_response("page"), "token").headers["Set-Cookie"]
    assert header.startswith("__Host-haven_csrf=")
    assert "Path=/" in header
    assert "Domain" not in header
    assert "HttpOnly" in header
    assert "SameSite=Strict" in header
    assert "Secure" in header
