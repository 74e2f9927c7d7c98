from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import flask_session
import pytest
from flask import Flask, jsonify, request, session

from app.api import problems
from app.sessions.flask_session import client_for_flask_session
from app.store import deadline
from tests.integration.helpers import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.local import RedisCluster, RedisServer
    from app.store import Store

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:flask_session")


def application(store: Store, **config: Any) -> Flask:
    app = Flask(__name__)
    app.config.update(SECRET_KEY="test", SESSION_TYPE="redis", SESSION_REDIS=client_for_flask_session(store), **config)
    problems.register(app)
    flask_session.Session(app)

    @app.get("/count")
    def count() -> Any:
        session["count"] = session.get("count", 0) + 1
        session["bytes"] = b"\xff\x00" * 10
        return jsonify(session["count"])

    @app.post("/clear")
    def clear() -> str:
        session.clear()
        return ""

    @app.get("/first")
    def first() -> str:
        return str(session.setdefault("n", request.args.get("n")))

    return app


def test_flask_session_keeps_its_sessions_in_the_store(store: Store) -> None:
    app = application(store)
    client, other = app.test_client(), app.test_client()
    assert [client.get("/count").json for _ in range(3)] == [1, 2, 3]
    assert other.get("/count").json == 1
    client.post("/clear")
    assert client.get("/count").json == 1
    assert store.redis.ttl(str(store.redis.keys("session:*")[0])) > 86_400


def test_its_json_format_works_as_well(store: Store) -> None:
    client = application(store, SESSION_SERIALIZATION_FORMAT="json").test_client()
    assert client.get("/first?n=1").text == client.get("/first?n=2").text == "1"


def test_an_outage_is_told_as_one_and_logs_nobody_out(store: Store, server: RedisServer) -> None:
    client = application(store).test_client()
    client.get("/count")
    server.node.kill()
    answer = client.get("/count")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "Set-Cookie" not in answer.headers
    server.node.restart()


@pytest.mark.parametrize("fault", ["kill", "freeze"])
def test_flask_session_is_carried_through_the_death_of_the_primary(
    cluster: RedisCluster, cluster_store: Store, fault: str
) -> None:
    app = application(cluster_store)
    counts: dict[int, list[Any]] = {n: [] for n in range(4)}
    stopped = threading.Event()

    def visit(number: int) -> None:
        client = app.test_client()
        while not stopped.wait(0.02):
            with deadline(PATIENCE):
                counts[number].append(client.get("/count").json)

    visitors = [threading.Thread(target=visit, args=(n,)) for n in counts]
    for visitor in visitors:
        visitor.start()
    time.sleep(0.5)
    victim = cluster.primary()
    _fault: Callable[[], None] = getattr(victim, fault)
    _fault()
    time.sleep(3)
    stopped.set()
    for visitor in visitors:
        visitor.join()
    victim.thaw()
    for seen in counts.values():
        assert seen == list(range(1, len(seen) + 1)), "every answer counts on from the one before"
        assert len(seen) > 20
