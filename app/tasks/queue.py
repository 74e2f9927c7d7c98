"""The producer's side: take tasks in, look them up, cancel them."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Literal

from app.errors import InvalidTask, QueueFull
from app.ops import metrics
from app.tasks.info import TaskInfo, read_info
from app.tasks.order import Orders
from app.tasks.policy import known_priority
from app.tasks.registry import Registry, registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from app.store import Store
    from app.tasks.envelope import Sealer
    from app.tasks.order import Order
    from app.tasks.step import Step

    Named = str | Callable[..., Any]

Priority = Literal["high", "normal", "low"]
MAX_ID = 200
CHUNK = 500
MOST_WAITING = 1_000_000
LOOK_FIRST, LOOK_LAST = 0.01, 0.25
NEW, FULL = 1, -1


class Queue:
    """Takes tasks in.

    Args:
        store: where they are kept.
        ttl: seconds a finished task can be looked up.
        tasks: the tasks there are.
        sealer: signs envelopes, if they are to be signed.
        most_waiting: tasks that may wait in one queue.
    """

    def __init__(
        self,
        store: Store,
        ttl: float,
        tasks: Registry = registry,
        sealer: Sealer | None = None,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._store = store
        self._ttl_ms = int(ttl * 1000)
        self._tasks = tasks
        self._orders = Orders(tasks, sealer)
        self._most = most_waiting

    def enqueue(  # noqa: PLR0913 - each is a wish of its own
        self,
        task: Named,
        args: Mapping[str, Any] | None = None,
        *,
        priority: Priority | None = None,
        task_id: str | None = None,
        delay: float = 0.0,
        at: datetime | None = None,
        durable: bool | None = None,
        then: Sequence[Step] = (),
    ) -> str:
        """Take a task in, once per id, and return its id: of a unique task that waits or runs already, the id of that.

        Args:
            task: the task function or its name.
            args: its arguments by name.
            priority: high, normal or low; by default the task's own.
            task_id: the caller's own id, to enqueue again without doubling; made up when not given.
            delay: seconds until it may run.
            at: when it may run, with a time zone.
            durable: whether this waits until a replica has the task; by default as the task says.
            then: what is enqueued when it is done, one after the other.

        Raises:
            UnknownTask, InvalidTask: nothing was enqueued.
            QueueFull: too many wait already; nothing was enqueued.
            StoreError: it is not certain that it was; enqueue again with the same id.
        """
        found = self._tasks.get(task)
        task_id = _checked(task_id) if task_id else os.urandom(16).hex()
        queue = known_priority(priority or found.options.priority)
        durable = found.options.durable if durable is None else durable
        brief = None if delay or at or then else self._orders.brief(found, args or {}, task_id)
        if brief:
            (answer,) = self._run("task_enqueue", (queue, self._most, *brief), durable=durable)
            self._note(answer, found.name, queue)
            return task_id
        when = _milliseconds(at) if at else 0
        order = self._orders.make(found, args or {}, task_id, queue, int(delay * 1000), when, then)
        return self._submit(order, found.name, durable=durable)

    def enqueue_many(
        self,
        calls: Iterable[tuple[Named, Mapping[str, Any]]] | Iterable[tuple[Named, Mapping[str, Any], str]],
        *,
        priority: Priority | None = None,
        durable: bool | None = None,
    ) -> list[str]:
        """Take many tasks in, 500 at a time, and return their ids in order.

        Args:
            calls: for each the task and its arguments, and the caller's own id if it has one.
            priority: high, normal or low; by default each task's own.
            durable: whether this waits until a replica has them; by default if one of the tasks says so.

        Raises:
            UnknownTask, InvalidTask: nothing was enqueued.
            QueueFull: too many wait; those before are enqueued. With ids of one's own, all may be enqueued again.
            StoreError: as with :meth:`enqueue`.
        """
        ids: list[str] = []
        plain: dict[tuple[str, bool], list[tuple[str, tuple[str, str, str]]]] = {}
        others: list[tuple[int, str, Order, bool]] = []
        for task, args, *given in calls:
            found = self._tasks.get(task)
            task_id = _checked(given[0]) if given else os.urandom(16).hex()
            ids.append(task_id)
            queue = known_priority(priority or found.options.priority)
            wanted = found.options.durable if durable is None else durable
            brief = self._orders.brief(found, args, task_id)
            if brief:
                plain.setdefault((queue, wanted), []).append((found.name, brief))
            else:
                order = self._orders.make(found, args, task_id, queue)
                others.append((len(ids) - 1, found.name, order, wanted))
        for (queue, wanted), items in plain.items():
            for start in range(0, len(items), CHUNK):
                self._enqueue_chunk(queue, items[start : start + CHUNK], durable=wanted)
        for place, name, order, wanted in others:
            ids[place] = self._submit(order, name, durable=wanted)
        return ids

    def info(self, task_id: str) -> TaskInfo | None:
        """What is known about a task; None when nothing is.

        Raises:
            StoreError: Redis did not answer.
        """
        return read_info(self._store, task_id[: MAX_ID + 1])

    def wait(self, task_id: str, seconds: float) -> TaskInfo | None:
        """Look until the task has ended, or so many seconds; what is known about it then.

        Raises:
            StoreError: Redis did not answer.
        """
        end = time.monotonic() + seconds
        pause = LOOK_FIRST
        while True:
            found = self.info(task_id)
            if found is None or found.ended or time.monotonic() + pause > end:
                return found
            time.sleep(pause)
            pause = min(LOOK_LAST, pause * 1.5)

    def cancel(self, task_id: str) -> str:
        """Keep a task from running; one that runs is told to stop: :class:`~app.errors.TaskCancelled` in its function.

        Returns:
            cancelled; asked, when it runs; the state in which it had ended before; or unknown.

        Raises:
            StoreError: Redis did not answer; cancel again.
        """
        answer: str = self._run("task_cancel", (task_id[: MAX_ID + 1], self._ttl_ms))
        return answer

    def _enqueue_chunk(self, queue: str, items: list[tuple[str, tuple[str, str, str]]], *, durable: bool) -> None:
        args = [part for _, brief in items for part in brief]
        answers = self._run("task_enqueue", (queue, self._most, *args), durable=durable)
        for (name, _), answer in zip(items, answers, strict=True):
            self._note(answer, name, queue)

    def _submit(self, order: Order, name: str, *, durable: bool) -> str:
        """Take one task in that asks for more; its id, or that of the task that has its key."""
        answer, task_id = self._run("task_submit", order.full(self._most), durable=durable)
        self._note(answer, name, order.queue)
        return str(task_id)

    def _run(self, script: str, args: Sequence[Any], *, durable: bool = False) -> Any:
        return self._store.run(script, (), args, repeatable=True, durable=durable)

    def _note(self, answer: int, name: str, queue: str) -> None:
        if answer == NEW:
            metrics.task_enqueued(name, queue)
        elif answer == FULL:  # and none after it is new
            raise QueueFull(
                f"{self._most} tasks wait in the queue {queue!r}, as many as may: start more workers, "
                "find out why they are slow (haven tasks list), or raise HAVEN_TASK_WAITING"
            )


def _checked(task_id: str) -> str:
    if not 0 < len(task_id) <= MAX_ID or not task_id.isprintable():
        raise InvalidTask(f"a task id is 1 to {MAX_ID} printable characters, not {len(task_id)}: {task_id[:40]!r}")
    return task_id


def _milliseconds(at: datetime) -> int:
    if at.tzinfo is None:
        raise InvalidTask(f"at={at}: a time without a zone is another moment on another machine: give it one")
    return int(at.timestamp() * 1000)
