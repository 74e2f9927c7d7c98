"""What an operator asks about the tasks, and does with them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from app.ops.queues import read_held
from app.store import Store, keys
from app.tasks.info import TaskInfo, read_info
from app.tasks.operate import rows
from app.tasks.operate.letters import Filter, Letters
from app.tasks.operate.overview import Overview, Timing, read_overview, read_timings
from app.tasks.queue import Queue
from app.tasks.registry import Registry, registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.tasks.operate.letters import Letter
    from app.tasks.operate.rows import Row

Status = Literal["running", "waiting", "held", "delayed", "dead"]
STATUSES: tuple[Status, ...] = ("running", "waiting", "held", "delayed", "dead")
PURGED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Details:
    """All that is known about one task.

    Attributes:
        info: the task; its status is ``waiting`` for ``queued``.
        due_at: when it may run, if its time has not come; seconds since the epoch.
        limit: which it stands behind, if any.
        cancelling: whether it runs and was told to stop.
        replayable: whether there is a dead letter to run it again from.
    """

    info: TaskInfo
    due_at: float | None = None
    limit: str | None = None
    cancelling: bool = False
    replayable: bool = False

    def as_dict(self) -> dict[str, Any]:
        """As plain data, in one level."""
        more = asdict(self)
        return {**more.pop("info"), **more}


class Ledger:
    """Looks at the tasks of a store and changes their course. Needs none of their code.

    Args:
        store: where they are.
        ttl: seconds a cancelled task can be looked up.
        lease: seconds of silence after which a worker does not count as alive.

    Attributes:
        letters: the dead ones.
    """

    def __init__(self, store: Store, ttl: float, lease: float) -> None:
        self._store = store
        self._ttl_ms = int(ttl * 1000)
        self._lease = lease
        self._queue = Queue(store, ttl, tasks=Registry())
        self.letters = Letters(store)

    def rows(self, status: Status, queue: str | None = None, name: str | None = None) -> Iterator[Row]:
        """The tasks of one status, read as far as the caller looks.

        Args:
            status: which.
            queue: only those of this queue.
            name: only those of this function.

        Raises:
            StoreError: Redis did not answer.
        """
        for row in self._rows(status, queue):
            if queue in {None, row.queue} and name in {None, row.name}:
                yield row

    def find(self, task_id: str) -> Details | None:
        """All that is known about a task; None when nothing is.

        Raises:
            StoreError: Redis did not answer.
        """
        info = read_info(self._store, task_id)
        if info is None or info.status == "dead":
            letter = self.letters.of(task_id)
            if letter:
                return Details(replace(info or _from_letter(letter), args=letter.args), replayable=True)
        if info is None:
            return None
        status = "waiting" if info.status == "queued" else info.status
        due = self._store.redis.zscore(keys.TASK_DELAYED, task_id)
        more: Any = self._store.redis.hmget(keys.task(task_id), ("gate", "cancel"))
        return Details(
            replace(info, status=status),
            due_at=None if due is None else due / 1000,
            limit=more[0],
            cancelling=status == "running" and more[1] is not None,
        )

    def retry(self, task_id: str) -> str:
        """Let a task run now: a delayed one or one that waits for a retry, one that a limit holds, or a dead one.

        Returns:
            waiting or running, also when it was that before; held, when it was dead and a limit holds it now; the state
            in which it ended, of which it can't be called back; or unknown.

        Raises:
            StoreError: Redis did not answer; do it again.
        """
        answer: str = self._store.run("task_now", (), (task_id,), repeatable=True, durable=True)
        let_go = answer == "queued"
        letter = self.letters.of(task_id) if answer in {"dead", "unknown"} else None
        if letter:
            let_go = sum(self.letters.apply("replay", [letter.entry])) > 0
        info = read_info(self._store, task_id)
        if let_go and (info is None or info.ended):
            return "waiting"  # it has ended since
        if info is None:
            return "unknown"
        return "waiting" if info.status == "queued" else info.status

    def cancel(self, task_id: str) -> str:
        """Keep a task from running; see :meth:`app.tasks.Queue.cancel`.

        Raises:
            StoreError: Redis did not answer; cancel again.
        """
        return self._queue.cancel(task_id)

    def purge(self, queue: str) -> Iterator[int]:
        """Throw away what waits in a queue, in steps, until nothing does; those that run go on.

        Yields:
            how many were thrown away in this step.

        Raises:
            StoreError: Redis did not answer; do it again.
        """
        while True:
            args = (queue, PURGED_AT_ONCE, self._ttl_ms)
            gone: int = self._store.run("task_purge", (), args, repeatable=True, durable=True)
            yield gone
            if gone < PURGED_AT_ONCE:
                return

    def pause(self, queue: str) -> None:
        """Let nobody take from a queue; workers notice within about a second. What runs goes on.

        Raises:
            StoreError: Redis did not answer; do it again.
        """
        with self._store.durable(repeatable=True) as pipeline:
            pipeline.sadd(keys.TASK_PAUSED, queue)

    def resume(self, queue: str) -> None:
        """Let workers take from a queue again.

        Raises:
            StoreError: Redis did not answer; do it again.
        """
        with self._store.durable(repeatable=True) as pipeline:
            pipeline.srem(keys.TASK_PAUSED, queue)

    def overview(self) -> Overview:
        """Everything in numbers.

        Raises:
            StoreError: Redis did not answer.
        """
        return read_overview(self._store, self._lease)

    def timings(self, tasks: Registry = registry) -> list[Timing]:
        """The schedules and their ticks.

        Args:
            tasks: whose schedules.

        Raises:
            StoreError: Redis did not answer.
        """
        return read_timings(self._store, tasks)

    def _rows(self, status: Status, queue: str | None) -> Iterator[Row]:
        queues = keys.PRIORITIES if queue is None else (queue,)
        if status == "waiting":
            return rows.waiting(self._store, queues)
        if status == "running":
            return rows.running(self._store, queues)
        if status == "held":
            return rows.held(self._store, read_held(self._store))
        if status == "delayed":
            return rows.delayed(self._store)
        return (letter.row for letter in self.letters.find(Filter(queue=queue)))


def _from_letter(letter: Letter) -> TaskInfo:
    row = letter.row
    return TaskInfo(row.id, row.name, "dead", row.attempts, None, row.error, None, row.queue, finished_at=row.since_at)
