from __future__ import annotations

import pytest

from app.guardian import transport
from app.guardian.settings import Tls

TLS = Tls("/tls/ca.crt", "/tls/tls.crt", "/tls/tls.key", name="redis")
PLAIN = """\
user default reset off
port 26379
sentinel myid 016fba5bddf8e91d3549494048be97622b086aaf
"""
SECURED = """\
port 0
tls-port 26379
tls-replication yes
tls-auth-clients optional
tls-ca-cert-file "/tls/ca.crt"
tls-cert-file "/tls/tls.crt"
tls-key-file "/tls/tls.key"
user default reset off
sentinel myid 016fba5bddf8e91d3549494048be97622b086aaf
"""


def test_a_kept_file_learns_tls_and_forgets_it_again() -> None:
    assert transport.follow(PLAIN, 26379, TLS) == SECURED
    unlearned = transport.follow(SECURED, 26379, None)
    assert unlearned is not None
    assert sorted(unlearned.splitlines()) == sorted(PLAIN.splitlines())


@pytest.mark.parametrize(("text", "tls"), [(PLAIN, None), (SECURED, TLS)])
def test_what_is_right_stays_byte_for_byte(text: str, tls: Tls | None) -> None:
    assert transport.follow(text, 26379, tls) is None
    for other in (text.replace('"', ""), f"{text}tls-port 0\n" if tls is None else text):  # as Sentinel may write it
        assert transport.follow(other, 26379, tls) is None


def test_another_port_or_file_is_followed() -> None:
    assert transport.follow(PLAIN, 26380, None) == PLAIN.replace("port 26379", "port 26380").replace(
        "user default reset off\nport 26380", "port 26380\nuser default reset off"
    )
    moved = Tls("/new/ca.crt", "/tls/tls.crt", "/tls/tls.key")
    assert transport.follow(SECURED, 26379, moved) == SECURED.replace("/tls/ca.crt", "/new/ca.crt")


@pytest.mark.parametrize(("text", "quoted"), [("a b", '"a b"'), ('"', '"\\""'), ("\\", '"\\\\"')])
def test_quoting(text: str, quoted: str) -> None:
    assert transport.quote(text) == quoted
