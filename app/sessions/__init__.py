"""Sessions in Redis: by header (``X-Session-ID``) or by cookie (``flask.session``), on one store."""

from app.sessions.auth import require_auth
from app.sessions.cookie import CookieSession, CookieSessions
from app.sessions.store import Session, Sessions

__all__ = ["CookieSession", "CookieSessions", "Session", "Sessions", "require_auth"]
