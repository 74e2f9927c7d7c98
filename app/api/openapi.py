"""The OpenAPI document, and the decorator that checks what a view takes and describes what it gives."""

import copy
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Final, TypeVar, get_type_hints

from flask import Flask, Response, request
from pydantic import BaseModel, ValidationError
from spectree import Response as Responses
from spectree import SecurityScheme, SpecTree
from spectree.models import InType, SecureType, SecuritySchemeData
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.routing import BaseConverter

from app.api.problems import MEDIA_TYPE, refused
from app.api.replies import Problem
from app.db.models import MAX_ID
from app.example import ABOUT, TITLE

View = Callable[..., Response]
ModelT = TypeVar("ModelT", bound=BaseModel)
_AUTH: Final[list[dict[str, list[str]]]] = [{"session": []}, {"cookie": []}]
_MEANINGS: Final = {
    400: "The body is not JSON.",
    401: "No session, or one that has ended.",
    403: "Not yours.",
    404: "There is none.",
    409: "It contradicts what is stored.",
    412: "It was changed since If-Match.",
    413: "The body is too large.",
    415: "The body is not declared as JSON.",
    422: "A field is not valid; ``errors`` names it.",
    429: "Too many requests; Retry-After says when to go on.",
    503: "Redis or the database is away; Retry-After says when to repeat.",
}

_spec = SpecTree(
    "flask",
    annotations=False,
    title=TITLE,
    description=f"{ABOUT} Every error is a problem document (RFC 9457).",
    version="1.0",
    path="spectree",  # its own pages load scripts from elsewhere, so they are not registered; ``docs`` has ours
    validation_error_model=Problem,
    naming_strategy=lambda model: model.__name__,
    nested_naming_strategy=lambda _parent, child: child,
    security_schemes=[
        SecurityScheme("session", SecuritySchemeData(SecureType.API_KEY, name="X-Session-ID", field_in=InType.HEADER)),
        SecurityScheme("cookie", SecuritySchemeData(SecureType.API_KEY, name="haven_session", field_in=InType.COOKIE)),
    ],
)


class RowIdConverter(BaseConverter):
    """An id in a path: 1 to 2^63-1 in its one spelling; anything else is no such page."""

    regex = r"[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        """The id as a number; 0, which no row has, for one that is too large for any."""
        number = int(value)
        return number if number <= MAX_ID else 0


def documented(
    tag: str,
    *,
    gives: type[BaseModel] | None = None,
    status: int = 200,
    errors: tuple[int, ...] = (),
    auth: bool = False,
    accepts: type[BaseModel] | None = None,
) -> Callable[[View], View]:
    """Describe a view, and hand it what the request holds, checked.

    A view with a parameter ``json``, ``query`` or ``headers`` gets the model it names, or the request is answered with
    400, 413, 415 or 422. The docstring becomes the description.

    Args:
        tag: the group it is listed in.
        gives: the model of a good answer; None for none or for another media type.
        status: of a good answer.
        errors: the statuses of the errors it can answer besides those that follow from its parameters.
        auth: whether it needs a session.
        accepts: the model of a body that the view reads by itself.
    """

    def decorate(view: View) -> View:
        hints = get_type_hints(view)
        models: dict[str, Any] = {name: hints[name] for name in _READERS if name in hints}
        listed = {*errors, 503, *([401] if auth else []), *([422] if models else [])}
        if "json" in models or accepts:
            listed |= {400, 413, 415, 422}
        responses: dict[str, Any] = {f"HTTP_{code}": (Problem, _MEANINGS[code]) for code in sorted(listed)}
        responses[f"HTTP_{status}"] = gives

        described = _spec.validate(
            **{**models, "json": models.get("json", accepts)},
            resp=Responses(**responses),
            tags=[tag],
            security=_AUTH if auth else None,
            operation_id=view.__name__,
            skip_validation=True,
        )

        # SpecTree finds its notes by way of the wrapped function. Requests don't pass through it: it would read answers
        # to their end, and a stream has none.
        @wraps(described(view))
        def checked(*args: Any, **kwargs: Any) -> Response:
            for name, model in models.items():
                kwargs[name] = _READERS[name](model)
            return view(*args, **kwargs)

        return checked

    return decorate


def answer(model: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A model as a JSON answer."""
    return Response(model.model_dump_json(), status, headers, mimetype="application/json")


def read_json(model: type[ModelT]) -> ModelT:
    """The body as a model.

    Raises:
        BadRequest: it is not JSON, or nested too deep to read.
        RequestEntityTooLarge: it is larger than ``MAX_CONTENT_LENGTH``.
        UnsupportedMediaType: it is not declared as JSON.
        ProblemError: it is not what the model takes; names the fields.
    """
    try:
        data = request.get_json()
    except BadRequest as error:
        # Of a body that does not say its length, Werkzeug reads as much as is allowed and leaves the rest.
        limit = request.max_content_length
        if request.content_length is None and limit is not None and len(request.get_data()) >= limit:
            raise RequestEntityTooLarge from error
        raise BadRequest("The body is not JSON.") from error
    except RecursionError as error:
        raise BadRequest("The body is nested too deep.") from error
    return check(model, data)


def check(model: type[ModelT], data: Any) -> ModelT:
    """What a client sent, as a model.

    Raises:
        ProblemError: it is not what the model takes; names the fields.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise refused(error) from error


def _read_query(model: type[ModelT]) -> ModelT:
    # A parameter given twice becomes a list, which no field takes: better a clear 422 than a silent choice.
    values = {name: all_[0] if len(all_) == 1 else all_ for name, all_ in request.args.lists()}
    return check(model, values)


def _read_headers(model: type[ModelT]) -> ModelT:
    return check(model, dict(request.headers))


_READERS: Final[dict[str, Callable[[type[BaseModel]], BaseModel]]] = {
    "json": read_json,
    "query": _read_query,
    "headers": _read_headers,
}


def build(app: Flask) -> dict[str, Any]:
    """The OpenAPI document of every route the application has."""
    with app.app_context():
        document: dict[str, Any] = copy.deepcopy(_spec.spec)
    document["components"]["securitySchemes"]["cookie"]["name"] = app.config["SESSION_COOKIE_NAME"]
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation["parameters"]:
                if parameter["in"] == "path" and parameter["schema"] is None:
                    parameter["schema"] = {"type": "integer", "format": "int64", "minimum": 1, "maximum": MAX_ID}
            for code, response in operation["responses"].items():
                if code >= "4" and "content" in response:
                    response["content"] = {MEDIA_TYPE: response["content"]["application/json"]}
    return document
