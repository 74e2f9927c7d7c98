"""Where the tasks are that have not ended, read in pages: a long queue never comes over in one answer.

Redis is read while workers go on: a task that moves meanwhile may be seen twice or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redis.exceptions import ResponseError

from app.store import Store, keys
from app.tasks.delivery import HAND_BACK_IDLE_MS
from app.tasks.envelope import peek

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PAGE = 100  # an envelope may have 256 KiB
RECORD = ("queue", "task", "attempts", "error", "name", "enqueued")
NO_STREAM, NO_GROUP = "no such key", "NOGROUP"


@dataclass(frozen=True, slots=True)
class Row:
    """A task, as lists show it.

    Attributes:
        id: its id.
        name: the function.
        queue: high, normal or low.
        status: waiting, running, delayed, retrying, held or dead.
        since_at: when it came there, seconds since the epoch: into its stream, to the delayed ones, to its limit, to
            the dead letters.
        due_at: when it may run, if that is later.
        attempts: how often it was started.
        worker: who has it; None: nobody, or it was handed back and the next worker takes it.
        silent_seconds: since that worker's last sign of life.
        limit: which one holds it.
        error: why the last attempt failed.
    """

    id: str
    name: str
    queue: str
    status: str
    since_at: float
    due_at: float | None = None
    attempts: int = 0
    worker: str | None = None
    silent_seconds: float | None = None
    limit: str | None = None
    error: str | None = None


def waiting(store: Store, queues: Iterable[str]) -> Iterator[Row]:
    """The tasks of these queues that no worker was handed, the oldest first."""
    for queue in queues:
        start = f"({_last_delivered(store, queue)}"
        while entries := _entries(store, queue, start):
            for entry, fields in entries:
                yield _in_stream(queue, "waiting", entry, fields)
            start = f"({entries[-1][0]}"


def running(store: Store, queues: Iterable[str]) -> Iterator[Row]:
    """The tasks of these queues that a worker has, the oldest first."""
    for queue in queues:
        start = "-"
        while page := _pending(store, queue, start):
            start = f"({page[-1]['message_id']}"
            with store.redis.pipeline(transaction=False) as pipeline:
                for item in page:
                    pipeline.xrange(keys.task_stream(queue), item["message_id"], item["message_id"])
                found = pipeline.execute()
            for item, entries in zip(page, found, strict=True):
                for entry, fields in entries:
                    yield _in_stream(queue, "running", entry, fields, item)


def delayed(store: Store) -> Iterator[Row]:
    """The tasks whose time has not come, the next first."""
    for task_id, score, fields in _members(store, keys.TASK_DELAYED):
        status = "retrying" if int(fields["attempts"] or 0) else "delayed"
        since = int(fields["enqueued"] or score) / 1000
        yield _with_record(task_id, fields, status, since_at=since, due_at=score / 1000)


def held(store: Store, limits: Iterable[str]) -> Iterator[Row]:
    """The tasks that these limits hold back, in the order in which they will be let through."""
    for limit in limits:
        for task_id, _, fields in _members(store, keys.TASK_GATE + limit):
            yield _with_record(task_id, fields, "held", since_at=int(fields["enqueued"] or 0) / 1000, limit=limit)


def _in_stream(queue: str, status: str, entry: str, fields: dict[str, str], item: dict[str, Any] | None = None) -> Row:
    worker, silent, deliveries = None, None, 0
    if item:
        deliveries = item["times_delivered"]
        if item["time_since_delivered"] < HAND_BACK_IDLE_MS:
            worker, silent = item["consumer"], item["time_since_delivered"] / 1000
    return Row(
        id=fields.get("id", "?"),
        name=peek(fields.get("task")).get("name", "?"),
        queue=queue,
        status=status,
        since_at=int(entry.partition("-")[0]) / 1000,
        attempts=int(fields.get("attempts") or 0) + deliveries,
        worker=worker,
        silent_seconds=silent,
    )


def _with_record(task_id: str, fields: dict[str, str | None], status: str, **more: Any) -> Row:
    return Row(
        id=task_id,
        name=fields["name"] or peek(fields["task"]).get("name", "?"),
        queue=fields["queue"] or "?",
        status=status,
        attempts=int(fields["attempts"] or 0),
        error=fields["error"],
        **more,
    )


def _last_delivered(store: Store, queue: str) -> str:
    """The last entry that was handed to a worker; there is no group before the first one comes."""
    try:
        groups = store.redis.xinfo_groups(keys.task_stream(queue))
    except ResponseError as error:
        if NO_STREAM not in str(error):
            raise
        groups = []
    return next((str(group["last-delivered-id"]) for group in groups if group["name"] == keys.TASK_GROUP), "0-0")


def _entries(store: Store, queue: str, start: str) -> Any:
    return store.redis.xrange(keys.task_stream(queue), start, "+", count=PAGE)


def _pending(store: Store, queue: str, start: str) -> list[dict[str, Any]]:
    try:
        found: Any = store.redis.xpending_range(keys.task_stream(queue), keys.TASK_GROUP, start, "+", PAGE)
    except ResponseError as error:
        if NO_GROUP not in str(error):
            raise
        return []
    return list(found)


def _members(store: Store, key: str) -> Iterator[tuple[str, float, dict[str, str | None]]]:
    """The tasks of a sorted set by score, each with its record."""
    start = 0
    while True:
        page: Any = store.redis.zrange(key, start, start + PAGE - 1, withscores=True)
        if not page:
            return
        start += len(page)
        with store.redis.pipeline(transaction=False) as pipeline:
            for task_id, _ in page:
                pipeline.hmget(keys.task(task_id), RECORD)
            records = pipeline.execute()
        for (task_id, score), values in zip(page, records, strict=True):
            yield task_id, score, dict(zip(RECORD, values, strict=True))
