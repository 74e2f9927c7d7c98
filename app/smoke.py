"""``haven smoke``: what a user does, once, against a running installation. It leaves nothing behind.

The user and the product are its own, put into the database beside those that are there: so it works where there is
no example data, and never touches anyone's.
"""

from __future__ import annotations

import http.client
import json
import secrets
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from app.db.models import Product, User
from app.db.passwords import hash_password
from app.errors import SmokeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.db import Database

TIMEOUT: Final = 15.0
"""Seconds for one answer: longer than a request may wait for a failover."""
TASK_TIMEOUT: Final = 60.0
POLL: Final = 0.2


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

    def open(self, method: str, path: str, body: Any = None) -> http.client.HTTPResponse:
        """Send a request.

        Raises:
            SmokeError: nothing answered.
        """
        request = urllib.request.Request(f"{self.url}{path}", method=method)  # noqa: S310 - checked above
        request.add_header("User-Agent", "haven-smoke")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if self.session_id:
            request.add_header("X-Session-ID", self.session_id)
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


class Smoke:
    """The checks, in their order.

    Args:
        db: the installation's database.
        url: of its web application.
        events_url: where its event streams are served.
        patience: seconds to wait until it is ready.
    """

    def __init__(self, db: Database, url: str, events_url: str, patience: float) -> None:
        self._db = db
        self._web = Client(url)
        self._events = Client(events_url)
        self._patience = patience
        self._user_id = 0
        self._product_id = 0

    def run(self, tell: Callable[[str], None]) -> None:
        """Run every check, tell of each, and clean up.

        Raises:
            SmokeError: one failed; the rest was not tried.
        """
        checks = (self.ready, self.sign_in, self.cached_read, self.rate_limit, self.task, self.event)
        try:
            for check in checks:
                started = time.monotonic()
                name = check.__name__.replace("_", " ")
                try:
                    said = check()
                except (SmokeError, SQLAlchemyError) as error:
                    tell(f"failed  {name:<12} {time.monotonic() - started:6.2f} s  {_first_line(error)}")
                    raise SmokeError(f"{name}: {_first_line(error)}") from error
                tell(f"ok      {name:<12} {time.monotonic() - started:6.2f} s  {said}")
        finally:
            with suppress(SmokeError, SQLAlchemyError):
                self._clean_up()

    def ready(self) -> str:
        """Both Services send requests to pods that are ready."""
        end = time.monotonic() + self._patience
        for client in (self._web, self._events):
            while True:
                try:
                    client.call("GET", "/readyz")
                    break
                except SmokeError:
                    if time.monotonic() > end:
                        raise
                    time.sleep(POLL)
        return f"{self._web.url}, events at {self._events.url}"

    def sign_in(self) -> str:
        """A session of a user of its own is kept in Redis."""
        password = secrets.token_urlsafe(24)
        email = f"smoke-{secrets.token_hex(8)}@haven.invalid"
        with self._db.session() as session:
            user = User(name="Smoke test", email=email, password_hash=hash_password(password))
            session.add(user)
            session.flush()
            self._user_id = user.id
        session_id = self._web.call("POST", "/api/login", {"email": email, "password": password}).body["session_id"]
        self._web.session_id = self._events.session_id = session_id
        who = self._web.call("GET", "/api/protected").body["user_id"]
        if who != self._user_id:
            raise SmokeError(f"the session belongs to user {who}, not to user {self._user_id}")
        return "the session is known"

    def cached_read(self) -> str:
        """A value comes from the cache until it is changed, and a change shows at once."""
        with self._db.session() as session:
            product = Product(name="first", description="", price_cents=1, stock=1)
            session.add(product)
            session.flush()
            self._product_id = product.id
        path = f"/api/products/{self._product_id}"
        self._expect(path, "first")
        with self._db.session() as session:  # behind the application's back
            session.execute(update(Product).where(Product.id == self._product_id).values(name="second"))
        self._expect(path, "first")
        self._web.call("PUT", path, {"name": "third", "description": "", "price_cents": 1, "stock": 1})
        self._expect(path, "third")
        return "read from Redis, and a change shows at once"

    def _expect(self, path: str, name: str) -> None:
        found = self._web.call("GET", path).body["name"]
        if found != name:
            raise SmokeError(f"GET {path} says {found!r} instead of {name!r}: the cache is not used, or not emptied")

    def rate_limit(self) -> str:
        """Two requests in a row are counted together, whichever pods answered."""
        left = []
        for _ in range(2):
            headers = self._web.call("GET", "/api/search?q=smoke").headers
            left.append(int(headers.get("X-RateLimit-Remaining", "-1")))
        if left[1] != left[0] - 1:
            raise SmokeError(f"X-RateLimit-Remaining went from {left[0]} to {left[1]}: the limit is not counted")
        return f"{left[1]} requests left"

    def task(self) -> str:
        """A worker does what is enqueued."""
        task_id = self._web.call("POST", "/api/reports", {"kind": "smoke"}).body["task_id"]
        end = time.monotonic() + TASK_TIMEOUT
        while True:
            found = self._web.call("GET", f"/api/tasks/{task_id}").body
            if found["status"] == "done":
                return "a worker did it"
            if found["status"] == "dead" or time.monotonic() > end:
                raise SmokeError(f"the task {task_id} is {found['status']} ({found['error']}): see the workers' logs")
            time.sleep(POLL)

    def event(self) -> str:
        """What happens is told to those who listen."""
        with self._events.open("GET", "/api/events") as stream:
            body = {"receiver_id": self._user_id, "body": "smoke"}
            sent = self._web.call("POST", "/api/messages", body).body["id"]
            for kind, data in _frames(stream, time.monotonic() + TIMEOUT):
                if kind == "message.created" and data["id"] == sent:
                    return "a message came down the stream"
        raise SmokeError(f"message {sent} did not come down the event stream of {self._events.url} in {TIMEOUT:g} s")

    def _clean_up(self) -> None:
        if self._product_id:
            with self._db.session() as session:
                session.delete(session.get_one(Product, self._product_id))
        if self._web.session_id:  # the user, messages and sessions
            self._web.call("DELETE", f"/api/users/{self._user_id}")
        elif self._user_id:
            with self._db.session() as session:
                session.delete(session.get_one(User, self._user_id))


def _first_line(error: Exception) -> str:
    return (str(getattr(error, "orig", None) or error).splitlines() or [type(error).__name__])[0]


def _frames(stream: http.client.HTTPResponse, end: float) -> Iterator[tuple[str, Any]]:
    """The events of a stream, until it ends, is silent for too long, or the time has come."""
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
