"""Inside a task's function: which attempt it is, and what is to follow."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.errors import InvalidTask

if TYPE_CHECKING:
    from app.tasks.step import Step

MOST_FOLLOWING = 500


@dataclass(slots=True)
class Attempt:
    """The attempt that runs here.

    Attributes:
        task_id: which task; what it does outside may carry this id, so that doing it again can be told.
        name: its function.
        number: counted from 1.
        following: what is enqueued in the step in which it is done, see :meth:`then`.
    """

    task_id: str
    name: str
    number: int
    following: list[Any] = field(default_factory=list)

    def then(self, step: Step) -> None:
        """Enqueue this when the task is done, in the same step; nothing of it happens when it fails.

        Raises:
            InvalidTask: too much follows already.
        """
        if len(self.following) >= MOST_FOLLOWING:
            raise InvalidTask(
                f"{MOST_FOLLOWING} tasks follow {self.name!r} already: let one of them enqueue the others, in bulk"
            )
        self.following.append(step)


_current: ContextVar[Attempt | None] = ContextVar("haven_attempt", default=None)


def current() -> Attempt:
    """The attempt that runs here.

    Raises:
        RuntimeError: no task runs here.
    """
    found = _current.get()
    if found is None:
        raise RuntimeError("no task runs here: current() is for functions that a worker calls")
    return found


def enter(attempt: Attempt) -> None:
    """Begin an attempt in this thread."""
    _current.set(attempt)


def leave() -> None:
    """End it."""
    _current.set(None)
