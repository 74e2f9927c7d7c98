"""Who is asking."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from flask import g, session
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from app.sessions.interface import HEADER
from app.sessions.web import USER

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")


def require_auth(view: Callable[P, R]) -> Callable[P, R]:
    """Answer 401 unless somebody is logged in; set ``g.user_id``."""

    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        g.user_id = session.get(USER)
        if g.user_id is None:
            raise Unauthorized(
                f"log in first: send {HEADER} from POST /api/login, or the cookie from /login",
                www_authenticate=WWWAuthenticate("session", {"realm": "haven"}),
            )
        return view(*args, **kwargs)

    return guarded
