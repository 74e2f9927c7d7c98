"""What an operator does from the page: by forms with a token, written to the log with who did it, and told after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog
from flask import flash, g, redirect, request, url_for

from app.api import csrf
from app.api.problems import ProblemError, invalid, not_found
from app.db.models import MAX_ID, User
from app.errors import DrillRuns
from app.ops.console.drills import Starter
from app.ops.console.page import ledger
from app.runtime import runtime

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

_REPLAYED: Final = {
    "waiting": "waits for the next free worker.",
    "running": "runs.",
    "held": "waits behind the limit of its task.",
}
log: Final = structlog.get_logger(__name__)


def replay() -> Response:
    """Let a dead task run again."""
    csrf.check_form()
    task_id = request.form.get("task", "")
    answer = ledger().retry(task_id)
    _note("ops.replay", task=task_id[:100], result=answer)
    flash(f"Task {task_id[:100]} {_REPLAYED.get(answer, f'is {answer}: there is nothing to replay.')}")
    return _back("tasks")


def replay_all() -> Response:
    """Let every task run again that is dead now."""
    csrf.check_form()
    found = ledger()
    entries = [letter.entry for letter in found.letters.find()]
    done = sum(found.letters.apply("replay", entries[::-1]))
    _note("ops.replay_all", found=len(entries), replayed=done)
    flash(f"{done:,} of {len(entries):,} dead tasks run again.")
    return _back("tasks")


def revoke() -> Response:
    """End one session of a user."""
    csrf.check_form()
    user, name = _owner(), request.form.get("name", "")[:100]
    ended = runtime().sessions.destroy_named(user.id, name)
    _note("ops.revoke", user_id=user.id, session=name, ended=ended)
    flash(f"The session {name} of {user.email} {'ended' if ended else 'is none any more'}.")
    return _back("sessions", user.email)


def revoke_all() -> Response:
    """End all sessions of a user."""
    csrf.check_form()
    user = _owner()
    ended = runtime().sessions.destroy_all(user.id)
    _note("ops.revoke_all", user_id=user.id, ended=ended)
    flash(f"All sessions of {user.email} ended: {ended}.")
    return _back("sessions", user.email)


def start_drill() -> Response:
    """Start a drill on the local stack."""
    csrf.check_form()
    starter = Starter.here(runtime().config.haven_env)
    if starter is None:
        raise not_found("page: drills are started from here beside a local stack in development only")
    name = request.form.get("drill", "")
    if name not in starter.names():
        raise invalid("drill", "is none that can be started here", name)
    try:
        starter.start(name)
    except DrillRuns as error:
        raise ProblemError(409, f"{error}.") from None
    _note("ops.drill", drill=name)
    flash(f"The drill {name} begins.")
    return _back("drills")


def _owner() -> User:
    number = request.form.get("user_id", "")
    user_id = int(number) if number.isdecimal() and len(number) <= len(str(MAX_ID)) else 0
    with runtime().db.session() as rows:
        user = rows.get(User, user_id) if user_id <= MAX_ID else None
    if user is None:
        raise not_found("user")
    return user


def _note(event: str, **what: object) -> None:
    log.info(event, operator=g.operator.email, **what)


def _back(section: str, user: str | None = None) -> Response:
    return redirect(url_for("ops.overview", _anchor=section, user=user), 303)
