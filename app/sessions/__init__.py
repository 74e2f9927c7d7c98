"""Sessions in Redis: ``flask.session``, by cookie or by header, and what is done with sessions from outside."""

from app.sessions.auth import require_auth
from app.sessions.interface import HEADER, WebSessions
from app.sessions.records import Listed, Session
from app.sessions.store import Sessions
from app.sessions.web import USER, WebSession

__all__ = ["HEADER", "USER", "Listed", "Session", "Sessions", "WebSession", "WebSessions", "require_auth"]
