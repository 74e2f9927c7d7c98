from __future__ import annotations

import re

from app.ratelimit import Decision, Limit, State
from app.ratelimit.decision import headers

MINUTE, DAY = Limit(5, 60), Limit(100, 86_400)
BUCKET = Limit(100, 60, burst=20, name="burst")
# RFC 9651: a List of Strings with Parameters, as draft-ietf-httpapi-ratelimit-headers-11 wants them
BYTES = r":[A-Za-z0-9+/]+=*:"
POLICY = rf'"[A-Za-z0-9._-]+";q=\d+;w=[1-9]\d*;pk={BYTES}'
LIMIT = rf'"[A-Za-z0-9._-]+";r=\d+;t=\d+;pk={BYTES}'


def state(limit: Limit, remaining: int, reset: float, *, rejects: bool = False, key: str = "key") -> State:
    return State(limit, key, remaining, reset, rejects)


def test_the_fields_are_those_of_the_draft() -> None:
    found = dict(headers([state(MINUTE, 3, 41.2), state(DAY, 70, 3000), state(BUCKET, 19, 0.6, key="other")]))
    assert re.fullmatch(rf"{POLICY}, {POLICY}, {POLICY}", found["RateLimit-Policy"])
    assert re.fullmatch(rf"{LIMIT}, {LIMIT}, {LIMIT}", found["RateLimit"])
    plain = {name: re.sub(rf";pk={BYTES}", "", value) for name, value in found.items()}
    assert plain["RateLimit-Policy"] == '"minute";q=5;w=60, "day";q=100;w=86400, "burst";q=20;w=12'
    assert plain["RateLimit"] == '"minute";r=3;t=42, "day";r=70;t=3000, "burst";r=19;t=1'
    keys = re.findall(BYTES, found["RateLimit"])
    assert keys == re.findall(BYTES, found["RateLimit-Policy"])
    assert keys[0] == keys[1] != keys[2], "it tells who is counted together"


def test_the_tightest_limit_speaks_in_the_older_fields() -> None:
    found = dict(headers([state(MINUTE, 3, 41.2), state(DAY, 2, 3000)]))
    assert found["X-RateLimit-Limit"] == "100"
    assert found["X-RateLimit-Remaining"] == "2"
    assert found["X-RateLimit-Reset"] == "3000"
    assert "Retry-After" not in found


def test_of_those_that_reject_the_longest_says_when_to_come_again() -> None:
    states = [state(MINUTE, 0, 41.2, rejects=True), state(DAY, 0, 3000, rejects=True), state(BUCKET, 0, 9000)]
    found = dict(headers(states))
    assert found["Retry-After"] == found["X-RateLimit-Reset"] == "3000"
    decision = Decision(allowed=False, states=tuple(states))
    assert (decision.limit, decision.remaining, decision.reset) == (100, 0, 3000)
    assert decision.violated == ["minute", "day"]


def test_a_window_of_less_than_a_second_is_told_as_one() -> None:
    found = dict(headers([state(Limit(5, 0.2), 4, 0.2)]))
    assert ";w=1;" in found["RateLimit-Policy"]
    assert ";t=1;" in found["RateLimit"]
