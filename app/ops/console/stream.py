"""What is news on the operations page: by server-sent events, or asked for where all streams are taken."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, cast

from flask import Response, current_app, g, json, session

from app.errors import StoreError
from app.ops.console.access import is_operator
from app.ops.console.drawing import draw
from app.runtime import runtime
from app.store import deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from app.ops.console.look import Picture
    from app.ops.console.watch import Watch
    from app.sessions import WebSession

RETRY_MS: Final = 1000
LONGEST: Final = 600.0  # seconds; then the browser comes again, and is looked at again
LONGEST_BY_PASS: Final = 10.0
CHECK_EVERY: Final = 5.0
_ASKED: Final = 50  # moments that one answer to a question has


def watch() -> Watch:
    """This process's."""
    found: Watch = current_app.extensions["haven.console"]
    return found


def state() -> Response:
    """The present state, for those who ask."""
    told = frame(watch(), watch().glance())
    told["moments"] = told["moments"][-_ASKED:]
    return Response(json.dumps(told), mimetype="application/json")


def stream() -> Response:
    """The state whenever it is another, at least once a second.

    Raises:
        ServiceUnavailable: as many as may are open.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - outlives the request
    watched = watch()
    end = time.monotonic() + (LONGEST_BY_PASS if g.redis_away else LONGEST)
    welcome = _welcome(app, g.user_id, None if g.redis_away else cast("WebSession", session).id)
    watched.enter()
    told = _tell(app, watched, welcome, end)
    next(told)  # from here on the generator's end is the viewer's, and so is an error
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Response(told, mimetype="text/event-stream", headers=headers)


def _tell(app: Flask, watched: Watch, welcome: Callable[[], bool], end: float) -> Iterator[bytes]:
    hub = app.extensions["haven.hub"]
    try:
        watched.glance()  # the first that is told is something
        yield b""  # started: see stream
        yield f"retry: {RETRY_MS}\n\n".encode()
        version = number = 0
        check = time.monotonic() + CHECK_EVERY
        while time.monotonic() < end and not hub.ending():
            if time.monotonic() > check:
                if not welcome():
                    return
                check = time.monotonic() + CHECK_EVERY
            seen, version = version, watched.wait(version, 1.0)
            if version == seen:
                yield b": no news\n\n"  # shows whether the client is still there
                continue
            with app.app_context():
                told = frame(watched, watched.picture, number)
            number = told["number"]
            yield f"data: {json.dumps(told)}\n\n".encode()
    finally:
        watched.leave()


def _welcome(app: Flask, user_id: int, session_id: str | None) -> Callable[[], bool]:
    """Whether the viewer still may look. While Redis is away, nobody is sent off for that."""

    def ask() -> bool:
        with app.app_context():
            try:
                with deadline(1.0):
                    lives = session_id is None or runtime().sessions.alive([session_id])[0]
            except StoreError:
                lives = True
            return lives and is_operator(user_id)

    return ask


def frame(watched: Watch, picture: Picture | None, after: int = 0) -> dict[str, Any]:
    """What the page shows of a picture, and the moments after a number."""
    moments = watched.line.since(after)
    single = current_app.jinja_env.get_template("ops/_topology.html")
    item = current_app.jinja_env.get_template("ops/_moment.html")
    return {
        "at": picture.at if picture else None,
        "summary": picture.summary if picture else "Nothing is known yet.",
        "topology": single.render(picture=picture, drawing=draw(picture)) if picture else "",
        "number": moments[-1].number if moments else after,
        "moments": [{"at": moment.at, "key": moment.key, "html": item.render(moment=moment)} for moment in moments],
    }
