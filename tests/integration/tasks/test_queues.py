from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from app.errors import StoreError
from app.ops.queues import QueueCollector, read_queues
from app.store import keys
from app.tasks import Queue, Registry
from app.tasks.delivery import Deliveries
from tests.integration.tasks.queueing import end, take

if TYPE_CHECKING:
    from app.local import RedisServer
    from app.store import Store

EMPTY = {"waiting": 0, "running": 0, "age": 0.0}


@pytest.fixture
def queue(store: Store) -> Queue:
    tasks = Registry()

    @tasks.task()
    def note() -> None:
        """Nothing."""

    return Queue(store, ttl=60, tasks=tasks)


@pytest.fixture
def deliveries(store: Store) -> Deliveries:
    return Deliveries(store, lease=30, most_deliveries=3, ttl=60)


def test_nothing_at_all_is_zero(store: Store, deliveries: Deliveries) -> None:
    expected = {
        "high": EMPTY,
        "normal": EMPTY,
        "low": EMPTY,
        "delayed": {"waiting": 0},
        "held": {"waiting": 0},
        "dead": {"waiting": 0},
    }
    assert read_queues(store) == expected
    deliveries.join()
    assert read_queues(store) == expected


def test_waiting_running_delayed_and_dead_are_told_apart(store: Store, queue: Queue, deliveries: Deliveries) -> None:
    for _ in range(6):
        queue.enqueue("note", {}, priority="low")
    queue.enqueue("note", {}, priority="high")
    assert (read_queues(store)["low"]["waiting"], read_queues(store)["high"]["waiting"]) == (6, 1)
    deliveries.join()
    taken = take(deliveries, 5)
    for delivery, outcome in zip(taken[:3], ("done", "retry", "dead"), strict=True):
        end(deliveries, delivery, outcome, delay=60_000)  # type: ignore[arg-type]
    state = read_queues(store)
    assert (state["low"]["waiting"], state["low"]["running"]) == (2, 2)
    assert state["high"] == state["normal"] == EMPTY
    assert state["delayed"] == state["dead"] == {"waiting": 1}


def test_age_is_that_of_the_oldest_task_nobody_has_taken(store: Store, queue: Queue, deliveries: Deliveries) -> None:
    deliveries.join()
    queue.enqueue("note", {})
    time.sleep(0.3)
    queue.enqueue("note", {})
    assert 0.3 <= read_queues(store)["normal"]["age"] < 5
    take(deliveries, 1)
    assert read_queues(store)["normal"]["age"] < 0.3, "what runs does not wait"
    take(deliveries, 1)
    assert read_queues(store)["normal"] == EMPTY | {"running": 2}


def test_another_group_on_the_stream_changes_nothing(store: Store, queue: Queue, deliveries: Deliveries) -> None:
    deliveries.join()
    queue.enqueue("note", {})
    store.redis.xgroup_create(keys.task_stream("normal"), "a-watcher", "$")
    time.sleep(0.05)
    assert read_queues(store)["normal"]["age"] > 0.04


def test_the_gauges_have_a_value_per_priority(store: Store, queue: Queue) -> None:
    queue.enqueue("note", {}, priority="high")
    found = {
        (sample.name, sample.labels["priority"]): sample.value
        for family in QueueCollector(store).collect()
        for sample in family.samples
    }
    assert found["haven_task_queue_depth_tasks", "high"] == 1
    assert found["haven_task_queue_depth_tasks", "dead"] == 0
    assert found["haven_task_queue_age_seconds", "normal"] == 0
    assert found["haven_task_running_tasks", "low"] == 0
    assert len(found) == 12


def test_while_redis_is_away_there_is_a_gap_and_no_old_number(store: Store, server: RedisServer) -> None:
    server.node.kill()
    began = time.monotonic()
    assert list(QueueCollector(store).collect()) == []
    assert time.monotonic() - began < 2
    with pytest.raises(StoreError):
        read_queues(store)
