"""The operations page, and its parts that are shown anew every few seconds."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from flask import Response, g, json, render_template, request, session
from redis.exceptions import RedisError
from sqlalchemy import select

from app.api import csrf
from app.api.problems import not_found
from app.db.models import User
from app.drill import records
from app.ops.console.access import PATIENCE, page
from app.ops.console.drills import Starter
from app.ops.console.figures import cache_figures, limit_figures
from app.ops.console.stream import frame, watch
from app.runtime import runtime
from app.store import deadline
from app.tasks.operate.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.sessions import Listed, WebSession
    from app.tasks.operate.letters import Letter
    from app.tasks.operate.overview import Overview

LETTERS: Final = 20
DRILLS: Final = 10
_SANDBOX: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; base-uri 'none'"
)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Tasks:
    """Queues, and the youngest dead letters."""

    overview: Overview
    letters: list[Letter]


def overview() -> Response:
    """All of it."""
    told = frame(watch(), watch().glance())
    return page("ops/page.html", state=told, **_sections(), **_sessions())


def parts() -> Response:
    """What is no part of the stream: as HTML, by the id of the section."""
    token = csrf.token()
    values = _sections() | {"csrf_token": token}
    sections = {name: render_template(f"ops/_{name}.html", **values) for name in ("tasks", "limits", "cache", "drills")}
    return csrf.keep(Response(json.dumps(sections), mimetype="application/json"), token)


def drill(record_id: str) -> Response:
    """The report of a drill, in a frame."""
    if _report(record_id) is None:
        raise not_found("report any more")
    return page("ops/report.html", record_id=record_id)


def drill_report(record_id: str) -> Response:
    """The report itself: it may load nothing, run nothing, and is of no origin."""
    text = _report(record_id)
    if text is None:
        raise not_found("report any more")
    return Response(text, mimetype="text/html", headers={"Content-Security-Policy": _SANDBOX})


def ledger() -> Ledger:
    """The tasks."""
    config = runtime().config
    return Ledger(runtime().store, ttl=config.haven_task_ttl, lease=config.haven_task_lease)


def _sections() -> dict[str, Any]:
    starter = Starter.here(runtime().config.haven_env)
    return {
        "tasks": _read(lambda: Tasks(ledger().overview(), list(islice(ledger().letters.find(), LETTERS)))),
        "limits": limit_figures(),
        "cache": cache_figures(),
        "drills": _read(lambda: records.recent(runtime().store)[:DRILLS]),
        "names": starter.names() if starter else [],
        "output": starter.output() if starter else None,
    }


def _sessions() -> dict[str, Any]:
    asked = request.args.get("user", "").strip()[:254]
    user = _find_user(asked) if asked else None
    found: list[Listed] | None = []
    if user is not None:
        current = None if g.redis_away else cast("WebSession", session).id
        found = _read(lambda: runtime().sessions.of_user(user.id, current=current))
    return {"asked": asked, "owner": user, "sessions": found}


def _find_user(asked: str) -> User | None:
    with runtime().db.session() as rows:
        return rows.scalar(select(User).where(User.email == asked.lower()))


def _report(record_id: str) -> str | None:
    with deadline(PATIENCE):
        return records.report(runtime().store, record_id)


def _read(load: Callable[[], T]) -> T | None:
    """What Redis says; None while it is away, and then it is not asked a second time for the same page."""
    if g.redis_away:
        return None
    try:
        with deadline(PATIENCE):
            return load()
    except RedisError:
        g.redis_away = True
        return None
