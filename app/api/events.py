"""Events as they happen, and telling of them."""

import re
from collections.abc import Callable
from typing import Final

import structlog
from flask import Blueprint, Response, g, request

from app.api.openapi import documented
from app.api.problems import ProblemError
from app.errors import StoreError
from app.events import sse_response
from app.sessions import require_auth
from app.store.keys import BROADCAST

blueprint = Blueprint("events", __name__)
_PLACE: Final = re.compile(r"[0-9]{1,20}-[0-9]{1,20}")
_log = structlog.get_logger(__name__)


@blueprint.get("/api/events")
@require_auth
@documented("events", errors=(400,), auth=True)
def stream_events() -> Response:
    """Listen to the events for everyone and for oneself, as server-sent events (``text/event-stream``).

    After a broken connection send the last event's id as ``Last-Event-ID`` (browsers do) or as the parameter
    ``last_event_id``; what was missed is told first.
    """
    last_seen = request.headers.get("Last-Event-ID") or request.args.get("last_event_id")
    if last_seen and not _is_place(last_seen):
        raise ProblemError(400, "Last-Event-ID is not an id of this server, such as 1700000000000-0.")
    return sse_response([BROADCAST, f"user:{g.user_id}"], last_seen)


def _is_place(text: str) -> bool:
    # Redis takes two numbers of 64 bits, and calls anything else an error of ours.
    return _PLACE.fullmatch(text) is not None and all(int(part) < 2**64 for part in text.split("-"))


def announce(publish: Callable[[], object]) -> None:
    """Publish an event about something that is stored already.

    When Redis is away the request still succeeds: it must not be repeated, and the state can be read.
    """
    try:
        publish()
    except StoreError as error:
        _log.warning("event_not_published", error=type(error).__name__, detail=str(error)[:500])
