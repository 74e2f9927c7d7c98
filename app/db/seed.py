"""Development data: never run it against a database that others can reach, its password is public."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.db.database import Database
from app.db.models import Post, Product, User
from app.db.passwords import hash_password

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
_TOPICS: Final = ("On waiting well", "What a quorum is for", "Notes from an outage")
_WARES: Final = ("Lantern", "Compass", "Rope", "Anchor", "Sextant")
_FINISHES: Final = ("brass", "copper", "iron", "oak")


def seed(db: Database, *, operators: bool = False) -> bool:
    """Put 10 users, 30 posts and 20 products into a database that has none of them.

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
            session.add_all(
                Post(user_id=user.id, title=topic, body=f"{user.name} writes: {topic.lower()}.")
                for topic in _TOPICS
                for user in users
            )
            session.add_all(
                Product(
                    name=f"{ware}, {finish}",
                    description=f"A {ware.lower()} made of {finish}.",
                    price_cents=1900 + 700 * number,
                    stock=10 + number,
                )
                for number, (ware, finish) in enumerate((w, f) for w in _WARES for f in _FINISHES)
            )
    except IntegrityError:  # another process seeded at the same moment
        return False
    return True


def _email(name: str) -> str:
    return f"{name.partition(' ')[0].lower()}@example.com"
