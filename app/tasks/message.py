"""What a worker and Redis say to each other about a task: that it is handed out, how it ended, what a sweep found."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.tasks.order import Order

Outcome = Literal["done", "retry", "dead", "cancelled", "expired"]


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """A task handed to this worker.

    Attributes:
        queue: from which stream.
        entry: the stream entry that carries it; the time of its id is when it was put there.
        task_id: which task.
        text: its envelope.
        signature: of the envelope, or empty.
        attempt: which attempt it would be, counted from 1.
        since: monotonic seconds when it came.
    """

    queue: str
    entry: str
    task_id: str
    text: str
    signature: str
    attempt: int
    since: float = field(default_factory=time.monotonic)

    @property
    def put_ms(self) -> int:
        """When it was put into its stream, ms since the epoch by the server's clock."""
        return int(self.entry.partition("-")[0])


@dataclass(frozen=True, slots=True)
class Settlement:
    """How an attempt ended.

    Attributes:
        delivery: which.
        outcome: how.
        name: the task's.
        detail: the result as JSON, or the error.
        delay: ms until a retry.
        keep: ms that the record is kept; None as usual.
        following: what is taken in in the same step.
        plain: whether it is simply done: nothing to give back, nothing follows.
    """

    delivery: Delivery
    outcome: Outcome
    name: str
    detail: str
    delay: int = 0
    keep: int | None = None
    following: Sequence[Order] = ()
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found.

    Attributes:
        now_ms: the server's time, ms since the epoch.
        moved: delayed tasks that were due.
        late: seconds that the first of them was late.
        next_due: seconds until the next one is due; None: there is none.
        dead: ids of tasks that had too many deliveries.
        taken: tasks of workers that have been silent for a lease.
    """

    now_ms: int
    moved: int
    late: float
    next_due: float | None
    dead: list[str]
    taken: list[Delivery]
