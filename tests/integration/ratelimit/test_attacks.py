"""What somebody would try who wants more than a limit allows, or wants the limiter to break."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app.db.models import User
from app.db.passwords import hash_password
from app.ratelimit import Limit, Limiter, rate_limit, who
from tests.integration.helpers import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient

    from app.store import Store


@pytest.fixture
def guess(app: Flask) -> Callable[..., int]:
    """Guess a password, and say how it was answered."""
    db = app.extensions["haven"].db
    db.engine.dispose()
    from app.db.migrate import migrate  # noqa: PLC0415 - only here a database is needed

    migrate(app.extensions["haven"].config.database_url.get_secret_value())
    with db.session() as session:
        for name in ("ada", "grace"):
            session.add(User(name=name, email=f"{name}@example.com", password_hash=hash_password("right")))
    with db.session() as session:
        assert len(session.scalars(select(User)).all()) == 2

    def make(email: str, tried: str = "wrong", place: str = "203.0.113.1", path: str = "/api/login") -> int:
        answer = app.test_client().post(
            path, json={"email": email, "password": tried}, environ_overrides={"REMOTE_ADDR": place}
        )
        return answer.status_code

    return make


def test_many_accounts_from_one_address_are_five_a_minute_through_both_doors(guess: Callable[..., int]) -> None:
    found = [guess(f"user{number}@example.com", path=("/api/login", "/login")[number % 2]) for number in range(7)]
    assert found == [401] * 5 + [429] * 2


def test_guesses_at_once_are_counted_each(guess: Callable[..., int]) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: guess("ada@example.com"), range(16)))
    assert sorted(found) == [401] * 5 + [429] * 11


def test_one_account_from_many_addresses_has_a_limit_of_its_own(guess: Callable[..., int], app: Flask) -> None:
    limiter: Limiter = app.extensions["haven"].limiter
    account = Limit(100, 3600, name="account")
    limiter.hit("login", b"ada@example.com", account, cost=98)
    # in whatever case, with whatever around it: it is the same account, and counted as such
    found = [
        guess(email, place=f"198.51.100.{number}")
        for number, email in enumerate(["ADA@example.com", " ada@EXAMPLE.com ", "ada@example.com", "Ada@Example.Com"])
    ]
    assert found == [401, 401, 429, 429]
    assert guess("ada@example.com", "right", place="198.51.100.99") == 429, "not even a right one tells anything"
    assert guess("grace@example.com", "right", place="198.51.100.99") == 200
    assert limiter.reset("login", b"ada@example.com", account) == 1
    assert guess("ada@example.com", "right", place="198.51.100.99") == 200


def test_one_account_from_one_address_is_thirty_an_hour(guess: Callable[..., int], app: Flask) -> None:
    limiter: Limiter = app.extensions["haven"].limiter
    pair = Limit(30, 3600, exact=True, name="account-from-address")
    limiter.hit("login", b"203.0.113.1 ada@example.com", pair, cost=29)
    assert [guess("ada@example.com") for _ in range(2)] == [401, 429]
    assert guess("ada@example.com", "right", place="203.0.113.2") == 200, "the owner, elsewhere, is not locked out"


def test_an_account_that_is_none_is_told_the_same(guess: Callable[..., int]) -> None:
    known = [guess("ada@example.com", place="203.0.113.1") for _ in range(6)]
    unknown = [guess("nobody@example.com", place="203.0.113.2") for _ in range(6)]
    assert known == unknown == [401] * 5 + [429]


def test_spelling_the_request_otherwise_is_no_way_around(app: Flask) -> None:
    @app.route("/café/<name>", methods=["GET", "POST"], strict_slashes=False)
    @rate_limit("1/hour")
    def view(name: str) -> str:
        return name

    client = app.test_client()
    assert client.get("/café/x").status_code == 200
    assert client.head("/café/x").status_code == 429
    assert client.post("/café/x").status_code == 429
    for path in ("/caf%C3%A9/x", "/caf%c3%a9/x", "/café/x/", "/café/y", "/café/x?a=1", "/café/%78", "/café/x;v=1"):
        assert client.get(path).status_code == 429
    assert client.get("/CAFÉ/x").status_code == 404, "that is no view at all"
    assert client.get("//café/x").status_code in {308, 404, 429}
    overridden = client.get("/café/x", headers={"X-HTTP-Method-Override": "PUT", "X-Original-URL": "/other"})
    assert overridden.status_code == 429


@pytest.mark.parametrize(
    ("limit", "each"),
    [(Limit(10_000, 60), 160), (Limit(100, 3600, burst=10_000), 160), (Limit(5, 60, exact=True), 200)],
    ids=["counter", "bucket", "log"],
)
def test_thousands_of_keys_take_little_and_go_away(limiter: Limiter, store: Store, limit: Limit, each: int) -> None:
    quick = Limit(limit.limit, 1.0, limit.exact, limit.burst and limit.limit, name="quick")
    before = store.redis.info("memory")["used_memory"]
    for number in range(3000):
        limiter.hit("view", f"{number}-" + "🏮" * 500, limit)
    keys = store.redis.keys("haven:limit:view:*")
    assert len(keys) == 3000
    assert all(0 < store.redis.pttl(key) <= 60_000 for key in keys[:50])
    assert max(store.redis.memory_usage(key) or 0 for key in keys[:50]) <= each
    # the tables that lead to them included
    assert (store.redis.info("memory")["used_memory"] - before) / 3000 < 2 * each
    store.redis.flushall()
    for number in range(300):
        limiter.hit("view", str(number), quick)
    until(lambda: store.redis.dbsize() == 0, 5)


def test_a_counter_is_as_small_however_many_came(limiter: Limiter, store: Store) -> None:
    limiter.hit("view", "ada", "1000000/hour")
    for _ in range(20):
        limiter.hit("view", "ada", "1000000/hour", cost=40_000)
    (key,) = store.redis.keys("haven:limit:*")
    assert (store.redis.memory_usage(key) or 0) <= 160


def test_what_is_rejected_writes_nothing(limiter: Limiter, store: Store) -> None:
    for limit in ("1/hour", "1/hour exact", "1/hour burst 1"):
        limiter.hit("view", "ada", limit)
    before = store.redis.info("persistence")["rdb_changes_since_last_save"]
    for _ in range(50):
        for limit in ("1/hour", "1/hour exact", "1/hour burst 1"):
            assert not limiter.hit("view", "ada", limit).allowed
    assert store.redis.info("persistence")["rdb_changes_since_last_save"] == before


@pytest.mark.parametrize("key", ["\x00", "a\r\nX-Evil: 1", '"', "\\", "\ud800", "🏮" * 3000, "haven:limit:other:ada"])
def test_what_a_client_calls_itself_is_only_ever_part_of_a_key(
    limited: Callable[..., FlaskClient], store: Store, key: str
) -> None:
    client = limited("1/hour", by=lambda: key)
    assert [client.get("/limited").status_code for _ in range(2)] == [200, 429]
    (found,) = map(str, store.redis.keys("*"))
    assert found.startswith("haven:limit:")
    assert len(found) < 150


def test_addresses_of_any_length_are_not_kept_in_memory(app: Flask) -> None:
    who._known_network.cache_clear()
    with app.test_request_context("/", environ_overrides={"REMOTE_ADDR": "x" * 100_000}):
        assert len(who.address()) == 100_000
    assert who._known_network.cache_info().currsize == 0
