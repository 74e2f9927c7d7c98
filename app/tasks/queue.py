"""The producer's side: take a task in, and look it up."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from app.errors import InvalidTask
from app.ops import metrics
from app.store import Store, keys
from app.tasks.registry import Registry, registry

if TYPE_CHECKING:
    from collections.abc import Mapping

Priority = Literal["high", "normal", "low"]
MAX_BYTES = 256 * 1024
MAX_ID = 200


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """What is known about a task.

    Attributes:
        id: its id.
        name: the function.
        status: queued, running, retrying, done or dead.
        attempts: how often it was started.
        result: what the function returned, once done.
        error: why the last attempt failed.
        enqueued_at: seconds since the epoch.
    """

    id: str
    name: str
    status: str
    attempts: int
    result: Any
    error: str | None
    enqueued_at: float


class Queue:
    """Takes tasks in.

    Args:
        store: where they are kept.
        ttl: seconds a finished task can be looked up.
        tasks: the tasks there are.
    """

    def __init__(self, store: Store, ttl: float, tasks: Registry = registry) -> None:
        self._store = store
        self._ttl = ttl
        self._tasks = tasks

    def enqueue(
        self, name: str, args: Mapping[str, Any], *, priority: Priority = "normal", task_id: str | None = None
    ) -> str:
        """Take a task in, once per id, and return its id. It is on two nodes when this returns.

        Args:
            name: the task function.
            args: its arguments by name.
            priority: high, normal or low.
            task_id: the caller's own id, to enqueue again without doubling; made up when not given.

        Raises:
            UnknownTask, InvalidTask: nothing was enqueued.
            StoreError: it is not certain that it was; enqueue again with the same id.
        """
        checked = json.dumps(self._tasks.get(name).check(args), separators=(",", ":"))
        if len(checked) > MAX_BYTES:
            raise InvalidTask(
                f"the arguments of {name!r} have {len(checked)} bytes, at most {MAX_BYTES}: send a reference"
            )
        if priority not in keys.PRIORITIES:
            raise InvalidTask(f"priority {priority!r} is not one of {', '.join(keys.PRIORITIES)}")
        task_id = task_id or uuid.uuid4().hex
        if len(task_id) > MAX_ID or not task_id.isprintable():
            raise InvalidTask(f"a task id is 1 to {MAX_ID} printable characters, not {len(task_id)}: {task_id[:40]!r}")
        names = [keys.task(task_id), keys.task_stream(priority)]
        new = self._store.run("task_enqueue", names, (task_id, name, checked, priority), repeatable=True, durable=True)
        if new:
            metrics.TASKS_ENQUEUED.labels(name, priority).inc()
        return task_id

    def info(self, task_id: str) -> TaskInfo | None:
        """What is known about a task; None when nothing is.

        Raises:
            StoreError: Redis did not answer.
        """
        found: Any = self._store.redis.hgetall(keys.task(task_id[: MAX_ID + 1]))
        if not found:
            return None
        return TaskInfo(
            id=task_id,
            name=found["name"],
            status=found["status"],
            attempts=int(found["attempts"]),
            result=json.loads(found["result"]) if "result" in found else None,
            error=found.get("error") if found["status"] != "done" else None,
            enqueued_at=int(found["enqueued"]) / 1000,
        )
