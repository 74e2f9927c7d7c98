"""What surrounds every request: its id, the headers that keep browsers safe, and no cross-site writes."""

import re
import uuid
from typing import Final

from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars

from app.api.problems import ProblemError
from app.ops import trace

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
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
    """A browser says where a request comes from; one from another site may not use this site's cookies to write."""
    if request.method in _SAFE_METHODS or not request.cookies:
        return
    if request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}:
        raise ProblemError(403, "The request comes from another site.")


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
