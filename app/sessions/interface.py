"""How a session's id comes and goes: in ``X-Session-ID`` for programs, in a cookie for browsers. The header wins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import request as current_request
from flask.sessions import SessionInterface, SessionMixin

from app.sessions.cookie import SignedCookie, signing_keys
from app.sessions.web import Told, WebSession

if TYPE_CHECKING:
    from flask import Flask, Request, Response

    from app.sessions.ids import Carrier
    from app.sessions.store import Sessions

HEADER: Final = "X-Session-ID"


def carrier_of(request: Request) -> Carrier:
    """How this request's session comes. A cookie beside the header counts for nothing."""
    return "header" if request.headers.get(HEADER) else "cookie"


class WebSessions(SessionInterface):
    """Flask's session interface over :class:`~app.sessions.Sessions`.

    The client is told an id when it is new, and to forget its cookie by the request that ended the session; never by
    another, whose answer might come after that of a new log-in.

    Args:
        app: its configuration says how the cookie is to be.
        sessions: where they are kept.
    """

    def __init__(self, app: Flask, sessions: Sessions) -> None:
        self._sessions = sessions
        self._cookie = SignedCookie(signing_keys(app))

    def open_session(self, app: Flask, request: Request) -> SessionMixin:
        """The request's session, not read yet."""
        if carrier_of(request) == "header":
            return WebSession(self._sessions, request.headers[HEADER], "header")
        session_id, _ = self._cookie.find(request, self.get_cookie_name(app))
        return WebSession(self._sessions, session_id, "cookie")

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write what changed, and tell the client if its id did."""
        if not isinstance(session, WebSession) or not session.loaded:
            return
        request = current_request
        try:
            told = session.save(request.headers.get("User-Agent", ""), request.remote_addr or "")
        except Exception:
            session.discard()  # Flask comes here again with the answer that says so, and once is enough
            raise
        response.vary.update(("Cookie", HEADER))
        response.headers.setdefault("Cache-Control", "private")
        if session.carrier == "header":
            if told is Told.ID:
                response.headers[HEADER] = str(session.id)
                response.headers["Cache-Control"] = "no-store"
            return
        if told is Told.NOTHING and session.id is not None:
            _, current = self._cookie.find(request, self.get_cookie_name(app))
            told = told if current else Told.ID
        if told is not Told.NOTHING:
            self._set_cookie(app, session, response, ended=told is Told.ENDED)

    def _set_cookie(self, app: Flask, session: WebSession, response: Response, *, ended: bool) -> None:
        max_age = 0 if ended else int(self._sessions.max_age) if session.permanent else None
        response.set_cookie(
            self.get_cookie_name(app),
            "" if ended else self._cookie.sign(str(session.id)),
            max_age=max_age,
            expires=0 if ended else None,
            httponly=self.get_cookie_httponly(app),
            secure=self.get_cookie_secure(app),
            samesite=self.get_cookie_samesite(app),
            path=self.get_cookie_path(app),
            domain=self.get_cookie_domain(app),
        )
        # A shared cache that kept this would give the session to others.
        response.headers["Cache-Control"] = "no-store"
