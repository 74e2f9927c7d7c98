"""Task functions by name, with their arguments checked before anything is enqueued."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from app.errors import InvalidTask, UnknownTask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Function = Callable[..., Any]

ATTEMPTS = 5
BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@dataclass(frozen=True, slots=True)
class Task:
    """A function that a worker can run.

    Attributes:
        name: as in ``enqueue(name, …)``.
        function: what runs; it returns something JSON can say.
        arguments: the model its arguments must fit.
        attempts: how often it is tried when it raises.
    """

    name: str
    function: Function
    arguments: type[BaseModel]
    attempts: int

    def check(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments as the function takes them.

        Raises:
            InvalidTask: naming every argument that is wrong.
        """
        try:
            return self.arguments.model_validate(args).model_dump(mode="json")
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
            raise InvalidTask(f"task {self.name!r} does not take these arguments: {wrong}") from None


class Registry:
    """The tasks that can be enqueued and run."""

    def __init__(self) -> None:
        self._tasks: dict[str, Task] = {}

    def task(self, *, attempts: int = ATTEMPTS) -> Callable[[Function], Function]:
        """Make a function a task, under its own name.

        Args:
            attempts: how often it is tried when it raises, 1 or more.

        Raises:
            ValueError: there is a task of that name, or fewer than one attempt.
            TypeError: a parameter of the function can't be given by name, or has no type to check it by.
        """
        if attempts < 1:
            raise ValueError(f"attempts={attempts}: a task is tried at least once")

        def register(function: Function) -> Function:
            task_name = function.__name__
            if task_name in self._tasks:
                raise ValueError(f"there is a task called {task_name!r} already: choose another name")
            fields: dict[str, Any] = {}
            for name, parameter in inspect.signature(function, eval_str=True).parameters.items():
                if parameter.kind not in BY_NAME or parameter.annotation is parameter.empty:
                    raise TypeError(f"task {task_name!r}: {parameter} must be passed by name and have a type")
                fields[name] = (
                    parameter.annotation,
                    ... if parameter.default is parameter.empty else parameter.default,
                )
            model = create_model(f"{task_name}_arguments", __config__=ConfigDict(extra="forbid"), **fields)
            self._tasks[task_name] = Task(task_name, function, model, attempts)
            return function

        return register

    def get(self, name: str) -> Task:
        """The task of that name.

        Raises:
            UnknownTask: there is none.
        """
        try:
            return self._tasks[name]
        except KeyError:
            known = ", ".join(sorted(self._tasks)) or "none"
            raise UnknownTask(f"no task is called {name!r}; known: {known}") from None


registry = Registry()
task = registry.task
