"""Requests made from the OpenAPI document, right and wrong ones: never a 500, always what the document promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app import create_app
from app.config import load_config
from app.db.database import Database
from app.db.migrate import migrate
from app.db.seed import seed
from app.local import RedisServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

STREAMS = {"/api/events", "/api/ws"}
"""Have no end, and tests of their own: tests/integration/events."""
PROBES = {"/health", "/livez", "/readyz", "/metrics"}
"""For machines of the house; the document names them without saying what they answer."""
CHECKS = (status_code_conformance, content_type_conformance, response_schema_conformance)
EXAMPLES = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture(scope="module")
def application(redis: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    url = f"sqlite:///{tmp_path_factory.mktemp('abuse')}/haven.db"
    migrate(url)
    db = Database(url)
    seed(db)
    db.close()
    where = {"REDIS_HOST": redis.host, "REDIS_PORT": str(redis.port), "HAVEN_DEADLINE": "0.5"}
    made = create_app(load_config({"HAVEN_ENV": "testing", "DATABASE_URL": url, **where}))
    yield made
    made.extensions["haven"].close()


@pytest.fixture(scope="module")
def document(application: Flask) -> Any:
    return schemathesis.openapi.from_wsgi("/docs/openapi.json", application)


def operations() -> list[tuple[str, str]]:
    """Every path and method that the document names."""
    app = create_app(load_config({"HAVEN_ENV": "testing"}))  # nothing is connected for this
    paths = app.test_client().get("/docs/openapi.json").get_json()["paths"]
    return [(path, method) for path, of_path in paths.items() if path not in STREAMS | PROBES for method in of_path]


def cases(document: Any, path: str, method: str) -> st.SearchStrategy[Any]:
    """Requests of one operation: such as it takes, and such as it does not."""
    operation = document[path][method]
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    return st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes))


@pytest.mark.parametrize(("path", "method"), operations())
def test_no_request_breaks_it_logged_in_or_not(document: Any, application: Flask, path: str, method: str) -> None:
    sessions = application.extensions["haven"].sessions

    @given(cases(document, path, method), st.integers(1, 5))  # some users are deleted on the way
    @EXAMPLES
    def ask(case: Any, user_id: int) -> None:
        for headers in ({"X-Session-ID": sessions.create(user_id)}, {}):
            answer = case.call_and_validate(headers=headers, checks=CHECKS)
            assert answer.status_code < 500

    ask()


@pytest.mark.parametrize(("path", "method"), operations())
def test_no_request_breaks_it_while_redis_is_away(document: Any, redis: RedisServer, path: str, method: str) -> None:
    if redis.node.alive:
        redis.node.kill()

    @given(cases(document, path, method))
    @settings(EXAMPLES, max_examples=4)
    def ask(case: Any) -> None:
        answer = case.call_and_validate(headers={"X-Session-ID": "h" + "x" * 43}, checks=CHECKS)
        assert answer.status_code < 500 or (answer.status_code == 503 and "retry-after" in answer.headers)

    ask()
