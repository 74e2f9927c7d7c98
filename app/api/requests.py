"""What surrounds every request: its id, the headers that keep browsers safe, and no cross-site writes."""

import re
import uuid
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars

from app.api import csrf
from app.api.problems import ProblemError
from app.ops import trace
from app.sessions.interface import carrier_of

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FORM_TYPES: Final = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
_CONTENT_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def register(app: Flask) -> None:
    """Let every request of the application pass through here."""
    app.before_request(_name_request)
    app.before_request(_refuse_cross_site)
    app.after_request(_add_headers)
    app.teardown_request(_unbind)


def _name_request() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
    clear_contextvars()
    bind_contextvars(request_id=g.request_id)
    trace.enter(request.headers.get("traceparent", ""))


def _refuse_cross_site() -> None:
    """A request from another site may not use this site's cookies to write.

    A session in the header needs no such care: another site's page knows no id, and may not send that header.
    """
    if request.method in _SAFE_METHODS or not request.cookies or carrier_of(request) == "header":
        return
    if not _comes_from_here():
        raise ProblemError(403, "The request comes from another site, or does not say from where: load the page again.")


def _comes_from_here() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in {"same-origin", "none"}
    told = request.headers.get("Origin") or request.headers.get("Referer")
    if told is not None:
        return is_this_site(told)
    # No browser, or one from before all three. All that such a browser sends for another site's page is a form.
    if request.method != "POST" or request.mimetype not in _FORM_TYPES:
        return True
    return csrf.is_valid(request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", ""))


def is_this_site(address: str) -> bool:
    """Whether an Origin or a Referer names this site; a page by plain HTTP is none of a site served by HTTPS."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    secure_enough = parts.scheme == "https" or not request.is_secure
    return secure_enough and parts.netloc.lower() == request.host.lower()


def _add_headers(response: Response) -> Response:
    headers = response.headers
    if "request_id" in g:
        headers["X-Request-ID"] = g.request_id
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    if response.mimetype == "text/html":
        headers.setdefault("Content-Security-Policy", _CONTENT_POLICY)
    if "user_id" in g or request.method not in _SAFE_METHODS:
        headers.setdefault("Cache-Control", "no-store")
    return response


def _unbind(_error: BaseException | None) -> None:
    clear_contextvars()
    trace.leave()
