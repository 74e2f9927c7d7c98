"""Queue depth and age, read from Redis when somebody scrapes; every process would answer the same, so use max()."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prometheus_client.core import GaugeMetricFamily
from redis.exceptions import ResponseError

from app.ops import metrics
from app.ops.kept import KeptCollector
from app.store import Store, keys

if TYPE_CHECKING:
    from collections.abc import Iterator


class QueueCollector(KeptCollector):
    """The three queue gauges; none while Redis is away, so that an alert sees the gap and not an old number."""

    def read(self, store: Store) -> Iterator[GaugeMetricFamily]:
        """Ask once for everything."""
        state = read_queues(store)
        for (name, meaning), column in (
            (metrics.QUEUE_DEPTH, "waiting"),
            (metrics.QUEUE_AGE, "age"),
            (metrics.QUEUE_RUNNING, "running"),
        ):
            family = GaugeMetricFamily(name, meaning, labels=["priority"])
            for priority, row in state.items():
                if column in row:
                    family.add_metric([priority], row[column])
            yield family


def read_queues(store: Store) -> dict[str, dict[str, float]]:
    """Per priority: tasks waiting, seconds the oldest has waited, tasks running; and the delayed, held and dead ones.

    Raises:
        StoreError: Redis did not answer.
    """
    with store.redis.pipeline(transaction=False, repeatable=True) as pipeline:
        pipeline.time()
        pipeline.zcard(keys.TASK_DELAYED)
        pipeline.xlen(keys.TASK_DEAD)
        for priority in keys.PRIORITIES:
            stream = keys.task_stream(priority)
            pipeline.xlen(stream)
            pipeline.xpending(stream, keys.TASK_GROUP)
            pipeline.xinfo_groups(stream)
        (seconds, micros), delayed, dead, *rest = pipeline.execute(raise_on_error=False)
    now = seconds + micros / 1e6
    state: dict[str, dict[str, float]] = {}
    for index, priority in enumerate(keys.PRIORITIES):
        length, pending, groups = rest[3 * index : 3 * index + 3]
        running = 0 if isinstance(pending, ResponseError) else pending["pending"]
        waiting = max(0, length - running)
        state[priority] = {
            "waiting": waiting,
            "running": running,
            "age": _age(store, priority, groups, now) if waiting else 0.0,
        }
    state["delayed"] = {"waiting": delayed}
    state["held"] = {"waiting": sum(read_held(store).values())}
    state["dead"] = {"waiting": dead}
    return state


def read_held(store: Store) -> dict[str, int]:
    """How many tasks each limit holds back, of those limits that a worker has told of or should tell of.

    Raises:
        StoreError: Redis did not answer.
    """
    limits = sorted({*store.redis.hkeys(keys.TASK_GATES), *store.redis.zrange(keys.TASK_OPENINGS, 0, -1)})
    with store.redis.pipeline(transaction=False, repeatable=True) as pipeline:
        for limit in limits:
            pipeline.zcard(keys.TASK_GATE + limit)
        return dict(zip(limits, pipeline.execute(), strict=True))


def _age(store: Store, priority: str, groups: Any, now: float) -> float:
    """Seconds since the oldest task that no worker was handed came into its stream; entry ids begin with their time."""
    ours = [] if isinstance(groups, ResponseError) else [group for group in groups if group["name"] == keys.TASK_GROUP]
    last = ours[0]["last-delivered-id"] if ours else "0-0"
    oldest = store.redis.xrange(keys.task_stream(priority), f"({last}", count=1)
    if not oldest:
        return 0.0
    return max(0.0, now - int(str(oldest[0][0]).partition("-")[0]) / 1000)
