import io
from collections.abc import Iterator
from contextlib import nullcontext

import pytest
from flask import Flask, Response
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.test import create_environ

from app.api.openapi import RowIdConverter, answer, documented, read_json
from app.api.problems import ProblemError
from app.api.replies import WhoAmI
from app.api.schemas import Page
from app.example.schemas import NewReport


def test_an_id_fits_into_64_bits() -> None:
    converter = RowIdConverter(Flask(__name__).url_map)
    assert converter.to_python(str(2**63 - 1)) == 2**63 - 1
    assert converter.to_python(str(2**63)) == 0, "which no row has"


def test_a_view_gets_what_it_names_checked() -> None:
    @documented("test", gives=WhoAmI)
    def view(number: int, query: Page) -> Response:
        """Look."""
        return answer(WhoAmI(user_id=number + query.page))

    app = Flask(__name__)
    with app.test_request_context("/?page=2"):
        assert view(number=40).get_json() == {"user_id": 42}
    with app.test_request_context("/?page=x"), pytest.raises(ProblemError) as refused:
        view(number=40)
    assert refused.value.code == 422


def test_an_answer_that_is_streamed_is_not_read() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"x"

    @documented("test")
    def view() -> Response:
        """Stream."""
        return Response(endless())

    with Flask(__name__).test_request_context():
        assert view().is_streamed


def test_a_body_is_json_and_says_so() -> None:
    app = Flask(__name__)
    with app.test_request_context(method="POST", json={"kind": "products"}):
        assert read_json(NewReport).kind == "products"
    with app.test_request_context(method="POST", data="{}"), pytest.raises(UnsupportedMediaType):
        read_json(NewReport)
    for data in ("", "{", "[" * 100_000):
        with (
            app.test_request_context(method="POST", data=data, content_type="application/json"),
            pytest.raises(BadRequest),
        ):
            read_json(NewReport)


class _Chunks:
    """A body of unknown length, as gunicorn hands it on: it can be read, and nothing else."""

    def __init__(self, body: bytes) -> None:
        self._body = io.BytesIO(body)

    def read(self, size: int) -> bytes:
        return self._body.read(size)


@pytest.mark.parametrize(("padding", "error"), [(10, None), (2000, RequestEntityTooLarge)])
def test_a_body_of_unknown_length_is_bounded(padding: int, error: type[Exception] | None) -> None:
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 1000
    body = b'{"kind":' + b" " * padding + b'"products"}'
    environment = create_environ(method="POST", content_type="application/json")
    environment |= {"wsgi.input": _Chunks(body), "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    environment.pop("CONTENT_LENGTH", None)
    with app.request_context(environment), pytest.raises(error) if error else nullcontext():
        assert read_json(NewReport).kind == "products"
