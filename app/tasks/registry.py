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

    def task(self, *, attempts: int = 5) -> Callable[[Function], Function]:
        """Make a function a task, under its own name.

        Args:
            attempts: how often it is tried when it raises, 1 or more.
        """

        def register(function: Function) -> Function:
            fields: dict[str, Any] = {
                name: (parameter.annotation, ... if parameter.default is parameter.empty else parameter.default)
                for name, parameter in inspect.signature(function, eval_str=True).parameters.items()
            }
            model = create_model(f"{function.__name__}_arguments", __config__=ConfigDict(extra="forbid"), **fields)
            self._tasks[function.__name__] = Task(function.__name__, function, model, attempts)
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
