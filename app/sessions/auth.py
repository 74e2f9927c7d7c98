"""Who is asking: by the ``X-Session-ID`` header, or by the cookie session."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from flask import current_app, g, request, session
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from app.sessions.cookie import USER

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.sessions.store import Sessions

P = ParamSpec("P")
R = TypeVar("R")

HEADER = "X-Session-ID"


def require_auth(view: Callable[P, R]) -> Callable[P, R]:
    """Answer 401 unless somebody is logged in; set ``g.user_id``, and ``g.session`` for header sessions."""

    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        g.session = None
        session_id = request.headers.get(HEADER)
        if session_id:
            sessions: Sessions = current_app.extensions["haven"].sessions
            g.session = sessions.load(session_id)
            g.user_id = g.session.user_id if g.session else None
        else:
            g.user_id = session.get(USER)
        if g.user_id is None:
            raise Unauthorized(
                f"log in first: send {HEADER} from POST /api/login, or the cookie from /login",
                www_authenticate=WWWAuthenticate("session", {"realm": "haven"}),
            )
        return view(*args, **kwargs)

    return guarded
