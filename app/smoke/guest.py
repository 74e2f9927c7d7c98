"""A user who is there for as long as a check or a drill takes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.db.models import User
from app.db.passwords import hash_password

if TYPE_CHECKING:
    from app.db import Database
    from app.smoke.client import Client


@dataclass(frozen=True, slots=True)
class Guest:
    """A user of its own.

    Attributes:
        user_id: whose.
        email: made up.
        password: made up.
    """

    user_id: int
    email: str
    password: str = field(repr=False)

    def sign_in(self, client: Client) -> str:
        """A new session's id.

        Raises:
            SmokeError: it was refused, or nothing answered.
        """
        answer = client.call("POST", "/api/login", {"email": self.email, "password": self.password})
        found: str = answer.body["session_id"]
        return found


def make_guest(db: Database, name: str) -> Guest:
    """Make one.

    Raises:
        SQLAlchemyError: the database can't be reached.
    """
    password = secrets.token_urlsafe(24)
    email = f"guest-{secrets.token_hex(8)}@haven.invalid"
    with db.session() as session:
        user = User(name=name, email=email, password_hash=hash_password(password))
        session.add(user)
        session.flush()
        return Guest(user.id, email, password)
