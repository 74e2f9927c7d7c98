"""What visitors do, and what they need for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy.orm import Session

    from app.load.journeys import Trip


class Things:
    """What the visitors need in the database beside themselves; nothing yet.

    Args:
        name: of the load.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def make(self, session: Session) -> None:
        """Put what is missing into the database."""

    def remove(self, session: Session) -> None:
        """Remove it."""


def sign_in(trip: Trip) -> None:
    """Sign in, see that one is known, sign out."""
    trip.visit.session_id = trip.log_in()
    trip.visit.call("GET", "/api/protected")
    trip.visit.call("POST", "/api/logout")


JOURNEYS: Final[Mapping[str, Callable[[Trip], None]]] = {"sign-in": sign_in}
MIX: Final = "sign-in=1"
