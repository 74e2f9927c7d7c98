"""``flask.session`` kept in Redis: the cookie holds a signed id and nothing else.

The session is read when a view first looks at it, so that a request without need of it works while Redis is away.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flask.sessions import SessionInterface, SessionMixin
from itsdangerous import BadSignature, Signer

from app.sessions.store import check_size, new_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask, Request, Response

    from app.runtime import Runtime
    from app.sessions.store import Sessions

DATA = "d:"
USER = "user_id"  # the key of flask.session that says who is logged in


class CookieSession(SessionMixin):
    """A session that is read at first use and writes only what changed.

    Values are JSON. Setting ``user_id`` gives the session to that user.

    Args:
        sessions: where it is kept.
        session_id: from the cookie; None: there was none.
    """

    def __init__(self, sessions: Sessions, session_id: str | None) -> None:
        self._sessions = sessions
        self._cookie_id = session_id
        self._data: dict[str, Any] | None = None
        self._stored: dict[str, str] = {}
        self.id: str | None = session_id
        self.accessed = False

    def __getitem__(self, key: str) -> Any:
        return self._load()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._load()[key] = value

    def __delitem__(self, key: str) -> None:
        del self._load()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._load())

    def __len__(self) -> int:
        return len(self._load())

    @property
    def had_cookie(self) -> bool:
        """Whether the request brought an id."""
        return self._cookie_id is not None

    @property
    def loaded(self) -> bool:
        """Whether anyone looked at it."""
        return self._data is not None

    def regenerate(self) -> None:
        """Take a new id, at every change of privilege: one planted before a log-in is worth nothing after."""
        self._load()
        self._forget()
        self.id = None
        self._stored = {}

    def save(self) -> str | None:
        """Write what changed; the id to send, or None when there is nothing to keep.

        Raises:
            SessionError: it is too large.
            StoreError: it was not kept.
        """
        data = self._load()
        if not data:
            self._forget()
            return None
        fields = {f"{DATA}{key}": json.dumps(value, separators=(",", ":")) for key, value in data.items()}
        changed = {name: text for name, text in fields.items() if self._stored.get(name) != text}
        removed = [name for name in self._stored if name not in fields]
        if not changed and not removed:
            return self.id
        check_size(fields)  # all of it: what changed alone would let it grow a bit with every request
        exists = self.id is not None
        session_id = self.id or new_id()
        user_id = data.get(USER)
        if not self._sessions.save(session_id, changed, removed, user_id=user_id, exists=exists):
            return None  # ended meanwhile, by a log-out everywhere: it stays ended
        self.id = session_id
        self._stored = fields
        return session_id

    def discard(self) -> None:
        """Leave what is stored as it is."""
        self._data = None

    def _load(self) -> dict[str, Any]:
        self.accessed = True
        if self._data is None:
            found = self._sessions.load(self._cookie_id) if self._cookie_id else None
            self._stored = {k: v for k, v in found.fields.items() if k.startswith(DATA)} if found else {}
            self._data = {name.removeprefix(DATA): json.loads(text) for name, text in self._stored.items()}
            if found is None:
                self.id = None  # only ids that this server made are ever used
        return self._data

    def _forget(self) -> None:
        if self.id is not None:
            self._sessions.destroy(self.id)
            self.id = None


class CookieSessions(SessionInterface):
    """Flask's session interface over :class:`~app.sessions.Sessions`.

    Args:
        runtime: the application's parts.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._sessions = runtime.sessions
        self._signer = Signer(runtime.config.secret_key.get_secret_value(), salt="haven.session")

    def open_session(self, app: Flask, request: Request) -> SessionMixin:
        """The request's session, not read yet."""
        cookie = request.cookies.get(self.get_cookie_name(app))
        session_id = None
        if cookie:
            try:
                session_id = self._signer.unsign(cookie).decode()
            except (BadSignature, UnicodeDecodeError):
                session_id = None
        return CookieSession(self._sessions, session_id)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write what changed and set, or remove, the cookie."""
        if not isinstance(session, CookieSession) or not session.loaded:
            return
        name = self.get_cookie_name(app)
        try:
            session_id = session.save()
        except Exception:
            session.discard()  # Flask comes here again with the answer that says so, and once is enough
            raise
        response.vary.add("Cookie")
        if session_id is None:
            if session.had_cookie:
                response.delete_cookie(name, path=self.get_cookie_path(app), domain=self.get_cookie_domain(app))
            return
        response.set_cookie(
            name,
            self._signer.sign(session_id).decode(),
            max_age=int(self._sessions.ttl),
            httponly=self.get_cookie_httponly(app),
            secure=self.get_cookie_secure(app),
            samesite=self.get_cookie_samesite(app),
            path=self.get_cookie_path(app),
            domain=self.get_cookie_domain(app),
        )
