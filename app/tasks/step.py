"""What follows a task: enqueued in the same step in which the task is done, so that neither is without the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.errors import InvalidTask
from app.tasks.policy import known_priority

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from app.tasks.registry import Registry


@dataclass(frozen=True, slots=True)
class Step:
    """One task of a chain.

    Attributes:
        task: its name or function.
        args: its arguments.
        into: the argument that gets the result of the task before, if any.
        priority: high, normal or low; by default the task's own.
    """

    task: str | Callable[..., Any]
    args: Mapping[str, Any] = field(default_factory=dict)
    into: str | None = None
    priority: str | None = None

    def __post_init__(self) -> None:
        """Refuse a priority that there is not.

        Raises:
            InvalidTask: nobody would ever run it.
        """
        if self.priority is not None:
            known_priority(self.priority)


def chain(steps: Sequence[Step], task_id: str, tasks: Registry) -> list[dict[str, Any]]:
    """The steps as an envelope carries them; the n-th has the id of the first task and ``>n``.

    Raises:
        UnknownTask, InvalidTask: one of them could not be enqueued.
    """
    found = []
    for number, step in enumerate(steps, 1):
        task = tasks.get(step.task)
        args = dict(step.args)
        if step.into is None:
            args = task.check(args)
        elif step.into not in task.arguments.model_fields:
            raise InvalidTask(f"task {task.name!r} has no argument {step.into!r} that could take a result")
        found.append(
            {
                "id": f"{task_id}>{number}",
                "name": task.name,
                "args": args,
                "into": step.into,
                "queue": step.priority or task.options.priority,
            }
        )
    return found
