from __future__ import annotations

import socket
import ssl
import threading
from typing import TYPE_CHECKING

import pytest
import redis
import trustme

from app.config import load_config
from app.errors import StoreUnavailable
from app.store import create_store, deadline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.local import RedisServer


class Terminator:
    """Real TLS in front of a real Redis that was built without it: decrypts, and passes the bytes on."""

    def __init__(self, context: ssl.SSLContext, target: int) -> None:
        self._context = context
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        try:
            with (
                self._context.wrap_socket(plain, server_side=True) as secure,
                socket.create_connection(("127.0.0.1", self._target)) as server,
            ):
                while data := secure.recv(65536):
                    server.sendall(data)
                    secure.sendall(server.recv(65536))
        except OSError:
            plain.close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secured(server: RedisServer, authority: trustme.CA, tmp_path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    client = authority.issue_cert("haven")
    paths = {name: str(tmp_path / name) for name in ("ca", "cert", "key")}
    authority.cert_pem.write_to_path(paths["ca"])
    client.cert_chain_pems[0].write_to_path(paths["cert"])
    client.private_key_pem.write_to_path(paths["key"])
    terminator = Terminator(context, server.port)
    yield terminator.port, paths
    terminator.close()


def test_a_verified_server_and_a_client_certificate(secured: tuple[int, dict[str, str]]) -> None:
    port, paths = secured
    files = {"REDIS_SSL_CA": paths["ca"], "REDIS_SSL_CERT": paths["cert"], "REDIS_SSL_KEY": paths["key"]}
    store = create_store(load_config({"REDIS_PORT": str(port), "REDIS_SSL": "true", **files}))
    assert store.redis.set("tls", "1")
    assert store.redis.get("tls") == "1"
    store.close()


def test_a_name_is_checked_in_place_of_the_address(secured: tuple[int, dict[str, str]]) -> None:
    port, paths = secured
    files = {"REDIS_SSL_CA": paths["ca"], "REDIS_SSL_CERT": paths["cert"], "REDIS_SSL_KEY": paths["key"]}
    where = {"REDIS_HOST": "localhost", "REDIS_PORT": str(port), "REDIS_SSL": "true", **files}
    store = create_store(load_config({**where, "REDIS_SSL_NAME": "127.0.0.1"}))
    assert store.redis.ping()
    store.close()
    store = create_store(load_config({**where, "REDIS_SSL_NAME": "redis.example.com"}))
    with deadline(0.5), pytest.raises(StoreUnavailable, match=r"redis\.example\.com"):
        store.redis.ping()
    store.close()


def test_a_server_of_another_authority_is_refused(secured: tuple[int, dict[str, str]], tmp_path: Path) -> None:
    port, paths = secured
    other = tmp_path / "other"
    trustme.CA().cert_pem.write_to_path(str(other))
    files = {"REDIS_SSL_CA": str(other), "REDIS_SSL_CERT": paths["cert"], "REDIS_SSL_KEY": paths["key"]}
    store = create_store(load_config({"REDIS_PORT": str(port), "REDIS_SSL": "true", **files}))
    with deadline(0.5), pytest.raises((StoreUnavailable, redis.ConnectionError), match="certificate"):
        store.redis.ping()
    store.close()


def test_plain_text_to_a_secured_port_is_no_answer(secured: tuple[int, dict[str, str]]) -> None:
    store = create_store(load_config({"REDIS_PORT": str(secured[0])}))
    with deadline(0.5), pytest.raises(StoreUnavailable):
        store.redis.ping()
    store.close()
