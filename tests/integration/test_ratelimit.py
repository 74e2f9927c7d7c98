from __future__ import annotations

import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, request

from app.errors import StoreUnavailable
from app.ratelimit import Limiter, rate_limit
from app.store import keys
from tests.integration.helpers import cut_off, metric, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from app.local import RedisServer
    from app.store import Store


@pytest.fixture
def limiter(store: Store) -> Limiter:
    return Limiter(store)


@pytest.fixture
def limited(app: Flask) -> Callable[..., FlaskClient]:
    def make(limit: int = 2, window: float = 60, **options: Any) -> FlaskClient:
        def view() -> str:
            return "done"

        app.add_url_rule("/limited", view_func=rate_limit(limit, window, **options)(view))
        return app.test_client()

    return make


def decisions(kind: str) -> float:
    return metric("haven_limit_decisions_total", decision=kind)


def test_exactly_the_limit_passes_however_many_ask_at_once(limiter: Limiter) -> None:
    with ThreadPoolExecutor(50) as pool:
        found = list(pool.map(lambda _: limiter.hit("view", "ada", 20, 60), range(150)))
    allowed = [decision for decision in found if decision.allowed]
    assert len(allowed) == 20
    assert sorted(decision.remaining for decision in allowed) == list(range(20))
    assert {decision.remaining for decision in found if not decision.allowed} == {0}


def test_scopes_and_people_do_not_share_a_limit(limiter: Limiter) -> None:
    for scope in ("one", "two"):
        for who in ("ada", "grace", "", "🏮", "2001:db8::1", "x" * 10_000):
            assert [limiter.hit(scope, who, 1, 60).allowed for _ in range(2)] == [True, False]


def test_long_names_with_the_same_beginning_are_different_people(limiter: Limiter, store: Store) -> None:
    begin = "x" * 5000
    assert limiter.hit("view", f"{begin}1", 1, 60).allowed
    assert limiter.hit("view", f"{begin}2", 1, 60).allowed
    assert not limiter.hit("view", f"{begin}2", 1, 60).allowed
    assert max(len(key) for key in store.redis.keys("haven:limit:*")) < 300


def test_rejected_requests_are_not_counted_so_hammering_does_not_lock_out(limiter: Limiter) -> None:
    started = time.monotonic()
    passed = []
    while time.monotonic() - started < 1.2:
        if limiter.hit("view", "ada", 3, 0.4).allowed:
            passed.append(time.monotonic() - started)
    assert 6 <= len(passed) <= 12
    assert all(later - earlier >= 0.3 for earlier, later in zip(passed, passed[3:], strict=False))


def test_the_window_slides_and_reset_says_when(limiter: Limiter) -> None:
    assert limiter.hit("view", "ada", 2, 0.5).remaining == 1
    time.sleep(0.25)
    assert limiter.hit("view", "ada", 2, 0.5).remaining == 0
    rejected = limiter.hit("view", "ada", 2, 0.5)
    assert not rejected.allowed
    assert 0 < rejected.reset <= 0.25
    time.sleep(rejected.reset + 0.01)
    assert limiter.hit("view", "ada", 2, 0.5).allowed, "the first request's place is free again"
    assert not limiter.hit("view", "ada", 2, 0.5).allowed, "the second request's is not"


