"""The checks, in the order in which a user would notice that something is wrong."""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from app.db.models import Product, User
from app.errors import SmokeError
from app.smoke.client import TIMEOUT, Client, frames
from app.smoke.guest import make_guest
from app.smoke.sentinels import NotApplicable, Sentinels

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.db import Database
    from app.store.topology import Topology

T = TypeVar("T")
TASK_TIMEOUT: Final = 60.0
POLL: Final = 0.2


class Smoke:
    """The checks, in their order.

    Args:
        db: the installation's database.
        topology: how its Redis is found.
        url: of its web application.
        events_url: where its event streams are served.
        patience: seconds from now to wait for what starts: its pods, and what the Sentinels find out about Redis.
    """

    def __init__(self, db: Database, topology: Topology, url: str, events_url: str, patience: float) -> None:
        self._db = db
        self._sentinels = Sentinels(topology)
        self._web = Client(url)
        self._events = Client(events_url)
        self._end = time.monotonic() + patience
        self._user_id = 0
        self._product_id = 0

    def run(self, tell: Callable[[str], None]) -> None:
        """Run every check, tell of each, and clean up.

        Raises:
            SmokeError: one failed; the rest was not tried.
        """
        used = (self.ready, self.sign_in, self.cached_read, self.rate_limit, self.task, self.event)
        try:
            for check in (*used, self.quorum, self.failover):
                started = time.monotonic()
                name = check.__name__.replace("_", " ")
                try:
                    result, said = "ok", check()
                except NotApplicable as reason:
                    result, said = "skipped", str(reason)
                except (SmokeError, SQLAlchemyError) as error:
                    result, said = "failed", _first_line(error)
                tell(f"{result:<7} {name:<12} {time.monotonic() - started:6.2f} s  {said}")
                if result == "failed":
                    raise SmokeError(f"{name}: {said}")
        finally:
            with suppress(SmokeError, SQLAlchemyError):
                self._clean_up()

    def ready(self) -> str:
        """Both Services send requests to pods that are ready, and the network lets this pod reach the database."""
        for client in (self._web, self._events):
            self._patiently(partial(client.call, "GET", "/readyz"))
        self._patiently(self._db.engine.connect).close()
        return f"{self._web.url}, events at {self._events.url}"

    def sign_in(self) -> str:
        """A session of a user of its own is kept in Redis."""
        guest = make_guest(self._db, "Smoke test")
        self._user_id = guest.user_id
        self._web.session_id = self._events.session_id = guest.sign_in(self._web)
        who = self._web.call("GET", "/api/protected").body["user_id"]
        if who != self._user_id:
            raise SmokeError(f"the session belongs to user {who}, not to user {self._user_id}")
        return "the session is known"

    def cached_read(self) -> str:
        """A value comes from the cache until it is changed, and a change shows at once."""
        with self._db.session() as session:
            # an id of its own: SQLite gives that of a deleted row again, and the cache may remember an earlier smoke's
            product = Product(id=secrets.randbits(52), name="first", description="", price_cents=1, stock=1)
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
            for kind, data in frames(stream, time.monotonic() + TIMEOUT):
                if kind == "message.created" and data["id"] == sent:
                    return "a message came down the stream"
        raise SmokeError(f"message {sent} did not come down the event stream of {self._events.url} in {TIMEOUT:g} s")

    def quorum(self) -> str:
        """A majority of the Sentinels would agree to replace the primary."""
        return self._patiently(self._sentinels.quorum)

    def failover(self) -> str:
        """They would find a replica for it. That one keeps up, sign in and task have shown, which it confirmed."""
        return self._patiently(self._sentinels.failover)

    def _patiently(self, check: Callable[[], T]) -> T:
        while True:
            try:
                return check()
            except (SmokeError, SQLAlchemyError):
                if time.monotonic() > self._end:
                    raise
                time.sleep(POLL)

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
