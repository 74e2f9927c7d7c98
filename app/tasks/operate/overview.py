"""The tasks at a glance: how long the queues are, who is there to work, what the clock will enqueue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.ops.queues import read_held, read_queues
from app.store import Store, keys

if TYPE_CHECKING:
    from app.tasks.registry import Registry


@dataclass(frozen=True, slots=True)
class QueueState:
    """One queue.

    Attributes:
        queue: high, normal or low.
        waiting: tasks that no worker was handed.
        running: tasks that one was.
        oldest_seconds: how long the oldest waiting one has waited; None: none waits.
        paused: whether nobody takes from it.
    """

    queue: str
    waiting: int
    running: int
    oldest_seconds: float | None
    paused: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that has not ended, in numbers.

    Attributes:
        queues: the most urgent first.
        delayed: tasks whose time has not come, retries among them.
        held: by limit, how many it holds back.
        dead: letters.
        workers: those alive, with the seconds since their last sign of life.
    """

    queues: list[QueueState]
    delayed: int
    held: dict[str, int]
    dead: int
    workers: dict[str, float]


@dataclass(frozen=True, slots=True)
class Timing:
    """A schedule and its ticks.

    Attributes:
        name: of the schedule.
        cron: its five fields; None: a worker has it, this code has not.
        zone: their time zone.
        task: the function.
        missed: what happens with missed ticks.
        last_at: the last tick that is accounted for, seconds since the epoch; at first, when a worker saw it.
        next_at: the next tick, seconds since the epoch.
    """

    name: str
    cron: str | None
    zone: str | None
    task: str | None
    missed: str | None
    last_at: float | None
    next_at: float | None


def read_overview(store: Store, lease: float) -> Overview:
    """Look at everything.

    Args:
        store: where it is.
        lease: seconds of silence after which a worker does not count as alive.

    Raises:
        StoreError: Redis did not answer.
    """
    state = read_queues(store)
    with store.redis.pipeline(transaction=False) as pipeline:
        pipeline.time()
        pipeline.smembers(keys.TASK_PAUSED)
        pipeline.zrange(keys.TASK_WORKERS, 0, -1, withscores=True)
        (seconds, micros), paused, workers = pipeline.execute()
    silent = {name: max(0.0, seconds + micros / 1e6 - seen / 1000) for name, seen in workers}
    queues = []
    for queue in keys.PRIORITIES:
        found = state[queue]
        count = int(found["waiting"])
        oldest = found["age"] if count else None
        queues.append(QueueState(queue, count, int(found["running"]), oldest, queue in paused))
    return Overview(
        queues=queues,
        delayed=int(state["delayed"]["waiting"]),
        held=read_held(store),
        dead=int(state["dead"]["waiting"]),
        workers={name: since for name, since in sorted(silent.items()) if since <= lease},
    )


def read_timings(store: Store, tasks: Registry) -> list[Timing]:
    """The schedules of this code, and those that only workers know.

    Raises:
        StoreError: Redis did not answer.
    """
    seconds, _ = store.redis.time()
    accounted: Any = store.redis.hgetall(keys.TASK_SCHEDULE)
    last = {name: int(tick) / 1000 for name, tick in accounted.items()}
    found = [
        Timing(
            name=name,
            cron=schedule.cron,
            zone=schedule.zone,
            task=schedule.task,
            missed=schedule.missed,
            last_at=last.pop(name, None),
            next_at=schedule.following(seconds * 1000) / 1000,
        )
        for name, schedule in sorted(tasks.schedules.items())
    ]
    return found + [Timing(name, None, None, None, None, tick, None) for name, tick in sorted(last.items())]
