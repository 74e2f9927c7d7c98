"""Logging in and out with a session id in a header."""

from flask import Blueprint, Response, g, request
from flask import session as cookie_session

from app.api.login import authenticate
from app.api.openapi import answer, documented
from app.api.replies import AccountOut, LoggedOut, LoginOut, WhoAmI
from app.api.schemas import Credentials
from app.ratelimit import client_address
from app.runtime import runtime
from app.sessions import require_auth

blueprint = Blueprint("auth", __name__)


@blueprint.post("/api/login")
@documented("sessions", gives=LoginOut, errors=(401, 429))
def login(json: Credentials) -> Response:
    """Log in.

    Send the answer's ``session_id`` as ``X-Session-ID`` from then on. Five attempts a minute per client address.
    """
    user = authenticate(json)
    device = request.headers.get("User-Agent", "")[:200]
    session_id = runtime().sessions.create(user.id, {"device": device, "address": client_address()})
    return answer(LoginOut(session_id=session_id, user=AccountOut.model_validate(user)))


@blueprint.post("/api/logout")
@require_auth
@documented("sessions", status=204, auth=True)
def logout() -> Response:
    """Log out: end this session."""
    if g.session:
        runtime().sessions.destroy(g.session.id)
    else:
        cookie_session.clear()
    return Response(status=204)


@blueprint.post("/api/logout/everywhere")
@require_auth
@documented("sessions", gives=LoggedOut, auth=True)
def logout_everywhere() -> Response:
    """Log out everywhere: end every session of this user, this one included."""
    return answer(LoggedOut(ended=runtime().sessions.destroy_all(g.user_id)))


@blueprint.get("/api/protected")
@require_auth
@documented("sessions", gives=WhoAmI, auth=True)
def protected() -> Response:
    """Say whose session it is; only with a session."""
    return answer(WhoAmI(user_id=g.user_id))
