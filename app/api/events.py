"""Events as they happen, and telling of them."""

from collections.abc import Callable

import structlog
from flask import Blueprint, Response, g, request

from app.api.openapi import documented
from app.errors import StoreError
from app.events import sse_response
from app.sessions import require_auth
from app.store.keys import BROADCAST

blueprint = Blueprint("events", __name__)
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
    return sse_response([BROADCAST, f"user:{g.user_id}"], last_seen)


def announce(publish: Callable[[], object]) -> None:
    """Publish an event about something that is stored already.

    When Redis is away the request still succeeds: it must not be repeated, and the state can be read.
    """
    try:
        publish()
    except StoreError as error:
        _log.warning("event_not_published", error=type(error).__name__, detail=str(error)[:500])
