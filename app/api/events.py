"""Events as they happen, by server-sent events or WebSocket; who is connected; and telling of what happens."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Final, cast

import structlog
from flask import Blueprint, Response, current_app, g, request, session
from werkzeug.exceptions import Forbidden

from app.api.openapi import answer, documented
from app.api.replies import PresenceOut
from app.api.requests import is_this_site
from app.errors import StoreError
from app.events import Dialogue, Hub, Listener, access, sse_response, websocket_response
from app.events.sse import checked
from app.runtime import runtime
from app.sessions import require_auth
from app.sessions.ids import digest
from app.store import keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.sessions import WebSession

blueprint = Blueprint("events", __name__)
_log = structlog.get_logger(__name__)

ACKNOWLEDGED: Final = "acknowledged"
_DONE_FOR: Final = 86_400


@blueprint.get("/api/events")
@require_auth
@documented("events", errors=(400, 403), auth=True)
def stream_events() -> Response:
    """Listen to the events for everyone and for oneself, as server-sent events (``text/event-stream``).

    After a broken connection send the last event's id as ``Last-Event-ID`` (browsers do) or as the parameter
    ``last_event_id``; what was missed is told first, and ``haven.gap`` says if some of it is no longer kept. Other
    channels are asked for with ``channels``, comma separated.
    """
    last_seen = request.headers.get("Last-Event-ID") or request.args.get("last_event_id")
    return sse_response(_hub(), _listener("sse"), last_seen)


@blueprint.get("/api/ws")  # for those who come by plain HTTP: told so
@blueprint.get("/api/ws", websocket=True)
@require_auth
@documented("events", status=101, errors=(400, 403), auth=True)
def talk() -> Response:
    """Listen to the same events by WebSocket, and say which: see docs/events.md for the messages.

    ``last_event_id`` and ``channels`` as for the stream; ``last_event_id=acknowledged`` goes on after the last id that
    this session has acknowledged.
    """
    _refuse_other_origins()
    listener = _listener("websocket")
    store, done = runtime().store, keys.event_done(digest(listener.session_id or ""))
    after = request.args.get("last_event_id")
    if after == ACKNOWLEDGED:
        known = store.redis.get(done)
        after = str(known) if known else None

    def acknowledge(event_id: str) -> None:
        store.redis.set(done, event_id, ex=_DONE_FOR)

    dialogue = Dialogue(_hub(), listener, acknowledge)
    return websocket_response(request, _hub(), listener, checked(after), dialogue)


@blueprint.get("/api/users/<row_id:user_id>/presence")
@require_auth
@documented("events", gives=PresenceOut, errors=(404,), auth=True)
def presence(user_id: int) -> Response:
    """See whether a user listens to events now, and when they last did."""
    found = runtime().presence.of([user_id])[0]
    return answer(PresenceOut(user_id=user_id, online=found.online, last_seen=found.seen))


def _hub() -> Hub:
    hub: Hub = current_app.extensions["haven.hub"]
    return hub


def _listener(kind: str) -> Listener:
    asked = request.args.get("channels")
    own = access.own_channels(g.user_id)
    channels = access.checked(g.user_id, asked.split(",")) if asked else own
    return Listener(kind, g.user_id, cast("WebSession", session).id, channels, _cutter())


def _cutter() -> Callable[[], None]:
    sock: socket.socket | None = request.environ.get("gunicorn.socket")

    def cut() -> None:
        with suppress(OSError):
            if sock is not None:
                sock.shutdown(socket.SHUT_RDWR)

    return cut


def _refuse_other_origins() -> None:
    """A page of another site may open a WebSocket with this site's cookies; its browser says whose page it is."""
    origin = request.headers.get("Origin")
    if origin is not None and not is_this_site(origin):
        raise Forbidden("The request comes from another site.")


def announce(publish: Callable[[], object]) -> None:
    """Publish an event about something that is stored already.

    When Redis is away the request still succeeds: it must not be repeated, and the state can be read.
    """
    try:
        publish()
    except StoreError as error:
        _log.warning("event_not_published", error=type(error).__name__, detail=str(error)[:500])
