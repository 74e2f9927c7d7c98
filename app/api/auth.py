"""Logging in and out with a session id in a header, and where else one is logged in."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from flask import Blueprint, Response, g, request, session

from app.api.login import authenticate
from app.api.openapi import answer, documented
from app.api.problems import not_found
from app.api.replies import AccountOut, LoggedOut, LoginOut, SessionList, SessionOut, WhoAmI
from app.api.schemas import Credentials
from app.runtime import runtime
from app.sessions import require_auth

if TYPE_CHECKING:
    from app.sessions import WebSession

blueprint = Blueprint("auth", __name__)


@blueprint.post("/api/login")
@documented("sessions", gives=LoginOut, errors=(401, 429))
def login(json: Credentials) -> Response:
    """Log in.

    Send the answer's ``session_id`` as ``X-Session-ID`` from then on. Five attempts a minute per client address; an
    account has limits of its own.
    """
    user = authenticate(json)
    device = request.headers.get("User-Agent", "")
    session_id = runtime().sessions.create(user.id, device=device, address=request.remote_addr or "")
    return answer(LoginOut(session_id=session_id, user=AccountOut.model_validate(user)))


@blueprint.post("/api/logout")
@require_auth
@documented("sessions", status=204, auth=True)
def logout() -> Response:
    """Log out: end this session."""
    session.clear()
    return Response(status=204)


@blueprint.post("/api/logout/everywhere")
@require_auth
@documented("sessions", gives=LoggedOut, auth=True)
def logout_everywhere() -> Response:
    """Log out everywhere: end every session of this user, this one included."""
    return answer(LoggedOut(ended=runtime().sessions.destroy_all(g.user_id)))


@blueprint.get("/api/sessions")
@require_auth
@documented("sessions", gives=SessionList, auth=True)
def list_sessions() -> Response:
    """See where one is logged in: this session first, then those used last.

    ``last_seen_at`` may be a minute old.
    """
    found = runtime().sessions.of_user(g.user_id, current=_this())
    items = [
        SessionOut(
            id=one.name,
            created_at=datetime.fromtimestamp(one.created, UTC),
            last_seen_at=datetime.fromtimestamp(one.seen, UTC),
            device=one.device,
            address=one.address,
            current=one.current,
        )
        for one in found
    ]
    return answer(SessionList(items=items))


@blueprint.delete("/api/sessions/<name>")
@require_auth
@documented("sessions", status=204, errors=(404,), auth=True)
def end_session(name: str) -> Response:
    """End one of one's sessions, by its ``id`` in the list."""
    if not runtime().sessions.destroy_named(g.user_id, name):
        raise not_found("session")
    return Response(status=204)


@blueprint.delete("/api/sessions")
@require_auth
@documented("sessions", gives=LoggedOut, auth=True)
def end_other_sessions() -> Response:
    """End all of one's sessions but this one."""
    return answer(LoggedOut(ended=runtime().sessions.destroy_all(g.user_id, but=_this())))


@blueprint.get("/api/protected")
@require_auth
@documented("sessions", gives=WhoAmI, auth=True)
def protected() -> Response:
    """Say whose session it is; only with a session."""
    return answer(WhoAmI(user_id=g.user_id))


def _this() -> str | None:
    return cast("WebSession", session).id
