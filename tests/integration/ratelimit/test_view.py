from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from flask import Flask, abort, request

from app.ratelimit import Limit, Limiter, rate_limit
from tests.integration.helpers import metric

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient


def decisions(kind: str, scope: str) -> float:
    return metric("haven_limit_decisions_total", scope=scope, decision=kind)


def test_every_answer_has_the_decisions_own_numbers(limited: Callable[..., FlaskClient]) -> None:
    client = limited("2/minute", scope="numbers")
    for remaining in ("1", "0"):
        answer = client.get("/limited")
        assert (answer.status_code, answer.text) == (200, "done")
        assert answer.headers["X-RateLimit-Limit"] == "2"
        assert answer.headers["X-RateLimit-Remaining"] == remaining
        assert 1 <= int(answer.headers["X-RateLimit-Reset"]) <= 60
        assert answer.headers["RateLimit-Policy"].startswith('"minute";q=2;w=60;pk=:')
        assert answer.headers["RateLimit"].startswith(f'"minute";r={remaining};t=60;pk=:')
        assert "Retry-After" not in answer.headers
    answer = client.get("/limited")
    assert answer.status_code == 429
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert answer.headers.getlist("Retry-After") == [answer.headers["X-RateLimit-Reset"]]
    assert 50 <= int(answer.headers["Retry-After"]) <= 60
    assert (decisions("allowed", "numbers"), decisions("rejected", "numbers")) == (2, 1)


def test_a_rejected_request_gets_a_problem_document_that_names_limit_and_time(
    limited: Callable[..., FlaskClient],
) -> None:
    client = limited("5/minute", Limit.per_hour(1, name="slow"))
    client.get("/limited")
    answer = client.get("/limited")
    assert (answer.status_code, answer.mimetype) == (429, "application/problem+json")
    assert answer.json is not None
    assert answer.json["type"] == "https://iana.org/assignments/http-problem-types#quota-exceeded"
    assert answer.json["violated-policies"] == ["slow"]
    assert re.fullmatch(r"The limit 'slow' is 1 in 3600 s; try again in 3\d\d\d s\.", answer.json["detail"])
    assert answer.headers["RateLimit"].startswith('"minute";r=4;'), "it counted in none"


def test_waiting_for_retry_after_is_enough(limited: Callable[..., FlaskClient]) -> None:
    client = limited(Limit(1, 0.7))
    client.get("/limited")
    time.sleep(int(client.get("/limited").headers["Retry-After"]))
    assert client.get("/limited").status_code == 200


def test_an_error_of_the_view_is_answered_with_the_headers_too(app: Flask) -> None:
    @app.get("/broken")
    @rate_limit("5/minute")
    def broken() -> str:
        abort(404)

    assert app.test_client().get("/broken").headers["X-RateLimit-Remaining"] == "4"


def test_two_declarations_in_one_request_speak_together(app: Flask) -> None:
    @rate_limit(Limit.per_minute(3, name="inner"), scope="inner")
    def inner() -> str:
        return "done"

    app.get("/both")(rate_limit("5/minute", scope="outer")(inner))
    answer = app.test_client().get("/both")
    assert answer.headers["X-RateLimit-Remaining"] == "2"
    assert re.sub(r";pk=:[^:]*:", "", answer.headers["RateLimit"]) == '"minute";r=4;t=60, "inner";r=2;t=60'
    assert len(answer.headers.getlist("X-RateLimit-Limit")) == 1


def test_views_share_their_counts_only_on_purpose(app: Flask) -> None:
    for name in ("one", "two"):
        app.add_url_rule(f"/own/{name}", name, _named(name, rate_limit("1/minute")))
        app.add_url_rule(f"/shared/{name}", f"shared-{name}", _named(name, rate_limit("1/minute", scope="door")))
    client = app.test_client()
    assert [client.get(f"/own/{name}").status_code for name in ("one", "two", "one")] == [200, 200, 429]
    assert [client.get(f"/shared/{name}").status_code for name in ("one", "two")] == [200, 429]


def _named(name: str, limit: Callable[..., Callable[[], str]]) -> Callable[[], str]:
    def view() -> str:
        return name

    view.__qualname__ = name
    return limit(view)


def test_cost_exemption_and_who_asks_may_look_at_the_request_or_at_the_views_arguments(app: Flask) -> None:
    @app.get("/buy/<who>/<int:number>")
    @rate_limit(
        "10/minute",
        by=lambda who, number: f"{who}{number > 100}",
        cost=lambda who, number: number,  # noqa: ARG005 - both are handed over
        exempt=lambda who, **_: who == "root",
    )
    def buy(who: str, number: int) -> str:
        return f"{who} {number}"

    client = app.test_client()
    assert client.get("/buy/ada/7").headers["X-RateLimit-Remaining"] == "3"
    assert client.get("/buy/ada/4").status_code == 429
    assert client.get("/buy/grace/4").status_code == 200
    assert client.get("/buy/ada/11").status_code == 429, "more than there ever is"
    exempt = client.get("/buy/root/99")
    assert (exempt.status_code, "RateLimit" in exempt.headers) == (200, False)


def test_functions_without_parameters_and_plain_costs(limited: Callable[..., FlaskClient]) -> None:
    client = limited("5/minute", by=lambda: int(request.args["user"]), cost=2, exempt=lambda: "free" in request.args)
    assert [client.get(f"/limited?user={user}").status_code for user in (1, 1, 2, 1)] == [200, 200, 200, 429]
    assert client.get("/limited?user=1&free=1").status_code == 200


def test_each_limit_may_count_somebody_else(limited: Callable[..., FlaskClient]) -> None:
    client = limited("2/minute", Limit.per_hour(3, by=lambda: "everybody", name="all"))
    places = ["203.0.113.1", "203.0.113.1", "203.0.113.1", "203.0.113.2", "203.0.113.3"]
    found = [client.get("/limited", environ_overrides={"REMOTE_ADDR": place}).status_code for place in places]
    assert found == [200, 200, 429, 200, 429]


def test_counting_what_is_rejected(limited: Callable[..., FlaskClient]) -> None:
    client = limited(Limit(1, 0.6, exact=True), count_rejected=True)
    found = []
    for _ in range(6):
        time.sleep(0.25)
        found.append(client.get("/limited").status_code)
    assert found == [200] + [429] * 5
    time.sleep(0.65)
    assert client.get("/limited").status_code == 200


def test_a_declared_limit_can_be_looked_at_and_reset(app: Flask, limited: Callable[..., FlaskClient]) -> None:
    client = limited("1/minute", scope="door")
    limiter: Limiter = app.extensions["haven"].limiter
    assert [client.get("/limited").status_code for _ in range(2)] == [200, 429]
    assert not limiter.peek("door", "127.0.0.1", "1/minute").allowed
    assert limiter.reset("door", "127.0.0.1", "1/minute") == 1
    assert client.get("/limited").status_code == 200


@pytest.mark.parametrize("number", [0, 1])
def test_functions_are_limited_outside_of_views_as_well(app: Flask, number: int) -> None:
    @rate_limit("1/minute", by=lambda account: account, scope="mail")
    def mail(account: str) -> str:
        """Send it."""
        return account

    assert mail.__doc__ == "Send it."
    with app.test_request_context():
        assert mail(f"ada{number}") == f"ada{number}"
