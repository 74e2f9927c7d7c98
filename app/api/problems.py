"""Problem documents (RFC 9457): the one shape of every error that a program reads."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import structlog
from flask import Flask, Response, g, json, render_template, request
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Response as BaseResponse

from app.errors import QueueFull, StoreError
from app.ratelimit import LimitExceeded

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER: Final = 2
"""Seconds a client is asked to wait when Redis or the database is away: about one failover."""
_VALIDATION: Final = "urn:haven:problem:validation"
_QUOTA: Final = "https://iana.org/assignments/http-problem-types#quota-exceeded"
_SHOWN: Final = 100  # characters of a refused value that the answer repeats
_MAX_ERRORS: Final = 50
_SECRET_FIELDS: Final = frozenset({"password", "csrf_token"})

_log = structlog.get_logger(__name__)

FieldError = dict[str, Any]
"""``{"field": ..., "message": ..., "value": ...}``; the value is left out when it is secret or not a plain one."""


class ProblemError(HTTPException):
    """An error that becomes a problem document.

    Args:
        status: the HTTP status, 400 to 599.
        detail: what went wrong this time and what to do about it; None says nothing beyond the title.
        errors: one entry per refused field.
        headers: further headers of the answer.
    """

    def __init__(
        self,
        status: int,
        detail: str | None = None,
        *,
        errors: Iterable[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = status
        self.errors = list(errors)
        self.headers = dict(headers or {})


def field_error(field: str, message: str, value: Any = None) -> FieldError:
    """One entry of ``errors``, with the value where it may be shown."""
    error: FieldError = {"field": field, "message": message}
    if isinstance(value, str | int) and field.rpartition(".")[2] not in _SECRET_FIELDS:
        error["value"] = value[:_SHOWN] if isinstance(value, str) else _printable(value)
    return error


def invalid(field: str, message: str, value: Any = None) -> ProblemError:
    """A 422 that names one field."""
    return ProblemError(422, f"{field}: {message}", errors=[field_error(field, message, value)])


def refused(error: ValidationError) -> ProblemError:
    """A 422 that names every field a model refused."""
    details = error.errors(include_url=False, include_context=False)
    errors = [_from_pydantic(item) for item in details[:_MAX_ERRORS]]
    names = ", ".join(dict.fromkeys(item["field"] for item in errors))
    return ProblemError(422, f"Not valid: {names}.", errors=errors)


def not_found(what: str) -> ProblemError:
    """A 404 that says what there is none of."""
    return ProblemError(404, f"There is no such {what}.")


def problem(
    status: int,
    detail: str | None = None,
    *,
    errors: Iterable[FieldError] = (),
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> Response:
    """Make a problem document about the current request.

    A browser that asked for a page gets a page. See ``ProblemError`` for the arguments; ``more`` are further members.
    """
    body: dict[str, Any] = {"type": "about:blank", "title": HTTP_STATUS_CODES.get(status, "Error"), "status": status}
    listed = list(errors)
    if detail:
        body["detail"] = detail
    body["instance"] = request.path
    body["request_id"] = g.get("request_id")
    if listed:
        body |= {"type": _VALIDATION, "errors": listed}
    body |= more or {}
    if wants_page():
        response = Response(render_template("error.html", problem=body), status, mimetype="text/html")
    else:
        response = Response(json.dumps(body), status, mimetype=MEDIA_TYPE)
    if status == 401:  # noqa: PLR2004 - the status itself is the clearest name
        response.headers["WWW-Authenticate"] = 'Session realm="haven"'
    response.headers.update(headers or {})
    return response


def wants_page() -> bool:
    """Whether the client is a browser that asked for a page: not for the API, and HTML before JSON."""
    if request.path.startswith("/api/"):
        return False
    offered = (MEDIA_TYPE, "application/json", "text/html")
    return request.accept_mimetypes.best_match(offered) == "text/html"


def register(app: Flask) -> None:
    """Turn every error of every route into a problem document."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(StaleDataError, _stale)
    app.register_error_handler(IntegrityError, _integrity)
    for away in (StoreError, QueueFull, OperationalError, InterfaceError, PoolTimeoutError):
        app.register_error_handler(away, _away)
    app.register_error_handler(Exception, _unexpected)


def _http(error: HTTPException) -> BaseResponse:
    status = error.code or 500
    if error.response is not None or status < 400:  # noqa: PLR2004 - a redirect is no error
        return error.get_response()
    if isinstance(error, InternalServerError) and error.original_exception is not None:
        # Raised after the view, when Flask saved the session.
        return _saved_too_late(error.original_exception)
    if isinstance(error, ProblemError):
        return problem(status, error.description, errors=error.errors, headers=error.headers)
    if isinstance(error, LimitExceeded):
        return problem(429, error.description, more={"type": _QUOTA, "violated-policies": error.decision.violated})
    headers = {name: value for name, value in error.get_headers(request.environ) if name.lower() != "content-type"}
    return problem(status, error.description if status != 500 else None, headers=headers)  # noqa: PLR2004


def _from_pydantic(item: ErrorDetails) -> FieldError:
    field = ".".join(str(part)[:_SHOWN] for part in item["loc"]) or "body"
    return field_error(field, item["msg"], item["input"])


def _printable(number: int) -> int | str:
    # Python refuses to print integers beyond some thousand digits.
    return number if number.bit_length() <= 64 else "(a very large number)"  # noqa: PLR2004 - more than any field takes


def _saved_too_late(error: BaseException) -> Response:
    return _away(error) if isinstance(error, StoreError) else _unexpected(error)


def _stale(_error: StaleDataError) -> Response:
    return problem(409, "Someone else changed it at the same moment. Read it again and repeat.")


def _integrity(_error: IntegrityError) -> Response:
    return problem(409, "It contradicts what is stored: a record it refers to is gone, or one like it exists.")


def _away(error: BaseException) -> Response:
    _log.warning("dependency_away", error=type(error).__name__, detail=str(error)[:500])
    return problem(503, "A service behind this one is away. Repeat shortly.", headers={"Retry-After": str(RETRY_AFTER)})


def _unexpected(error: BaseException) -> Response:
    # The log has the trace under the request's id; the client gets the id alone.
    _log.error("unexpected_error", exc_info=error, method=request.method, path=request.path)
    return problem(500)
