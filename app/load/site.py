"""The web application as one visitor meets it."""

from __future__ import annotations

import http.client
import ipaddress
import json
import secrets
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

from app.errors import LoadError
from app.tls import client_context

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

TIMEOUT: Final = 15.0
"""Seconds that a visitor stays: longer than a request may wait for a failover."""
AGENT: Final = "haven-load"
_OK: Final = range(200, 300)
_LIMITED: Final = 429
_LOOPBACK: Final = int(ipaddress.IPv4Address("127.64.0.0"))
_HOUSES: Final = 2**22 - 10_000


class Turned(Exception):
    """A rate limit refused the visitor."""


class Failed(Exception):
    """The visitor got an error, or no answer.

    Attributes:
        status: of the answer; 0 without one.
    """

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: http.client.HTTPMessage
    body: Any


class Site:
    """Where a web application is.

    Args:
        url: its address.

    Raises:
        LoadError: that is no address of the web.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = 0
        if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
            raise LoadError(f"--url={url!r} is not of the web: give http://host:port")
        self.url = url.rstrip("/")
        self.host = parts.hostname
        self.port = port or (443 if parts.scheme == "https" else 80)
        self.base = parts.path.rstrip("/")
        self.tls: ssl.SSLContext | None = client_context() if parts.scheme == "https" else None
        # of its own in every run: the limits remember the addresses of the one before
        self._house = _LOOPBACK + 1 + secrets.randbelow(_HOUSES)
        self._many_addresses = self._answers_to_many()

    def address(self, number: int) -> tuple[str, int] | None:
        """From where a visitor comes: on loopback, each from an address of its own, as out there; else None."""
        if not self._many_addresses:
            return None
        return str(ipaddress.IPv4Address(self._house + number)), 0

    def _answers_to_many(self) -> bool:
        """Whether this machine is the host, and all of 127.0.0.0/8 is its own (Linux)."""
        with suppress(OSError, ValueError):
            found = socket.getaddrinfo(self.host, self.port, socket.AF_INET, socket.SOCK_STREAM)[0][4][0]
            if ipaddress.ip_address(str(found)).is_loopback:
                with socket.socket() as probe:
                    probe.bind((str(ipaddress.IPv4Address(self._house)), 0))
                    return True
        return False

    def visit(self, number: int = 0, timeout: float = TIMEOUT) -> Visit:
        """Come in.

        Args:
            number: of the visitor.
            timeout: seconds that it stays.
        """
        return Visit(self, number, timeout)


class Visit:
    """One visitor, with one connection, for as long as it stays."""

    def __init__(self, site: Site, number: int, timeout: float) -> None:
        self._site = site
        self._end = time.monotonic() + timeout
        self._source = site.address(number)
        self._connection: http.client.HTTPConnection | None = None
        self.session_id = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection:
            self._connection.close()

    def call(self, method: str, path: str, body: Any = None, *, accept: tuple[int, ...] = (), **headers: str) -> Answer:
        """Send a request and read the answer. Nothing is sent twice: a visitor does not know what was done.

        Args:
            method: of the request.
            path: of the request.
            body: to be sent as JSON.
            accept: answers with these are no failure either.
            headers: further ones, with ``_`` for ``-``.

        Raises:
            Turned: a limit refused it.
            Failed: it was answered with another error, or not in time.
        """
        what = f"{method} {'/'.join(path.partition('?')[0].split('/')[:3])}"
        all_headers = {"User-Agent": AGENT} | {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            all_headers["Content-Type"] = "application/json"
        if self.session_id:
            all_headers["X-Session-ID"] = self.session_id
        try:
            connection = self._connect()
            text = json.dumps(body) if body is not None else None
            connection.request(method, self._site.base + path, text, all_headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Failed(f"{what}: no answer ({type(error).__name__})") from error
        if answer.status == _LIMITED:
            raise Turned
        if answer.status not in _OK and answer.status not in accept:
            raise Failed(f"{what}: {answer.status} {answer.reason}", answer.status)
        try:
            return Answer(answer.status, answer.headers, json.loads(content) if content else None)
        except ValueError as error:
            raise Failed(f"{what}: {answer.status} without JSON") from error

    def _connect(self) -> http.client.HTTPConnection:
        """The connection, which lasts from request to request if the server keeps it open."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if self._connection is None:
            site = self._site
            if site.tls:
                self._connection = http.client.HTTPSConnection(site.host, site.port, context=site.tls)
            else:
                self._connection = http.client.HTTPConnection(site.host, site.port, source_address=self._source)
        self._connection.timeout = left
        if self._connection.sock:
            self._connection.sock.settimeout(left)
        return self._connection
