import json
import socket
from collections.abc import Iterator

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from app.config import load_config
from app.db.seed import PASSWORD
from app.local import RedisServer
from tests.integration.api.people import Person, assert_problem

BODIES = ["/api/messages", "/api/reports"]
BIG = 2**20 + 1


def test_an_unknown_address_is_not_found(client: FlaskClient) -> None:
    for path in ("/nowhere", "/api/nowhere", "/api/products/", "/static/../app.py", "/static/", "/api/users/1/x"):
        assert_problem(client.get(path), 404)


@pytest.mark.parametrize("path", ["/api/products/{}", "/api/users/{}", "/api/users/{}/posts"])
def test_an_impossible_id_is_not_found(client: FlaskClient, path: str) -> None:
    odd = ["0", "-1", "01", "+1", "1.0", "abc", "%00", "%D9%A3", "1%20", "1e3"]
    for number in [*odd, str(2**63), str(2**64), "9" * 20, "9" * 5000]:
        assert_problem(client.get(path.format(number)), 404)


def test_the_largest_id_is_looked_up(client: FlaskClient) -> None:
    assert_problem(client.get(f"/api/products/{2**63 - 1}"), 404)


def test_a_wrong_method_says_which_are_right(client: FlaskClient) -> None:
    response = client.delete("/api/products/1")
    assert_problem(response, 405)
    assert {"GET", "PUT"} <= set(response.headers["Allow"].split(", "))


def _post(person: Person, path: str, data: bytes, kind: str | None = "application/json") -> TestResponse:
    return person.ask("POST", path, data=data, content_type=kind)


@pytest.mark.parametrize("path", BODIES)
def test_a_body_that_is_not_json_is_refused(ada: Person, path: str) -> None:
    for data in (b"", b"{", b"nonsense", b"\xff\xfe\xfd", b"\x00", b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5000):
        assert_problem(_post(ada, path, data), 400)


@pytest.mark.parametrize("path", BODIES)
def test_a_body_that_is_no_object_is_refused(ada: Person, path: str) -> None:
    for data in (b"[]", b"[1]", b'"text"', b"1", b"null", b"true", b"NaN", b"1e999"):
        response = _post(ada, path, data)
        assert [error["field"] for error in assert_problem(response, 422)["errors"]] == ["body"]
        json.loads(response.data, parse_constant=pytest.fail)


@pytest.mark.parametrize("path", BODIES)
def test_a_body_of_another_type_is_refused(ada: Person, path: str) -> None:
    for kind in (None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert_problem(_post(ada, path, b'{"receiver_id": 2, "body": "x"}', kind), 415)


def test_a_body_that_is_too_large_is_refused(ada: Person) -> None:
    for path in (*BODIES, "/api/login"):
        assert_problem(_post(ada, path, b"x" * BIG), 413)


def test_many_wrong_fields_are_not_all_repeated(ada: Person) -> None:
    body = {f"field{number}": "x" * 1000 for number in range(900)}
    response = ada.ask("POST", "/api/reports", json=body)
    assert len(assert_problem(response, 422)["errors"]) == 50
    assert len(response.data) < 20_000


def test_a_password_is_not_repeated(client: FlaskClient) -> None:
    for body in (
        {"email": "x", "password": "hunter2\x00"},
        {"password": "hunter2"},
        {"email": 1, "password": ["hunter2"]},
    ):
        response = client.post("/api/login", json=body)
        assert_problem(response, 422)
        assert "hunter2" not in response.text


def test_a_request_id_is_taken_over_or_made(client: FlaskClient) -> None:
    assert client.get("/", headers={"X-Request-ID": "abc-1.2_3"}).headers["X-Request-ID"] == "abc-1.2_3"
    for wrong in ("", "a b", "x" * 129, "a;b", "<script>", "\xe9"):
        made = client.get("/", headers={"X-Request-ID": wrong}).headers["X-Request-ID"]
        assert made not in {wrong, ""}
    assert client.get("/").headers["X-Request-ID"] != client.get("/").headers["X-Request-ID"]


def test_every_answer_has_the_headers_that_keep_browsers_safe(client: FlaskClient) -> None:
    for path in ("/", "/api/products/1", "/nowhere", "/static/haven.css"):
        headers = client.get(path, buffered=True).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"


def test_an_unexpected_error_tells_the_log_and_not_the_client(app: Flask, ada: Person) -> None:
    def fail() -> None:
        raise LookupError("a secret of the inside")

    app.view_functions["auth.protected"] = fail  # type: ignore[assignment]
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        response = ada.ask("GET", "/api/protected", headers={"X-Request-ID": "the-one"})
    document = assert_problem(response, 500)
    assert "detail" not in document
    assert "secret" not in response.text
    assert "Traceback" not in response.text
    entry = next(log for log in logs if log["event"] == "unexpected_error")
    assert entry["request_id"] == "the-one"
    assert "a secret of the inside" in str(entry["exc_info"])


def test_a_database_that_is_away_says_when_to_come_back(empty_redis: RedisServer) -> None:
    environment = {
        "HAVEN_ENV": "testing",
        "DATABASE_URL": "postgresql://haven:secret@127.0.0.1:1/haven",
        "REDIS_HOST": empty_redis.host,
        "REDIS_PORT": str(empty_redis.port),
    }
    app = create_app(load_config(environment))
    response = app.test_client().get("/api/products/1")
    app.extensions["haven"].close()
    assert_problem(response, 503)
    assert int(response.headers["Retry-After"]) >= 1
    assert "127.0.0.1" not in response.text


@pytest.fixture
def without_redis(seeded_url: str) -> Iterator[FlaskClient]:
    with socket.socket() as taken:  # bound and not listening: connections are refused
        taken.bind(("127.0.0.1", 0))
        environment = {
            "HAVEN_ENV": "testing",
            "DATABASE_URL": seeded_url,
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(taken.getsockname()[1]),
            "HAVEN_DEADLINE": "0.5",
        }
        app = create_app(load_config(environment))
        yield app.test_client()
        app.extensions["haven"].close()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/login", {"email": "ada@example.com", "password": PASSWORD}),
        ("GET", "/api/protected", None),
        ("POST", "/api/messages", {"receiver_id": 2, "body": "x"}),
        ("GET", "/api/events", None),
    ],
)
def test_what_needs_redis_says_when_to_come_back(
    without_redis: FlaskClient, method: str, path: str, body: dict[str, object] | None
) -> None:
    response = without_redis.open(path, method=method, json=body, headers={"X-Session-ID": "h" + "x" * 43})
    assert_problem(response, 503)
    assert int(response.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("path", ["/", "/login", "/docs", "/api/products", "/api/products/1", "/api/search?q=rope"])
def test_what_does_not_need_redis_goes_on_without_it(without_redis: FlaskClient, path: str) -> None:
    assert without_redis.get(path).status_code == 200
