from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from redis.exceptions import ResponseError

from app.store import keys
from tests.integration.helpers import until
from tests.integration.tasks.queueing import (
    ALL,
    done,
    end,
    enqueue,
    info,
    is_forgotten,
    move_due,
    take,
    take_one,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.store import Store
    from app.tasks import Queue
    from app.tasks.delivery import Deliveries


def test_a_task_is_taken_and_ended(queue: Queue, store: Store, worker: Callable[[], Deliveries]) -> None:
    (task_id,) = enqueue(queue)
    mine = worker()
    delivery = take_one(mine)
    assert (delivery.task_id, delivery.queue, delivery.attempt) == (task_id, "normal", 1)
    assert json.loads(delivery.text) == {"v": 1, "name": "note", "args": {"text": "0"}}
    found = info(queue, task_id)
    assert (found.status, found.worker, found.attempts) == ("running", mine.consumer, 1)
    assert done(mine, delivery, result='{"a":1}') == [True]
    found = info(queue, task_id)
    assert (found.status, found.result, found.name, found.worker) == ("done", {"a": 1}, "note", mine.consumer)
    assert 0 < store.redis.ttl(keys.task(task_id)) <= 60
    assert is_forgotten(store)
    assert take(mine, 1) == []


def test_one_step_ends_many_and_takes_many(queue: Queue, worker: Callable[[], Deliveries]) -> None:
    ids = enqueue(queue, 12)
    mine = worker()
    first = take(mine, 5)
    assert done(mine, *first) == [True] * 5
    assert [info(queue, task_id).status for task_id in ids] == ["done"] * 5 + ["queued"] * 7
    assert [item.task_id for item in take(mine, 50)] == ids[5:]


def test_joining_again_does_no_harm_and_tasks_from_before_are_there(
    queue: Queue, worker: Callable[[], Deliveries]
) -> None:
    enqueue(queue, 3)
    mine = worker()
    mine.join()
    assert len(take(mine, 5)) == 3


def test_priorities_are_served_in_the_order_asked_for(queue: Queue, worker: Callable[[], Deliveries]) -> None:
    for priority in ("low", "normal", "high"):
        enqueue(queue, 2, priority=priority)
    mine = worker()
    assert [item.queue for item in take(mine, 5)] == ["high", "high", "normal", "normal", "low"]
    enqueue(queue, 1, priority="high")
    assert [item.queue for item in take(mine, 5, ("low", "high", "normal"))] == ["low", "high"]
    enqueue(queue, 1, priority="high")
    assert take(mine, 5, ("low",)) == [], "it takes from those that it was told"


def test_two_workers_never_get_the_same_task(queue: Queue, worker: Callable[[], Deliveries]) -> None:
    ids = enqueue(queue, 20)
    one, two = worker(), worker()
    taken = [item.task_id for _ in range(5) for mine in (one, two) for item in take(mine, 2)]
    assert sorted(taken) == sorted(ids)


def test_waiting_ends_when_a_task_comes_or_the_time_is_over(queue: Queue, worker: Callable[[], Deliveries]) -> None:
    mine = worker()
    began = time.monotonic()
    assert mine.wait(ALL, 100) == []
    assert 0.08 < time.monotonic() - began < 2
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(mine.wait, ALL, 5000)
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
    assert other.own(ALL) == []
    assert [item.task_id for item in mine.own(ALL)] == ids
    assert [item.task_id for item in mine.own(ALL)] == ids, "until they are ended"


def test_ends_that_are_told_again_count_once(queue: Queue, store: Store, worker: Callable[[], Deliveries]) -> None:
    (task_id,) = enqueue(queue)
    mine = worker()
    first = take_one(mine)
    assert all(end(mine, first, "retry", "why") for _ in range(3))
    assert store.redis.zcard(keys.TASK_DELAYED) == 1
    assert [move_due(mine) for _ in range(3)] == [1, 0, 0]
    second = take_one(mine)
    assert second.attempt == 2
    assert not end(mine, first, "done", '"old"'), "the first attempt is over"
    assert done(mine, first) == [False]
    assert all(end(mine, second, "dead", "why") for _ in range(3))
    assert store.redis.xlen(keys.TASK_DEAD) == 1
    assert info(queue, task_id).error == "why"
    (other,) = enqueue(queue)
    third = take_one(mine)
    assert [done(mine, third) for _ in range(3)] == [[True]] * 3
    assert info(queue, other).status == "done"
    assert is_forgotten(store)


def test_an_end_counts_when_a_failover_has_forgotten_who_had_the_task(
    queue: Queue, store: Store, worker: Callable[[], Deliveries]
) -> None:
    ids = enqueue(queue, 2)
    mine = worker()
    plain, other = take(mine, 2)
    store.redis.xgroup_destroy(keys.task_stream("normal"), keys.TASK_GROUP)
    mine.join()
    assert done(mine, plain) == [True]
    assert end(mine, other, "done")
    assert [info(queue, task_id).status for task_id in ids] == ["done", "done"]
    assert take(worker(), 5) == [], "and nobody does them again"


def test_a_retry_waits_for_its_time_in_its_priority(
    queue: Queue, store: Store, worker: Callable[[], Deliveries]
) -> None:
    (task_id,) = enqueue(queue, 1, priority="low")
    mine = worker()
    end(mine, take_one(mine), "retry", "LookupError: why", delay=200)
    found = info(queue, task_id)
    assert (found.status, found.error, found.attempts) == ("retrying", "LookupError: why", 1)
    assert found.args == {"text": "0"}
    assert is_forgotten(store)
    swept = mine.sweep(0)
    assert swept.moved == 0
    assert swept.next_due is not None
    assert 0 < swept.next_due <= 0.2
    until(lambda: move_due(mine))
    again = take_one(mine)
    assert (again.queue, again.attempt) == ("low", 2)


def test_due_tasks_are_moved_in_bounded_batches_and_what_is_gone_is_dropped(
    queue: Queue, store: Store, worker: Callable[[], Deliveries]
) -> None:
    ids = enqueue(queue, 150, delay=0.001)
    store.redis.zadd(keys.TASK_DELAYED, {"what is this": 0})
    mine = worker()
    until(lambda: store.redis.zcount(keys.TASK_DELAYED, "-inf", store.redis.time()[0] * 1000) == 151)
    assert [move_due(mine) for _ in range(3)] == [100, 51, 0]
    assert sorted(item.task_id for item in take(mine, 200)) == sorted(ids)


def test_whoever_leaves_is_forgotten_with_the_long_dead_unless_something_is_pending(
    queue: Queue, store: Store, worker: Callable[[], Deliveries]
) -> None:
    enqueue(queue, 2)
    leaving, holding, watching = worker(), worker(), worker()
    done(leaving, take_one(leaving))
    take_one(holding)
    take(watching, 1)
    for one in (leaving, holding):
        one.sweep(0)
        one.leave()

    def known() -> set[str]:
        return {one["name"] for one in store.redis.xinfo_consumers(keys.task_stream("normal"), keys.TASK_GROUP)}

    assert known() == {holding.consumer, watching.consumer}
    assert store.redis.zcard(keys.TASK_WORKERS) == 0


def test_an_entry_that_is_no_task_is_passed_over(queue: Queue, store: Store, worker: Callable[[], Deliveries]) -> None:
    enqueue(queue)
    store.redis.xadd(keys.task_stream("normal"), {"what": "is this"})
    mine = worker()
    (delivery,) = take(mine, 5)
    store.redis.delete(keys.task(delivery.task_id))
    assert done(mine, delivery) == [True], "a record that is gone does not keep an entry"
    assert take(mine, 5) == []


def test_a_paused_queue_hands_nothing_out(queue: Queue, store: Store, worker: Callable[[], Deliveries]) -> None:
    enqueue(queue)
    (high,) = enqueue(queue, priority="high")
    mine = worker()
    store.redis.sadd(keys.TASK_PAUSED, "normal")
    assert [item.task_id for item in take(mine, 5)] == [high]
    assert mine.paused == {"normal"}
    store.redis.srem(keys.TASK_PAUSED, "normal")
    assert len(take(mine, 5)) == 1


def test_a_group_that_is_gone_is_an_error_until_the_worker_joins_again(
    queue: Queue, store: Store, worker: Callable[[], Deliveries]
) -> None:
    mine = worker()
    store.redis.flushall()
    (task_id,) = enqueue(queue)
    with pytest.raises(ResponseError, match="NOGROUP"):
        take(mine, 1)
    mine.join()
    assert take_one(mine).task_id == task_id
