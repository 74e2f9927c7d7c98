"""Example data: what `haven seed` puts into an empty database, beside the users."""

from typing import TYPE_CHECKING, Final

from app.example.models import Post, Product

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from app.db.models import User

_TOPICS: Final = ("On waiting well", "What a quorum is for", "Notes from an outage")
_WARES: Final = ("Lantern", "Compass", "Rope", "Anchor", "Sextant")
_FINISHES: Final = ("brass", "copper", "iron", "oak")


def fill(session: "Session", users: "Sequence[User]") -> None:
    """Add three posts of each user, and 20 products.

    Args:
        session: where to; the caller commits.
        users: those of the example data.
    """
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
