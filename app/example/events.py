"""What happens in the subscriber process when an event comes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import structlog

from app.db.models import User
from app.events.subscriber import on
from app.example.tasks import files_dir, send_email

if TYPE_CHECKING:
    from app.events.log import Event
    from app.events.subscriber import Handler
    from app.runtime import Runtime

log = structlog.get_logger(__name__)


@on("broadcast")
def announce(event: Event) -> None:
    """Say what concerns everyone."""
    log.info("event.broadcast", kind=event.kind, event_id=event.id)


@on("user:*")
def notify(event: Event) -> None:
    """Write what concerns one user into that user's notifications file."""
    user_id = event.channel.partition(":")[2]
    path = files_dir() / "notifications" / f"user-{user_id}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"id": event.id, "kind": event.kind, "data": event.data})
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    log.info("event.notified", user_id=user_id, kind=event.kind, event_id=event.id)


def register(app: Runtime) -> None:
    """Add what needs the parts of this process.

    Args:
        app: those.
    """
    on("user:*")(mail(app))


def mail(app: Runtime) -> Handler:
    """Have a user told by e-mail of a message: one task, however often the event comes, for its id is the event's."""

    def send(event: Event) -> None:
        if event.kind != "message.created":
            return
        with app.db.session() as session:
            receiver = session.get(User, int(event.data["receiver_id"]))
        if receiver is not None:
            letter = {"to": receiver.email, "subject": "A message for you", "body": str(event.data["body"])}
            app.tasks.enqueue(send_email, letter, task_id=f"mail:{event.id}")

    return send
