"""The checks, in the order in which a user would notice that something is wrong."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from app.db.models import User
from app.errors import SmokeError
from app.example.smoke import CHECKS
from app.smoke.client import Client
from app.smoke.guest import make_guest
from app.smoke.sentinels import NotApplicable, Sentinels
from app.smoke.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.db import Database
    from app.store.topology import Topology

T = TypeVar("T")
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

    def run(self, tell: Callable[[str], None]) -> None:
        """Run every check, tell of each, and clean up.

        Raises:
            SmokeError: one failed; the rest was not tried.
        """
        try:
            for name, check in self._checks():
                started = time.monotonic()
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

    def _checks(self) -> Iterator[tuple[str, Callable[[], str]]]:
        yield "ready", self.ready
        yield "sign in", self.sign_in
        subject = Subject(self._db, self._web, self._events, self._user_id)
        for check in CHECKS:
            yield check.__name__.replace("_", " "), partial(check, subject)
        yield "quorum", self.quorum
        yield "failover", self.failover

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
        if self._web.session_id:  # the user, with sessions and all that is theirs
            self._web.call("DELETE", f"/api/users/{self._user_id}")
        elif self._user_id:
            with self._db.session() as session:
                session.delete(session.get_one(User, self._user_id))


def _first_line(error: Exception) -> str:
    return (str(getattr(error, "orig", None) or error).splitlines() or [type(error).__name__])[0]
