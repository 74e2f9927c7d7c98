"""The users that the load has for itself, beside those that are there."""

from __future__ import annotations

import secrets
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError

from app.db.models import User
from app.db.passwords import hash_password
from app.errors import HavenError, LoadError
from app.example.journeys import Things
from app.load.site import AGENT, Failed, Site, Turned

if TYPE_CHECKING:
    from app.runtime import Runtime

_LEAVING: Final = 8
_LEAVE_TIMEOUT: Final = 3.0


@dataclass(slots=True)
class Visitor:
    """A user with a session."""

    number: int
    user_id: int
    email: str
    session_id: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)


class Visitors:
    """Makes users, and what their journeys need, and removes them.

    Their names are the same in every run, so that what a killed run left is used again by the next one.

    Args:
        runtime: the installation's database and sessions.
        name: tells this load from others that run at the same time.
        count: how many users.
    """

    def __init__(self, runtime: Runtime, name: str, count: int) -> None:
        self._runtime = runtime
        self._name = name
        self._count = count
        self.password = secrets.token_urlsafe(24)
        self.users: list[Visitor] = []
        self.things = Things(name)

    def make(self) -> None:
        """Make them, each user with a session.

        Raises:
            LoadError: the database or Redis does not take them; says why.
        """
        try:
            self._make_users()
            with self._runtime.db.session() as session:
                self.things.make(session)
            for user in self.users:
                user.session_id = self._runtime.sessions.create(user.user_id, device=AGENT)
        except (SQLAlchemyError, HavenError) as error:
            first = str(getattr(error, "orig", None) or error).partition("\n")[0]
            raise LoadError(
                f"the users of the load could not be made: {first}; run it where the database and Redis are in reach, "
                "with the installation's settings, or with --data of a stack on this machine"
            ) from error

    def _make_users(self) -> None:
        # One hash for all: it is made slow on purpose.
        hashed = hash_password(self.password)
        with self._runtime.db.session() as session:
            emails = [f"{self._name}-{number}@load.haven.invalid" for number in range(1, self._count + 1)]
            there = {user.email: user for user in session.scalars(select(User).where(User.email.in_(emails)))}
            rows = [there.get(email) or User(name="Load", email=email, password_hash=hashed) for email in emails]
            for row in rows:
                row.password_hash = hashed
            session.add_all(rows)
            session.flush()
            self.users = [Visitor(number, row.id, row.email) for number, row in enumerate(rows)]

    def remove(self, site: Site) -> None:
        """Let every user leave as users do, with all that is theirs; in the database where that takes too long.

        Nothing is raised: what stays is used again by the next run.
        """
        left: SimpleQueue[Visitor] = SimpleQueue()
        for user in self.users:
            left.put(user)
        end = time.monotonic() + _LEAVE_TIMEOUT

        def leave() -> None:
            with suppress(Empty):
                while (seconds := end - time.monotonic()) > 0:
                    user = left.get_nowait()
                    with site.visit(user.number, seconds) as visit, suppress(Failed, Turned):
                        visit.session_id = user.session_id
                        visit.call("DELETE", f"/api/users/{user.user_id}")

        threads = [threading.Thread(target=leave, daemon=True) for _ in range(_LEAVING)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        with suppress(SQLAlchemyError, HavenError), self._runtime.db.session() as session:
            session.execute(delete(User).where(User.id.in_([user.user_id for user in self.users])))
            self.things.remove(session)
