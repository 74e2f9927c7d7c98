"""What is known about a task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from app.tasks.envelope import peek

if TYPE_CHECKING:
    from app.store import Store

ENDED = frozenset({"done", "dead", "cancelled", "expired"})


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """What is known about a task.

    Attributes:
        id: its id.
        name: the function.
        status: queued, running, delayed, retrying, held (by a limit), done, dead, cancelled or expired.
        attempts: how often it was started.
        result: what the function returned, once done.
        error: why the last attempt failed.
        enqueued_at: seconds since the epoch; None once it has ended.
        queue: high, normal or low.
        worker: who has it, or ended it.
        args: its arguments, until it has ended.
        finished_at: seconds since the epoch, once it has ended.
    """

    id: str
    name: str
    status: str
    attempts: int
    result: Any
    error: str | None
    enqueued_at: float | None
    queue: str
    worker: str | None = None
    args: Any = None
    finished_at: float | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it by itself."""
        return self.status in ENDED


def read_info(store: Store, task_id: str) -> TaskInfo | None:
    """What is known about a task; None when nothing is.

    Raises:
        StoreError: Redis did not answer.
    """
    answer = store.run("task_show", (), (task_id,), repeatable=True)
    record, entry = _pairs(answer[0]), _pairs(answer[1])
    if not record:
        return None
    pending = [*answer[2], None, None, None]
    queue, _, entry_id = record.get("place", "").partition(" ")
    state = record.get("state", "queued")
    envelope = peek(record.get("task") or entry.get("task"))  # what can't be read has no name; a worker will say so
    attempts = int(record.get("attempts") or entry.get("attempts") or 0)
    if state == "queued":
        attempts = int(entry.get("attempts") or 0) + int(pending[2] or 0)
        state = "running" if pending[0] else "queued"
    elif state == "delayed" and attempts:
        state = "retrying"
    enqueued = record.get("enqueued") or entry_id.partition("-")[0]
    return TaskInfo(
        id=task_id,
        name=record.get("name") or envelope.get("name", "?"),
        status=state,
        attempts=attempts,
        result=from_json(record["result"]) if "result" in record and state == "done" else None,
        error=record.get("error") if state != "done" else None,
        enqueued_at=int(enqueued) / 1000 if enqueued else None,
        queue=record.get("queue") or queue,
        worker=pending[0] or record.get("by"),
        args=envelope.get("args"),
        finished_at=int(record["finished"]) / 1000 if "finished" in record else None,
    )


def _pairs(flat: list[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))
