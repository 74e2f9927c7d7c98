"""Development data: never run it against a database that others can reach, its password is public."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.db.database import Database
from app.db.models import User
from app.db.passwords import hash_password
from app.example.data import fill

PASSWORD: Final = "haven-demo"  # noqa: S105 - documented development data
"""The password of every seeded user."""

NAMES: Final = (
    "Ada Lovelace",
    "Grace Hopper",
    "Edsger Dijkstra",
    "Barbara Liskov",
    "Leslie Lamport",
    "Radia Perlman",
    "Donald Knuth",
    "Frances Allen",
    "Tony Hoare",
    "Lynn Conway",
)


def seed(db: Database, *, operators: bool = False) -> bool:
    """Put 10 users, and what the application has for them, into a database that has none of them.

    Users are ``ada@example.com``, ``grace@example.com`` and so on, all with the password ``haven-demo``.

    Args:
        db: where to.
        operators: whether ada may see the operations page. Never where others can sign in.

    Returns:
        True if the data was put in, False if it was there already.
    """
    try:
        with db.session() as session:
            if session.scalar(select(User.id).where(User.email == _email(NAMES[0]))) is not None:
                return False
            password_hash = hash_password(PASSWORD)
            users = [
                User(
                    name=name, email=_email(name), password_hash=password_hash, operator=operators and name == NAMES[0]
                )
                for name in NAMES
            ]
            session.add_all(users)
            session.flush()
            fill(session, users)
    except IntegrityError:  # another process seeded at the same moment
        return False
    return True


def _email(name: str) -> str:
    return f"{name.partition(' ')[0].lower()}@example.com"
