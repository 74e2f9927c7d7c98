"""A task as the scripts take it in: its envelope, and what its options ask for."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from app.errors import UnknownTask
from app.ops import trace
from app.tasks.envelope import Envelope, Sealer
from app.tasks.step import Step, chain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.tasks.registry import Registry, Task


@dataclass(frozen=True, slots=True)
class Order:
    """What is sent to take one task in.

    Attributes:
        task_id: its id.
        text: its envelope.
        signature: of the envelope, or empty.
        queue: where it waits.
        delay: ms until it may run.
        at: ms since the epoch when it may run; the later of the two counts.
        unique: the key that no other waiting or running task may have, or empty.
        gate: the name of its limit, or empty.
    """

    task_id: str
    text: str
    signature: str
    queue: str
    delay: int = 0
    at: int = 0
    unique: str = ""
    gate: str = ""

    def full(self, most_waiting: int) -> tuple[str | int, ...]:
        """The arguments of ``submit``."""
        first = (self.task_id, self.text, self.signature, self.queue, most_waiting)
        return (*first, self.delay, self.at, self.unique, self.gate)


class Orders:
    """Makes orders.

    Args:
        tasks: the tasks there are.
        sealer: signs envelopes, if they are to be signed.
    """

    def __init__(self, tasks: Registry, sealer: Sealer | None = None) -> None:
        self._tasks = tasks
        self._sealer = sealer or Sealer()

    def make(
        self,
        task: Task,
        args: Mapping[str, Any],
        task_id: str,
        queue: str,
        delay: int = 0,
        at: int = 0,
        then: Sequence[Step] = (),
    ) -> Order:
        """An order for a task; see :meth:`app.tasks.Queue.enqueue`.

        Raises:
            InvalidTask: the arguments are wrong or too large.
        """
        steps = chain(then, task_id, self._tasks) if then else ()
        envelope = Envelope(task.name, task.check(args), trace=trace.current(), then=steps)
        return self._seal(task, envelope, Order(task_id, "", "", queue, delay, at))

    def brief(self, task: Task, args: Mapping[str, Any], task_id: str) -> tuple[str, str, str] | None:
        """The arguments of ``task_enqueue`` for a task that asks for nothing else; None for one that does.

        Raises:
            InvalidTask: the arguments are wrong or too large.
        """
        if not task.options.plain:
            return None
        traceparent = trace.current()
        more = {"trace": traceparent} if traceparent else {}
        return task_id, *self._sealer.pack_json(task.name, task.check_json(args), more)

    def following(self, envelope: Envelope, result: Any) -> list[Order]:
        """The order for the next step of a chain, whose result is known now; none at its end.

        Raises:
            InvalidTask: it is too large with that result.
        """
        if not envelope.then:
            return []
        step, *rest = envelope.then
        args = dict(step["args"])
        if step["into"]:
            args[step["into"]] = result
        following = Envelope(step["name"], args, trace=envelope.trace, then=rest)
        place = Order(step["id"], "", "", step["queue"])
        try:
            task = self._tasks.get(step["name"])
        except UnknownTask:  # in a rollout: a newer worker knows it
            text, signature = self._sealer.pack(following)
            return [replace(place, text=text, signature=signature)]
        return [self._seal(task, following, place)]

    def _seal(self, task: Task, envelope: Envelope, place: Order) -> Order:
        """The order for a place with what the task's options ask for."""
        options = task.options
        unique = _key(task, envelope.args) if options.unique else ""
        gate = task.name if options.limit else ""
        if options.expires is not None:
            begins = max(int(time.time() * 1000) + place.delay, place.at)
            envelope = replace(envelope, expires=begins + int(options.expires * 1000))
        if unique or gate:
            envelope = replace(envelope, holds=True)
        text, signature = self._sealer.pack(envelope)
        return Order(place.task_id, text, signature, place.queue, place.delay, place.at, unique, gate)


def _key(task: Task, args: Mapping[str, Any]) -> str:
    """What makes a task unique: its name and arguments, or what the task's own function makes of these."""
    made = task.options.unique
    told = made(**args) if callable(made) else {name: args[name] for name in sorted(args)}
    return f"{task.name}:{hashlib.sha256(to_json(told)).hexdigest()[:32]}"
