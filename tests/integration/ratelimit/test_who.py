"""Who is counted, and that nobody can be somebody else by what they send."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from flask import Flask, session

from app import create_app
from app.config import load_config
from app.ratelimit import rate_limit, who

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask.testing import FlaskClient

    from app.ratelimit.limit import By


@pytest.fixture
def behind(environment: dict[str, str]) -> Iterator[Callable[[int], FlaskClient]]:
    """A client of an application behind so many trusted proxies, one request an hour."""
    made: list[Flask] = []

    def make(proxies: int) -> FlaskClient:
        app = create_app(load_config(environment | {"HAVEN_TRUSTED_PROXIES": str(proxies)}))
        made.append(app)
        app.get("/")(lambda: "")
        app.view_functions["pages.start"] = rate_limit("1/hour")(lambda: "")
        return app.test_client()

    yield make
    for app in made:
        app.extensions["haven"].close()


def ask(client: FlaskClient, forwarded: str | None, peer: str = "10.0.0.1") -> int:
    headers = {"X-Forwarded-For": forwarded} if forwarded is not None else {}
    return client.get("/", headers=headers, environ_overrides={"REMOTE_ADDR": peer}).status_code


def test_without_trusted_proxies_no_header_makes_a_new_client(behind: Callable[[int], FlaskClient]) -> None:
    client = behind(0)
    assert ask(client, None) == 200
    for spoofed in ("203.0.113.9", "203.0.113.9, 10.0.0.1", "::1", "", "unknown", "x" * 5000):
        assert ask(client, spoofed) == 429
    other = {"Forwarded": "for=203.0.113.9", "X-Real-IP": "203.0.113.9", "True-Client-IP": "203.0.113.9"}
    assert client.get("/", headers=other, environ_overrides={"REMOTE_ADDR": "10.0.0.1"}).status_code == 429


def test_behind_one_proxy_only_what_it_added_counts(behind: Callable[[int], FlaskClient]) -> None:
    client = behind(1)
    assert ask(client, "203.0.113.1") == 200
    for number in range(5):
        assert ask(client, f"198.51.100.{number}, 203.0.113.1") == 429, "what the client wrote stands further left"
    assert ask(client, "203.0.113.1, 203.0.113.2") == 200


def test_behind_two_proxies_the_second_from_the_right_counts(behind: Callable[[int], FlaskClient]) -> None:
    client = behind(2)
    assert ask(client, "203.0.113.1, 10.0.0.2") == 200
    for number in range(5):
        assert ask(client, f"198.51.100.{number}, 203.0.113.1, 10.0.0.2") == 429
    assert ask(client, "203.0.113.2, 10.0.0.2") == 200


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", True),
        ("2001:db8:0:1::1", "2001:DB8:0:1:0:0:0:2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:203.0.113.1", "203.0.113.1", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("203.0.113.1", "203.0.113.2", False),
    ],
)
def test_an_ipv6_client_is_its_network(
    limited: Callable[..., FlaskClient],
    first: str,
    second: str,
    same: bool,  # noqa: FBT001
) -> None:
    client = limited("1/hour")
    found = [client.get("/limited", environ_overrides={"REMOTE_ADDR": each}).status_code for each in (first, second)]
    assert found == [200, 429 if same else 200]


def test_the_network_may_be_wider(limited: Callable[..., FlaskClient]) -> None:
    client = limited("1/hour", by=who.network(48))
    found = [
        client.get("/limited", environ_overrides={"REMOTE_ADDR": each}).status_code
        for each in ("2001:db8:0:1::1", "2001:db8:0:2::1", "2001:db8:1::1")
    ]
    assert found == [200, 429, 200]
    with pytest.raises(ValueError, match="prefix=0"):
        who.network(0)


def test_an_api_key_is_kept_as_a_digest_and_missing_it_makes_nobody_new(
    app: Flask, limited: Callable[..., FlaskClient]
) -> None:
    client = limited("1/hour", by=who.api_key("X-API-Key"))

    def answer(key: str | None) -> int:
        return client.get("/limited", headers={} if key is None else {"X-API-Key": key}).status_code

    keys = ["secret", "Secret", "x" * 20_000, "x" * 20_001, "ключ", "127.0.0.1"]
    assert [answer(key) for key in (*keys, *keys)] == [200] * 6 + [429] * 6
    assert [answer(None), answer(None), answer("")] == [200, 429, 429]
    found = app.extensions["haven"].store.redis.keys("haven:limit:*")
    assert len(found) == 7
    assert not any("secret" in key.lower() for key in found)
    assert max(map(len, found)) < 150


def test_a_user_is_counted_by_session_wherever_they_are(app: Flask) -> None:
    app.get("/mine")(rate_limit("1/hour", by=who.user)(lambda: ""))

    @app.post("/enter/<int:user_id>")
    def enter(user_id: int) -> str:
        session["user_id"] = user_id
        return ""

    ada, again = app.test_client(), app.test_client()
    for client in (ada, again):
        client.post("/enter/1")
    assert ada.get("/mine", environ_overrides={"REMOTE_ADDR": "203.0.113.1"}).status_code == 200
    assert again.get("/mine", environ_overrides={"REMOTE_ADDR": "203.0.113.2"}).status_code == 429
    session_id = app.extensions["haven"].sessions.create(1)
    nobody = app.test_client()
    assert nobody.get("/mine", headers={"X-Session-ID": session_id}).status_code == 429
    assert nobody.get("/mine", headers={"X-Session-ID": "made-up"}).status_code == 200, "that is the address"
    assert nobody.get("/mine", headers={"X-Session-ID": "made-up, too"}).status_code == 429


def test_an_address_can_not_pass_for_a_user(app: Flask) -> None:
    @app.get("/who")
    def asked() -> str:
        by: By = who.user
        return str(by())

    answer = app.test_client().get("/who", environ_overrides={"REMOTE_ADDR": "user:1"})
    assert answer.text == "address:user:1"
