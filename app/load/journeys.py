"""What visitors do, in the example application. Whoever replaces it replaces these."""

from __future__ import annotations

import random
from collections import defaultdict
from itertools import count
from typing import TYPE_CHECKING, Final

from app.load.site import Failed, Site, Turned, Visit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.load.run import Outcome
    from app.load.visitors import Visitor, Visitors

NAMES: Final = ("browse", "buy", "message", "report", "sign-in")
_CONFLICT: Final = 412
_UNAUTHORIZED: Final = 401
_TRIES: Final = 20


class Journeys:
    """Makes journeys; safe for threads.

    Args:
        site: where.
        visitors: who.
        run: tells this run's tasks from another's.
    """

    def __init__(self, site: Site, visitors: Visitors, run: str) -> None:
        self._site = site
        self._visitors = visitors
        self._run = run
        self._turns: defaultdict[str, Iterator[int]] = defaultdict(count)
        self._steps = {
            "browse": self._browse,
            "buy": self._buy,
            "message": self._message,
            "report": self._report,
            "sign-in": self._sign_in,
        }

    def make(self, journey: str) -> Outcome:
        """Make one journey; users take turns, so that none meets a limit that many together would not."""
        turn = next(self._turns[journey])
        user = self._visitors.users[turn % len(self._visitors.users)]
        try:
            with self._site.visit(user.number) as visit:
                if journey not in {"browse", "sign-in"}:
                    self._enter(visit, user)
                self._steps[journey](visit, user, turn)
        except Turned:
            return "limited", ""
        except Failed as error:
            if error.status == _UNAUTHORIZED:  # somebody ended the session: next time the user signs in again
                user.session_id = ""
            return "failed", f"{journey}: {error}"
        return "answered", ""

    def _enter(self, visit: Visit, user: Visitor) -> None:
        with user.lock:
            if not user.session_id:
                user.session_id = self._log_in(visit, user)
        visit.session_id = user.session_id

    def _log_in(self, visit: Visit, user: Visitor) -> str:
        credentials = {"email": user.email, "password": self._visitors.password}
        session_id: str = visit.call("POST", "/api/login", credentials).body["session_id"]
        return session_id

    def _browse(self, visit: Visit, user: Visitor, turn: int) -> None:
        """Look at a page of products, then at one of them."""
        del user, turn
        items = visit.call("GET", "/api/products?per_page=20").body["items"]
        chosen = random.choice(items)["id"] if items else self._product()  # noqa: S311 - nothing secret
        visit.call("GET", f"/api/products/{chosen}")

    def _buy(self, visit: Visit, user: Visitor, turn: int) -> None:
        """Take one from the stock of a product; again if somebody else was faster (``If-Match``)."""
        del user, turn
        path = f"/api/products/{self._product()}"
        for _ in range(_TRIES):
            seen = visit.call("GET", path)
            product = {name: seen.body[name] for name in ("name", "description", "price_cents", "stock")}
            product["stock"] = max(0, product["stock"] - 1)
            etag = seen.headers.get("ETag", "*").removeprefix("W/")
            if visit.call("PUT", path, product, accept=(_CONFLICT,), If_Match=etag).status != _CONFLICT:
                return
        raise Failed(f"PUT /api/products: {_TRIES} others were faster")

    def _message(self, visit: Visit, user: Visitor, turn: int) -> None:
        """Write to the next user, who is told by an event, and look at one's messages."""
        users = self._visitors.users
        receiver = users[(user.number + 1) % len(users)]
        visit.call("POST", "/api/messages", {"receiver_id": receiver.user_id, "body": f"Message {turn}"})
        visit.call("GET", "/api/messages")

    def _report(self, visit: Visit, user: Visitor, turn: int) -> None:
        """Ask for a report, which a worker makes, under a key of its own; see that it is known."""
        del user
        key = f"{self._run}-{turn}"
        task = visit.call("POST", "/api/reports", {"kind": "activity"}, Idempotency_Key=key).body["task_id"]
        visit.call("GET", f"/api/tasks/{task}")

    def _sign_in(self, visit: Visit, user: Visitor, turn: int) -> None:
        """Sign in, see that one is known, sign out."""
        del turn
        visit.session_id = self._log_in(visit, user)
        visit.call("GET", "/api/protected")
        visit.call("POST", "/api/logout")

    def _product(self) -> int:
        return random.choice(self._visitors.products)  # noqa: S311 - nothing secret
