"""A user of the API, who says what was not answered."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from app.errors import SmokeError

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT: Final = 15.0
"""Seconds for one answer: longer than a request may wait for a failover."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: Any


class Client:
    """A user of the API.

    Args:
        url: of the web application.
    """

    def __init__(self, url: str) -> None:
        if urlsplit(url).scheme not in {"http", "https"}:
            raise SmokeError(f"--url={url!r} is not of the web: give http://host:port")
        self.url = url.rstrip("/")
        self.session_id = ""

    def open(self, method: str, path: str, body: Any = None, **headers: str) -> http.client.HTTPResponse:
        """Send a request.

        Args:
            method: of it.
            path: of it.
            body: JSON.
            headers: more of them, with _ for -.

        Raises:
            SmokeError: nothing answered.
        """
        request = urllib.request.Request(f"{self.url}{path}", method=method)  # noqa: S310 - checked above
        request.add_header("User-Agent", "haven")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if self.session_id:
            request.add_header("X-Session-ID", self.session_id)
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            found: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT)  # noqa: S310 - as above
        except urllib.error.HTTPError as error:
            with error:
                text = error.read(300).decode(errors="replace")
            raise SmokeError(f"{method} {path} was answered with {error.code}: {text}") from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise SmokeError(f"{method} {self.url}{path} was not answered: {reason}") from None
        return found

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        """Send a request and read the answer.

        Raises:
            SmokeError: nothing answered, or with an error.
        """
        with self.open(method, path, body) as answer:
            text = answer.read()
            return Answer(answer.status, dict(answer.headers), json.loads(text) if text else None)


def frames(stream: http.client.HTTPResponse, end: float) -> Iterator[tuple[str, Any]]:
    """The events of a stream, kind and data, until it ends, is silent for too long, or the time has come."""
    kind = ""
    try:
        for line in stream:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "event":
                kind = value
            elif name == "data":
                yield kind, json.loads(value)
            if time.monotonic() > end:
                return
    except TimeoutError:
        return
