"""Who may see the operations page: operators, asked of the database at every request; and their own way in."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import structlog
from flask import Blueprint, Response, current_app, g, redirect, render_template, request, session, url_for
from itsdangerous import BadData, URLSafeTimedSerializer

from app.api import csrf
from app.api.login import authenticate, enter
from app.api.openapi import check
from app.api.problems import ProblemError, wants_page
from app.api.schemas import Credentials
from app.db.models import User
from app.errors import StoreError
from app.runtime import runtime
from app.sessions import USER
from app.sessions.cookie import cookie_name, signing_keys
from app.store import deadline

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as BaseResponse

PATIENCE: Final = 1.0
"""Seconds that a page waits for Redis; about a failover."""
PASS_AGE: Final = 600
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_OPEN: Final = frozenset({"ops.static", "ops.sign_in_form", "ops.sign_in", "ops.sign_out"})
_SAFE: Final = frozenset({"GET", "HEAD"})
_NO_OPERATOR: Final = "This account is none of an operator: `haven operator grant EMAIL` makes it one."
log: Final = structlog.get_logger(__name__)


def register(blueprint: Blueprint) -> None:
    """Guard everything in the blueprint."""
    blueprint.before_request(_guard)
    blueprint.after_request(_finish)
    blueprint.add_url_rule("/login", "sign_in_form", sign_in_form, methods=["GET"])
    blueprint.add_url_rule("/login", "sign_in", sign_in, methods=["POST"])
    blueprint.add_url_rule("/logout", "sign_out", sign_out, methods=["POST"])


def page(template: str, status: int = 200, **values: Any) -> Response:
    """A page with the token for its forms."""
    token = csrf.token()
    shown = render_template(template, csrf_token=token, **values)
    return csrf.keep(Response(shown, status, headers={"Cache-Control": "no-store"}), token)


def is_operator(user_id: int) -> bool:
    """What the database says now."""
    return _operator(user_id) is not None


def _guard() -> BaseResponse | None:
    if request.endpoint in _OPEN:
        return None
    user_id = _visitor()
    if user_id is None:
        if wants_page() and request.method in _SAFE:
            return redirect(url_for("ops.sign_in_form"), 303)
        raise ProblemError(401, "Sign in at /ops/login first.")
    user = _operator(user_id)
    if user is None:
        raise ProblemError(403, _NO_OPERATOR)
    g.user_id, g.operator = user.id, user
    return None


def _visitor() -> int | None:
    """Who it is. While Redis is away, who has shown a session in the last minutes may go on looking, and no more."""
    g.redis_away = False
    try:
        with deadline(PATIENCE):
            found: int | None = session.get(USER)
    except StoreError:
        found = _passed() if request.method in _SAFE else None
        if found is None:
            raise
        g.redis_away = True
    return found


def _operator(user_id: int) -> User | None:
    with runtime().db.session() as rows:
        user = rows.get(User, user_id)
    return user if user is not None and user.operator else None


def _passed() -> int | None:
    try:
        user_id, shown = _passes().loads(request.cookies.get(_pass_name(), ""), max_age=PASS_AGE)
    except (BadData, ValueError, TypeError):
        return None
    return int(user_id) if shown == _shown() and shown else None


def _finish(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Security-Policy", POLICY)
    if "operator" in g and not g.redis_away and _shown():
        response.set_cookie(
            _pass_name(),
            _passes().dumps([g.operator.id, _shown()]),
            max_age=PASS_AGE,
            httponly=True,
            samesite="Strict",
            secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
        )
    return response


def _shown() -> str:
    """Which session the browser has, so that a pass is worth nothing beside another or after the log-out."""
    cookie = request.cookies.get(current_app.config["SESSION_COOKIE_NAME"], "")
    return hashlib.sha256(cookie.encode()).hexdigest() if cookie else ""


def _pass_name() -> str:
    return cookie_name("haven_ops", secure=bool(current_app.config["SESSION_COOKIE_SECURE"]))


def _passes() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(signing_keys(current_app), salt="haven.ops")


def sign_in_form() -> Response:
    """The form."""
    return page("ops/login.html")


def sign_in() -> BaseResponse:
    """Sign in by the form. As often as at /login, and counted together."""
    csrf.check_form()
    try:
        user = authenticate(check(Credentials, {name: request.form.get(name, "") for name in Credentials.model_fields}))
    except ProblemError as error:
        if error.code not in {401, 422}:
            raise
        return page("ops/login.html", error.code, error=error.description)
    if not user.operator:
        log.warning("ops.refused", user_id=user.id)
        return page("ops/login.html", 403, error=_NO_OPERATOR)
    enter(user)
    log.info("ops.signed_in", operator=user.email)
    return redirect(url_for("ops.overview"), 303)


def sign_out() -> BaseResponse:
    """End the session."""
    csrf.check_form()
    session.clear()
    return redirect(url_for("ops.sign_in_form"), 303)
