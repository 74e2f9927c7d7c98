"""What `haven smoke` tries of the example: a cached read, a limit, a task, an event.

The name of a check is that of its function; what it returns is shown. What it puts into the database, it removes.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Final

from sqlalchemy import update

from app.errors import SmokeError
from app.example.models import Product
from app.smoke.client import TIMEOUT, frames

if TYPE_CHECKING:
    from app.smoke.client import Client
    from app.smoke.subject import Subject

TASK_TIMEOUT: Final = 60.0
_POLL: Final = 0.2


def cached_read(subject: Subject) -> str:
    """A value comes from the cache until it is changed, and a change shows at once."""
    with subject.db.session() as session:
        # an id of its own: SQLite gives that of a deleted row again, and the cache may remember an earlier smoke's
        product = Product(id=secrets.randbits(52), name="first", description="", price_cents=1, stock=1)
        session.add(product)
        session.flush()
        product_id = product.id
    path = f"/api/products/{product_id}"
    try:
        _expect(subject.web, path, "first")
        with subject.db.session() as session:  # behind the application's back
            session.execute(update(Product).where(Product.id == product_id).values(name="second"))
        _expect(subject.web, path, "first")
        subject.web.call("PUT", path, {"name": "third", "description": "", "price_cents": 1, "stock": 1})
        _expect(subject.web, path, "third")
    finally:
        with subject.db.session() as session:
            session.delete(session.get_one(Product, product_id))
    return "read from Redis, and a change shows at once"


def _expect(web: Client, path: str, name: str) -> None:
    found = web.call("GET", path).body["name"]
    if found != name:
        raise SmokeError(f"GET {path} says {found!r} instead of {name!r}: the cache is not used, or not emptied")


def rate_limit(subject: Subject) -> str:
    """Two requests in a row are counted together, whichever pods answered."""
    left = []
    for _ in range(2):
        headers = subject.web.call("GET", "/api/search?q=smoke").headers
        left.append(int(headers.get("X-RateLimit-Remaining", "-1")))
    if left[1] != left[0] - 1:
        raise SmokeError(f"X-RateLimit-Remaining went from {left[0]} to {left[1]}: the limit is not counted")
    return f"{left[1]} requests left"


def task(subject: Subject) -> str:
    """A worker does what is enqueued."""
    task_id = subject.web.call("POST", "/api/reports", {"kind": "smoke"}).body["task_id"]
    end = time.monotonic() + TASK_TIMEOUT
    while True:
        found = subject.web.call("GET", f"/api/tasks/{task_id}").body
        if found["status"] == "done":
            return "a worker did it"
        if found["status"] == "dead" or time.monotonic() > end:
            raise SmokeError(f"the task {task_id} is {found['status']} ({found['error']}): see the workers' logs")
        time.sleep(_POLL)


def event(subject: Subject) -> str:
    """What happens is told to those who listen."""
    with subject.events.open("GET", "/api/events") as stream:
        body = {"receiver_id": subject.user_id, "body": "smoke"}
        sent = subject.web.call("POST", "/api/messages", body).body["id"]
        for kind, data in frames(stream, time.monotonic() + TIMEOUT):
            if kind == "message.created" and data["id"] == sent:
                return "a message came down the stream"
    raise SmokeError(f"message {sent} did not come down the event stream of {subject.events.url} in {TIMEOUT:g} s")


CHECKS: Final = (cached_read, rate_limit, task, event)
