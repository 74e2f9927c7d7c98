"""What visitors do in the example, and the products that they need for it."""

from __future__ import annotations

import random
import secrets
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select

from app.example.models import Product
from app.load.site import Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy.orm import Session

    from app.load.journeys import Trip

PRODUCTS: Final = 20
STOCK: Final = 1_000_000
# An id of its own: SQLite gives that of a deleted row again, and the cache may remember an earlier product of that id.
_ID_BITS: Final = 52
_CONFLICT: Final = 412
_TRIES: Final = 20


class Things:
    """The products of one load. What a killed run left is used again.

    Args:
        name: of the load.
    """

    def __init__(self, name: str) -> None:
        self._name = f"Load {name}"
        self.products: list[int] = []

    def make(self, session: Session) -> None:
        """Put what is missing into the database."""
        rows = list(session.scalars(select(Product).where(Product.name == self._name)))
        rows += [
            Product(id=secrets.randbits(_ID_BITS), name=self._name, price_cents=1000, stock=STOCK)
            for _ in range(PRODUCTS - len(rows))
        ]
        session.add_all(rows)
        session.flush()
        self.products = [row.id for row in rows]

    def remove(self, session: Session) -> None:
        """Remove them."""
        session.execute(delete(Product).where(Product.id.in_(self.products)))


def browse(trip: Trip) -> None:
    """Look at a page of products, then at one of them."""
    items = trip.visit.call("GET", "/api/products?per_page=20").body["items"]
    chosen = random.choice(items)["id"] if items else _product(trip)  # noqa: S311 - nothing secret
    trip.visit.call("GET", f"/api/products/{chosen}")


def buy(trip: Trip) -> None:
    """Take one from the stock of a product; again if somebody else was faster (``If-Match``)."""
    trip.enter()
    path = f"/api/products/{_product(trip)}"
    for _ in range(_TRIES):
        seen = trip.visit.call("GET", path)
        product = {name: seen.body[name] for name in ("name", "description", "price_cents", "stock")}
        product["stock"] = max(0, product["stock"] - 1)
        etag = seen.headers.get("ETag", "*").removeprefix("W/")
        if trip.visit.call("PUT", path, product, accept=(_CONFLICT,), If_Match=etag).status != _CONFLICT:
            return
    raise Failed(f"PUT /api/products: {_TRIES} others were faster")


def message(trip: Trip) -> None:
    """Write to the next user, who is told by an event, and look at one's messages."""
    trip.enter()
    users = trip.visitors.users
    receiver = users[(trip.user.number + 1) % len(users)]
    trip.visit.call("POST", "/api/messages", {"receiver_id": receiver.user_id, "body": f"Message {trip.turn}"})
    trip.visit.call("GET", "/api/messages")


def report(trip: Trip) -> None:
    """Ask for a report, which a worker makes, under a key of its own; see that it is known."""
    trip.enter()
    key = f"{trip.run}-{trip.turn}"
    task = trip.visit.call("POST", "/api/reports", {"kind": "activity"}, Idempotency_Key=key).body["task_id"]
    trip.visit.call("GET", f"/api/tasks/{task}")


def sign_in(trip: Trip) -> None:
    """Sign in, see that one is known, sign out."""
    trip.visit.session_id = trip.log_in()
    trip.visit.call("GET", "/api/protected")
    trip.visit.call("POST", "/api/logout")


def _product(trip: Trip) -> int:
    return random.choice(trip.visitors.things.products)  # noqa: S311 - nothing secret


JOURNEYS: Final[Mapping[str, Callable[[Trip], None]]] = {
    "browse": browse,
    "buy": buy,
    "message": message,
    "report": report,
    "sign-in": sign_in,
}
MIX: Final = "browse=10,buy=4,message=3,report=2,sign-in=1"
