"""Making journeys: whose turn it is, signing in, and what counts as failed. The journeys are the application's."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Final

from app.example.journeys import JOURNEYS
from app.load.site import Failed, Site, Turned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.load.run import Outcome
    from app.load.site import Visit
    from app.load.visitors import Visitor, Visitors

_UNAUTHORIZED: Final = 401


@dataclass(frozen=True, slots=True)
class Trip:
    """One visitor on one journey.

    Attributes:
        visit: the visitor's requests.
        user: whose turn it is.
        visitors: all of them, and their things.
        turn: which of this journey it is.
        run: tells this run's tasks from another's.
    """

    visit: Visit
    user: Visitor
    visitors: Visitors
    turn: int
    run: str

    def enter(self) -> None:
        """Go on with the user's session."""
        with self.user.lock:
            if not self.user.session_id:
                self.user.session_id = self.log_in()
        self.visit.session_id = self.user.session_id

    def log_in(self) -> str:
        """A new session of the user."""
        credentials = {"email": self.user.email, "password": self.visitors.password}
        session_id: str = self.visit.call("POST", "/api/login", credentials).body["session_id"]
        return session_id


class Journeys:
    """Makes journeys; safe for threads.

    Args:
        site: where.
        visitors: who.
        run: as in :class:`Trip`.
    """

    def __init__(self, site: Site, visitors: Visitors, run: str) -> None:
        self._site = site
        self._visitors = visitors
        self._run = run
        self._turns: defaultdict[str, Iterator[int]] = defaultdict(count)

    def make(self, journey: str) -> Outcome:
        """Make one journey; users take turns, so that none meets a limit that many together would not."""
        turn = next(self._turns[journey])
        user = self._visitors.users[turn % len(self._visitors.users)]
        try:
            with self._site.visit(user.number) as visit:
                JOURNEYS[journey](Trip(visit, user, self._visitors, turn, self._run))
        except Turned:
            return "limited", ""
        except Failed as error:
            if error.status == _UNAUTHORIZED:  # somebody ended the session: next time the user signs in again
                user.session_id = ""
            return "failed", f"{journey}: {error}"
        return "answered", ""
