from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from redis.exceptions import ResponseError

from app.store import keys
from tests.integration.helpers import until
from tests.integration.queueing import ALL, enqueue, info, is_forgotten, started, take_one

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.store import Store
    from app.tasks import Queue
    from app.tasks.delivery import Deliveries


def test_a_task_is_taken_started_and_finished(queue: Queue, store: Store, worker: Callable[[], Deliveries]) -> None:
    (task_id,) = enqueue(queue)
    mine = worker()
    delivery = take_one(mine)
    assert delivery.task_id == task_id
    attempt = started(mine, delivery)
    assert (attempt.number, attempt.name, attempt.args) == (1, "note", {"text": "0"})
    assert 0 <= attempt.waited < 10
    assert info(queue, task_id).status == "running"
    assert mine.finish(delivery, "done", '{"a":1}')
    assert (info(queue, task_id).status, info(queue, task_id).result) == ("done", {"a": 1})
    assert 0 < store.redis.ttl(keys.task(task_id)) <= 60
    assert is_forgotten(store)
    assert mine.take(1, ALL, 10) == []


def test_joining_again_does_no_harm_and_tasks_from_before_are_there(
    queue: Queue, worker: Callable[[], Deliveries]
) -> None:
    enqueue(queue, 3)
    mine = worker()
    mine.join()
    assert len(mine.take(5, ALL, 10)) == 3


def test_priorities_are_served_in_the_order_asked_for(queue: Queue, worker: Callable[[], Deliveries]) -> None:
    for priority in ("low", "normal", "high"):
        enqueue(queue, 2, priority=priority)
    mine = worker()
    assert [item.priority for item in mine.take(5, ALL, 10)] == ["high", "high", "normal", "normal", "low"]
    enqueue(queue, 1, priority="high")
    assert [item.priority for item in mine.take(5, ("low", "high", "normal"), 10)] == ["low", "high"]


def test_two_workers_never_get_the_same_task(queue: Queue, worker: Callable[[], Deliveries]) -> None:
    ids = enqueue(queue, 20)
    one, two = worker(), worker()
    taken = [item.task_id for _ in range(5) for mine in (one, two) for item in mine.take(2, ALL, 10)]
    assert sorted(taken) == sorted(ids)


def test_waiting_ends_when_a_task_comes_or_the_time_is_over(queue: Queue, worker: Callable[[], Deliveries]) -> None:
    mine = worker()
    began = time.monotonic()
    assert mine.take(1, ALL, 100) == []
    assert 0.08 < time.monotonic() - began < 2
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(mine.take, 1, ALL, 5000)
        time.sleep(0.1)
        began = time.monotonic()
        (task_id,) = enqueue(queue, 1, priority="low")
        assert [item.task_id for item in waiting.result()] == [task_id]
    assert time.monotonic() - began < 2


def test_own_finds_what_was_handed_over_by_a_reply_that_was_lost(
    queue: Queue, store: Store, worker: Callable[[], Deliveries]
) -> None:
    ids = enqueue(queue, 3)
    mine, other = worker(), worker()
    store.redis.xreadgroup(keys.TASK_GROUP, mine.consumer, {keys.task_stream("normal"): ">"}, count=3)
    assert other.own() == []
    assert [item.task_id for item in mine.own()] == ids
    assert [item.task_id for item in mine.own()] == ids, "until they are finished"


def test_steps_that_are_repeated_count_once(queue: Queue, store: Store, worker: Callable[[], Deliveries]) -> None:
    (task_id,) = enqueue(queue)
    mine = worker()
    delivery = take_one(mine)
    assert [started(mine, delivery).number for _ in range(3)] == [1, 1, 1]
    assert all(mine.finish(delivery, "retry", "why", 0) for _ in range(3))
    assert store.redis.zcard(keys.TASK_DELAYED) == 1
    assert [mine.move_due() for _ in range(3)] == [1, 0, 0]
    again = take_one(mine)
    assert started(mine, again).number == 2
    assert not mine.finish(delivery, "done", '"old"'), "the first attempt is over"
    assert all(mine.finish(again, "dead", "why") for _ in range(3))
    assert store.redis.xlen(keys.TASK_DEAD) == 1
    assert mine.start(again) == "gone"
    assert info(queue, task_id).error == "why"


def test_a_retry_waits_for_its_time_in_its_priority(
    queue: Queue, store: Store, worker: Callable[[], Deliveries]
) -> None:
    (task_id,) = enqueue(queue, 1, priority="low")
    mine = worker()
    delivery = take_one(mine)
    started(mine, delivery)
    mine.finish(delivery, "retry", "LookupError: why", 0.2)
    assert (info(queue, task_id).status, info(queue, task_id).error) == ("retrying", "LookupError: why")
    assert is_forgotten(store)
    assert mine.move_due() == 0
    until(mine.move_due)
    assert take_one(mine).priority == "low"


def test_due_tasks_are_moved_in_bounded_batches_and_foreign_ones_dropped(
    queue: Queue, store: Store, worker: Callable[[], Deliveries]
) -> None:
    ids = enqueue(queue, 150)
    store.redis.delete(keys.task_stream("normal"))
    store.redis.zadd(keys.TASK_DELAYED, {f"normal:{task_id}": 1 for task_id in ids} | {"what is this": 0})
    mine = worker()
    assert [mine.move_due() for _ in range(3)] == [100, 51, 0]
    assert sorted(item.task_id for item in mine.take(200, ALL, 10)) == sorted(ids)


def test_whoever_leaves_is_forgotten_with_the_long_dead_unless_something_is_pending(
    queue: Queue, store: Store, worker: Callable[[], Deliveries]
) -> None:
    enqueue(queue, 2)
    leaving, holding, watching = worker(), worker(), worker()
    delivery = take_one(leaving)
    started(leaving, delivery)
    leaving.finish(delivery, "done", "1")
    take_one(holding)
    watching.take(1, ALL, 10)
    for one in (leaving, holding):
        one.leave()

    def known() -> set[str]:
        return {one["name"] for one in store.redis.xinfo_consumers(keys.task_stream("normal"), keys.TASK_GROUP)}

    assert known() == {holding.consumer, watching.consumer}


def test_an_entry_without_its_record_or_its_id_is_dropped(
    queue: Queue, store: Store, worker: Callable[[], Deliveries]
) -> None:
    (task_id,) = enqueue(queue)
    store.redis.delete(keys.task(task_id))
    store.redis.xadd(keys.task_stream("normal"), {"what": "is this"})
    mine = worker()
    (delivery,) = mine.take(5, ALL, 10)
    assert mine.start(delivery) == "gone"
    assert mine.take(5, ALL, 10) == []


def test_a_group_that_is_gone_is_an_error_until_the_worker_joins_again(
    queue: Queue, store: Store, worker: Callable[[], Deliveries]
) -> None:
    mine = worker()
    store.redis.flushall()
    (task_id,) = enqueue(queue)
    with pytest.raises(ResponseError, match="NOGROUP"):
        mine.take(1, ALL, 10)
    mine.join()
    assert take_one(mine).task_id == task_id
