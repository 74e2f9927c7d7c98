"""Task functions by name, with their arguments checked before anything is enqueued."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from app.errors import InvalidTask, UnknownTask
from app.tasks.envelope import say
from app.tasks.policy import Options, known_priority
from app.tasks.schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Function = Callable[..., Any]

BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
OPTIONS = frozenset(field.name for field in fields(Options))


@dataclass(frozen=True, slots=True)
class Task:
    """A function that a worker can run.

    Attributes:
        name: as in ``enqueue(name, …)``.
        function: what runs; it returns something JSON can say.
        arguments: the model its arguments must fit.
        options: how it is treated.
    """

    name: str
    function: Function
    arguments: type[BaseModel]
    options: Options

    def check(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments as JSON has them, completed.

        Raises:
            InvalidTask: naming every argument that is wrong.
        """
        validator, serializer = self.arguments.__pydantic_validator__, self.arguments.__pydantic_serializer__
        try:
            found: dict[str, Any] = serializer.to_python(validator.validate_python(args), mode="json")
        except ValidationError as error:
            raise self._invalid(error) from None
        return found

    def check_json(self, args: Mapping[str, Any]) -> bytes:
        """The arguments as JSON, completed.

        Raises:
            InvalidTask: naming every argument that is wrong.
        """
        try:
            return say(self.name, self.arguments.__pydantic_validator__.validate_python(args))
        except ValidationError as error:
            raise self._invalid(error) from None

    def run(self, args: Mapping[str, Any]) -> Any:
        """Call the function with arguments that JSON had.

        Raises:
            InvalidTask: they do not fit any more: the function has changed since they were enqueued.
        """
        try:
            checked = self.arguments.__pydantic_validator__.validate_python(args)
        except ValidationError as error:
            raise self._invalid(error) from None
        return self.function(**checked.__dict__)

    def _invalid(self, error: ValidationError) -> InvalidTask:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        return InvalidTask(f"task {self.name!r} does not take these arguments: {wrong}")


class Registry:
    """The tasks that can be enqueued and run, and those that the clock enqueues.

    Attributes:
        schedules: by name.
    """

    def __init__(self) -> None:
        self._tasks: dict[str, Task] = {}
        self.schedules: dict[str, Schedule] = {}

    def task(self, **options: Any) -> Callable[[Function], Function]:
        """Make a function a task, under its own name.

        Args:
            options: see :class:`~app.tasks.policy.Options`.

        Raises:
            ValueError: there is a task of that name, or an option has a value that makes no sense.
            TypeError: there is no such option, or a parameter of the function can't be given by name, or has no type to
                check it by.
        """
        unknown = ", ".join(sorted(options.keys() - OPTIONS))
        if unknown:
            raise TypeError(f"no option of a task is called {unknown}; known: {', '.join(sorted(OPTIONS))}")
        chosen = Options(**options)
        if chosen.attempts < 1:
            raise ValueError(f"attempts={chosen.attempts}: a task is tried at least once")
        known_priority(chosen.priority)

        def register(function: Function) -> Function:
            task_name = function.__name__
            if task_name in self._tasks:
                raise ValueError(f"there is a task called {task_name!r} already: choose another name")
            found: dict[str, Any] = {}
            for name, parameter in inspect.signature(function, eval_str=True).parameters.items():
                if parameter.kind not in BY_NAME or parameter.annotation is parameter.empty:
                    raise TypeError(f"task {task_name!r}: {parameter} must be passed by name and have a type")
                default = ... if parameter.default is parameter.empty else parameter.default
                found[name] = (parameter.annotation, default)
            model = create_model(f"{task_name}_arguments", __config__=ConfigDict(extra="forbid"), **found)
            self._tasks[task_name] = Task(task_name, function, model, chosen)
            return function

        return register

    def schedule(
        self, cron: str, task: str | Function, args: Mapping[str, Any] | None = None, **options: Any
    ) -> Schedule:
        """Let the clock enqueue a task.

        Args:
            cron: five fields: minute, hour, day of month, month, day of week.
            task: which, registered before.
            args: its arguments.
            options: name, zone, missed; see :class:`~app.tasks.schedule.Schedule`.

        Raises:
            UnknownTask, InvalidTask: it could not be enqueued.
            ValueError: the times make no sense, or there is a schedule of that name.
        """
        found = self.get(task)
        made = Schedule(cron, found.name, found.check(args or {}), **options)
        if made.name in self.schedules:
            raise ValueError(f"there is a schedule called {made.name!r} already: give name=…")
        self.schedules[made.name] = made
        return made

    def get(self, task: str | Function) -> Task:
        """The task of that name, or made from that function.

        Raises:
            UnknownTask: there is none.
        """
        name = task if isinstance(task, str) else task.__name__
        try:
            return self._tasks[name]
        except KeyError:
            known = ", ".join(sorted(self._tasks)) or "none"
            raise UnknownTask(
                f"no task is called {name!r}; known: {known}. Is its module in HAVEN_TASK_MODULES?"
            ) from None

    def is_quick(self, name: str) -> bool:
        """Whether a task is known here as one for which speed counts more than running once: it is not durable."""
        found = self._tasks.get(name)
        return found is not None and not found.options.durable

    def limits(self) -> dict[str, str]:
        """The limits of the tasks that have some, as the scripts read them."""
        return {name: task.options.limit.spec() for name, task in self._tasks.items() if task.options.limit}


registry = Registry()
task = registry.task
schedule = registry.schedule
