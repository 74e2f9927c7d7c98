"""A TLS connection whose server is known by one name, whichever address it is reached at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis.connection import SSLConnection

from app.tls import client_context

if TYPE_CHECKING:
    import socket


class NamedSSLConnection(SSLConnection):
    """redis-py checks the certificate for the host it connects to. Sentinel names addresses, which none may hold.

    Args:
        ssl_name: what the certificate must hold; None for the host.
        kwargs: redis-py's; of its TLS options ``ssl_ca_certs``, ``ssl_certfile`` and ``ssl_keyfile`` are heeded.
    """

    def __init__(self, *, ssl_name: str | None = None, **kwargs: Any) -> None:
        self._name = ssl_name
        super().__init__(**kwargs)

    def _wrap_socket_with_ssl(self, sock: socket.socket) -> socket.socket:
        context = client_context(self.ca_certs, self.certfile, self.keyfile)
        return context.wrap_socket(sock, server_hostname=self._name or self.host)
