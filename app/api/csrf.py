"""Proof that a form comes from a page of this site: a signed token in the form and in a cookie. Nothing is stored."""

import hmac
import secrets
from datetime import timedelta
from typing import Final

from flask import Response, current_app, request
from itsdangerous import BadData, URLSafeTimedSerializer

from app.api.problems import ProblemError
from app.sessions.cookie import cookie_name, signing_keys

MAX_AGE: Final = timedelta(hours=8)
"""How long a page with a form may stay open."""

CHECKED: Final = "The form is too old or comes from elsewhere. Load the page again."


def token() -> str:
    """The token of this browser, or a new one, for the form's field ``csrf_token``."""
    known = request.cookies.get(_cookie(), "")
    return known if _is_ours(known) else _serializer().dumps(secrets.token_urlsafe(16))


def keep(response: Response, value: str) -> Response:
    """Give the browser the token that its next form must carry."""
    response.set_cookie(
        _cookie(),
        value,
        max_age=int(MAX_AGE.total_seconds()),
        httponly=True,
        samesite="Strict",
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
    )
    return response


def is_valid(sent: str) -> bool:
    """Whether the form's token is the one of the cookie, made here and not too old."""
    known = request.cookies.get(_cookie(), "")
    return _is_ours(known) and hmac.compare_digest(known.encode(), sent.encode("utf-8", "replace"))


def check_form() -> None:
    """Let only a form of this site pass.

    Raises:
        ProblemError: 403.
    """
    if not is_valid(request.form.get("csrf_token", "")):
        raise ProblemError(403, CHECKED)


def _cookie() -> str:
    return cookie_name("haven_csrf", secure=bool(current_app.config["SESSION_COOKIE_SECURE"]))


def _is_ours(value: str) -> bool:
    try:
        _serializer().loads(value, max_age=int(MAX_AGE.total_seconds()))
    except BadData:
        return False
    return True


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(signing_keys(current_app), salt="csrf")