def test_the_clock_is_the_servers(limiter: Limiter, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    limiter.hit("view", "ada", 1, 60)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert not limiter.hit("view", "ada", 1, 60).allowed
    log: Any = store.redis.zrange(keys.limit("view", "ada"), 0, -1, withscores=True)
    seconds, _ = store.redis.time()
    assert abs(log[0][1] / 1e6 - seconds) < 60


def test_one_request_decided_twice_counts_once(store: Store) -> None:
    def decide(request_id: str) -> list[int]:
        found: list[int] = store.run("limit_log", [keys.limit("view", "ada")], (2, 60_000, request_id), repeatable=True)
        return found

    request_id = secrets.token_hex(8)
    assert decide(request_id)[:2] == [1, 1]
    assert decide(request_id)[:2] == [1, 1]
    assert decide("second")[:2] == [1, 0]
    assert decide("third")[:2] == [0, 0]
    assert decide(request_id)[:2] == [1, 0], "it was allowed, and stays so"


def test_a_log_is_as_long_as_its_limit_and_goes_away(limiter: Limiter, store: Store) -> None:
    for _ in range(20):
        limiter.hit("view", "ada", 5, 0.3)
    assert store.redis.zcard(keys.limit("view", "ada")) == 5
    until(lambda: not store.redis.exists(keys.limit("view", "ada")), 2)


@pytest.mark.parametrize(("limit", "window"), [(0, 60), (-1, 60), (2.5, 60), (1, 0), (1, -1), (1, 0.0001)])
def test_arguments_that_make_no_limit_are_refused(limiter: Limiter, limit: int, window: float) -> None:
    with pytest.raises(ValueError, match=r"limit=|window="):
        rate_limit(limit, window)
    with pytest.raises(ValueError, match=r"limit=|window="):
        limiter.hit("view", "ada", limit, window)


def test_an_unknown_mode_for_outages_is_refused() -> None:
    with pytest.raises(ValueError, match="open, closed"):
        rate_limit(1, 60, on_outage="ajar")  # type: ignore[arg-type]


def test_every_answer_has_the_decisions_own_numbers(limited: Callable[..., FlaskClient]) -> None:
    client = limited(2, 60)
    allowed, rejected = decisions("allowed"), decisions("rejected")
    for remaining in ("1", "0"):
        answer = client.get("/limited")
        assert (answer.status_code, answer.text) == (200, "done")
        assert answer.headers["X-RateLimit-Limit"] == "2"
        assert answer.headers["X-RateLimit-Remaining"] == remaining
        assert 1 <= int(answer.headers["X-RateLimit-Reset"]) <= 60
        assert "Retry-After" not in answer.headers
    answer = client.get("/limited")
    assert answer.status_code == 429
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert answer.headers["Retry-After"] == answer.headers["X-RateLimit-Reset"]
    assert 50 <= int(answer.headers["Retry-After"]) <= 60
    assert (decisions("allowed"), decisions("rejected")) == (allowed + 2, rejected + 1)


def test_waiting_for_retry_after_is_enough(limited: Callable[..., FlaskClient]) -> None:
    client = limited(1, 0.7)
    client.get("/limited")
    time.sleep(int(client.get("/limited").headers["Retry-After"]))
    assert client.get("/limited").status_code == 200


def test_who_asks_may_be_any_value(limited: Callable[..., FlaskClient]) -> None:
    client = limited(1, 60, key_func=lambda: int(request.args["user"]))
    assert [client.get(f"/limited?user={user}").status_code for user in (1, 2, 1)] == [200, 200, 429]


def test_by_default_the_clients_address_counts(limited: Callable[..., FlaskClient]) -> None:
    client = limited(1, 60)
    places = ["203.0.113.1", "203.0.113.2", "203.0.113.1"]
    found = [client.get("/limited", environ_overrides={"REMOTE_ADDR": place}).status_code for place in places]
    assert found == [200, 200, 429]


def test_an_open_limit_lets_pass_while_redis_is_away(limited: Callable[..., FlaskClient], server: RedisServer) -> None:
    client = limited(1, 60)
    before = decisions("outage_open")
    server.node.kill()
    for _ in range(3):
        started = time.monotonic()
        answer = client.get("/limited")
        assert time.monotonic() - started < 1.8
        assert answer.status_code == 200
        assert "X-RateLimit-Limit" not in answer.headers, "there was no decision"
    assert decisions("outage_open") == before + 3


def test_a_closed_limit_answers_503_while_redis_is_away(
    limited: Callable[..., FlaskClient], server: RedisServer
) -> None:
    client = limited(1, 60, on_outage="closed")
    before = decisions("outage_closed")
    server.node.kill()
    for _ in range(2):
        answer = client.get("/limited")
        assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
        assert int(answer.headers["Retry-After"]) >= 1
    assert decisions("outage_closed") == before + 2
    server.node.restart()
    until(lambda: client.get("/limited").status_code == 200)


def test_a_full_redis_still_decides(limiter: Limiter, server: RedisServer) -> None:
    client = server.node.client
    limit = str(client.config_get("maxmemory")["maxmemory"])
    client.config_set("maxmemory", 1)
    try:
        assert [limiter.hit("view", "ada", 1, 60).allowed for _ in range(2)] == [True, False]
    finally:
        client.config_set("maxmemory", limit)


@pytest.mark.parametrize(("mode", "status"), [("open", 200), ("closed", 503)])
def test_an_error_of_redis_is_an_outage_too(
    limited: Callable[..., FlaskClient], store: Store, mode: str, status: int
) -> None:
    client = limited(1, 60, key_func=lambda: "ada", on_outage=mode)
    client.get("/limited")
    (key,) = store.redis.keys("haven:limit:*")
    store.redis.delete(key)
    store.redis.set(key, "no log at all")
    assert [client.get("/limited").status_code for _ in range(3)] == [status] * 3


def test_a_limiter_that_can_not_decide_raises_an_error_of_the_store(limiter: Limiter, store: Store) -> None:
    store.redis.set(keys.limit("view", "ada"), "no log at all")
    with pytest.raises(StoreUnavailable, match="could not decide"):
        limiter.hit("view", "ada", 1, 60)


def test_a_request_that_was_cut_off_is_repeated_and_counted_once(limiter: Limiter, server: RedisServer) -> None:
    assert limiter.hit("view", "ada", 3, 60).remaining == 2
    assert cut_off(server, lambda: limiter.hit("view", "ada", 3, 60)).remaining == 1
    assert limiter.hit("view", "ada", 3, 60).remaining == 0
