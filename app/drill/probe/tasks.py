"""Tasks of a drill: enqueued by the probe, run by the workers, which write down each run in a place of its own."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from app.drill.marks import MARK
from app.store import keys

if TYPE_CHECKING:
    from app.store import Store
    from app.tasks import Queue

WORK: Final = 0.1
_TRIAL: Final = 10**9  # no task of a drill counts so far
_LOOK: Final = 0.5


class Tasks:
    """Numbered tasks.

    Args:
        store: where the workers write down what they ran.
        queue: where they go.
        run: tells this drill's tasks from another's.
    """

    def __init__(self, store: Store, queue: Queue, run: str) -> None:
        self._store = store
        self._queue = queue
        self._run = run
        self.acknowledged: list[int] = []

    def do(self, number: int) -> None:
        """Enqueue one.

        Raises:
            StoreError, TaskError: it was not acknowledged.
        """
        task_id = f"drill-{self._run}-{number}"
        self._queue.enqueue(MARK, {"run": self._run, "number": number, "seconds": WORK}, task_id=task_id)
        self.acknowledged.append(number)

    def are_run(self, patience: float) -> bool:
        """Whether a worker runs one that is enqueued now, within so many seconds. It leaves nothing in the book.

        Raises:
            StoreError, TaskError: it was not acknowledged, or Redis did not answer.
        """
        self.do(_TRIAL)
        end = time.monotonic() + patience
        try:
            while not self.ran():
                if time.monotonic() > end:
                    return False
                time.sleep(_LOOK / 5)
        finally:
            self.remove()
            self.acknowledged.clear()
        return True

    def ran(self) -> dict[int, list[float]]:
        """When each was run, seconds since 1970 by the workers' clocks.

        Raises:
            StoreError: Redis did not answer.
        """
        found: Any = self._store.redis.zrange(keys.drill_ran(self._run), 0, -1, withscores=True)
        runs: dict[int, list[float]] = {}
        for member, score in found:
            runs.setdefault(int(str(member).partition(":")[0]), []).append(float(score))
        return runs

    def await_all(self, patience: float) -> dict[int, list[float]]:
        """The same, once every acknowledged one was run, or the patience is over.

        Raises:
            StoreError: Redis did not answer.
        """
        end = time.monotonic() + patience
        while True:
            runs = self.ran()
            if runs.keys() >= set(self.acknowledged) or time.monotonic() > end:
                return runs
            time.sleep(_LOOK)

    def remove(self) -> None:
        """Remove the book.

        Raises:
            StoreError: Redis did not answer.
        """
        self._store.redis.unlink(keys.drill_ran(self._run))


def longest_gap(runs: dict[int, list[float]]) -> float:
    """The longest time in which none was run; infinite if at most one was."""
    moments = sorted(moment for each in runs.values() for moment in each)
    return max((after - before for before, after in pairwise(moments)), default=float("inf"))
