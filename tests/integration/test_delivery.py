from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import ResponseError

from app.store import keys
from app.tasks import Queue, Registry
from app.tasks.delivery import Attempt, Deliveries, Delivery
from tests.integration.helpers import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.store import Store
    from app.tasks import TaskInfo

LEASE = 0.3
ALL = keys.PRIORITIES


@pytest.fixture
def queue(store: Store) -> Queue:
    tasks = Registry()

    @tasks.task()
    def note(text: str = "") -> str:
        return text

    return Queue(store, ttl=60, tasks=tasks)


@pytest.fixture
def worker(store: Store) -> Callable[[], Deliveries]:
    def make() -> Deliveries:
        made = Deliveries(store, lease=LEASE, most_deliveries=3, ttl=60)
        made.join()
        return made

    return make


def enqueue(queue: Queue, count: int = 1, **options: str) -> list[str]:
    return [queue.enqueue("note", {"text": str(n)}, **options) for n in range(count)]  # type: ignore[arg-type]


def take_one(deliveries: Deliveries) -> Delivery:
    (found,) = deliveries.take(1, ALL, 100)
    return found


def info(queue: Queue, task_id: str) -> TaskInfo:
    found = queue.info(task_id)
    assert found is not None
    return found


def started(deliveries: Deliveries, delivery: Delivery) -> Attempt:
    attempt = deliveries.start(delivery)
    assert isinstance(attempt, Attempt)
    return attempt


def is_forgotten(store: Store) -> bool:
    return not any(
        store.redis.xlen(keys.task_stream(priority))
        or store.redis.xpending(keys.task_stream(priority), keys.TASK_GROUP)["pending"]
        for priority in ALL
    )


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


def test_a_silent_workers_task_is_taken_over_after_the_lease_and_not_before(
    queue: Queue, worker: Callable[[], Deliveries]
) -> None:
    (task_id,) = enqueue(queue)
    dead, alive = worker(), worker()
    began = time.monotonic()
    started(dead, take_one(dead))
    assert alive.take_over(10) == []
    taken: list[Delivery] = []
    while not taken:
        taken = alive.take_over(10)
        time.sleep(0.02)
    assert LEASE <= time.monotonic() - began < LEASE + 2
    assert started(alive, taken[0]).number == 2
    assert alive.take_over(10) == [], "the lease is the new worker's"
    assert info(queue, task_id).attempts == 2


def test_a_lease_that_is_renewed_is_kept(queue: Queue, worker: Callable[[], Deliveries]) -> None:
    enqueue(queue)
    mine, other = worker(), worker()
    delivery = take_one(mine)
    for turn in range(8):
        if turn == 4:
            started(mine, delivery)  # a task that waits for a thread keeps its lease, too
        time.sleep(LEASE / 3)
        assert mine.renew([delivery]) == []
        assert other.take_over(10) == []
    assert mine.renew([]) == []


def test_an_abandoned_task_is_found_behind_many_that_are_running(
    queue: Queue, worker: Callable[[], Deliveries]
) -> None:
    enqueue(queue, 60)
    busy, dead, alive = worker(), worker(), worker()
    running = busy.take(50, ALL, 10)
    abandoned = dead.take(10, ALL, 10)
    time.sleep(LEASE + 0.05)
    busy.renew(running)
    found = [item.task_id for _ in range(10) for item in alive.take_over(1)]
    assert found == [item.task_id for item in abandoned]


def test_whoever_lost_the_lease_can_not_overwrite_renew_or_start(
    queue: Queue, worker: Callable[[], Deliveries]
) -> None:
    (task_id,) = enqueue(queue)
    slow, fast = worker(), worker()
    old = take_one(slow)
    started(slow, old)
    time.sleep(LEASE + 0.05)
    (new,) = fast.take_over(1)
    assert slow.renew([old]) == [old]
    assert slow.start(Delivery(task_id, old.priority, old.entry)) == "gone"
    started(fast, new)
    for outcome in ("done", "retry", "dead"):
        assert not slow.finish(old, outcome, '"old"')
    assert info(queue, task_id).status == "running"
    assert fast.renew([new]) == []
    assert fast.finish(new, "done", '"new"')
    assert info(queue, task_id).result == "new"


def test_a_slow_worker_that_ends_first_counts_and_the_one_who_took_over_does_nothing(
    queue: Queue, store: Store, worker: Callable[[], Deliveries]
) -> None:
    for outcome in ("done", "retry", "dead"):
        (task_id,) = enqueue(queue)
        slow, fast = worker(), worker()
        old = take_one(slow)
        started(slow, old)
        time.sleep(LEASE + 0.05)
        (new,) = fast.take_over(1)
        assert slow.finish(old, outcome, '"slow"', 60)
        assert fast.start(new) == "gone"
        assert info(queue, task_id).attempts == 1
        assert is_forgotten(store)


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


def test_a_task_that_never_comes_to_an_end_goes_to_the_dead_letters(
    queue: Queue, store: Store, worker: Callable[[], Deliveries]
) -> None:
    (task_id,) = enqueue(queue)
    for number in (1, 2, 3):
        victim = worker()
        delivery = take_one(victim) if number == 1 else victim.take_over(1)[0]
        assert started(victim, delivery).number == number
        time.sleep(LEASE + 0.05)
    last = worker()
    assert last.start(last.take_over(1)[0]) == "dead"
    found = info(queue, task_id)
    assert (found.status, found.attempts) == ("dead", 3)
    assert found.error is not None
    assert "3 times" in found.error
    letters: Any = store.redis.xrange(keys.TASK_DEAD)
    assert [letter["id"] for _, letter in letters] == [task_id]
    assert is_forgotten(store)


def test_attempts_that_came_to_an_end_are_not_held_against_a_task(
    queue: Queue, worker: Callable[[], Deliveries]
) -> None:
    (task_id,) = enqueue(queue)
    mine = worker()
    for number in range(1, 8):
        delivery = take_one(mine)
        assert started(mine, delivery).number == number
        mine.finish(delivery, "retry", "why", 0)
        until(mine.move_due)
    assert info(queue, task_id).status == "retrying"


def test_a_task_handed_back_again_and_again_is_not_dead(queue: Queue, worker: Callable[[], Deliveries]) -> None:
    (task_id,) = enqueue(queue)
    mine = worker()
    delivery = take_one(mine)
    for number in range(1, 8):
        assert started(mine, delivery).number == number
        mine.hand_back([delivery])
        mine = worker()
        (delivery,) = mine.take_over(1)
    assert info(queue, task_id).status == "running"


def test_a_task_handed_back_is_taken_over_at_once_started_or_not(
    queue: Queue, worker: Callable[[], Deliveries]
) -> None:
    enqueue(queue, 2)
    leaving, staying = worker(), worker()
    first, second = leaving.take(2, ALL, 10)
    started(leaving, first)
    leaving.hand_back([first, second])
    assert [item.task_id for item in staying.take_over(5)] == [first.task_id, second.task_id]
    leaving.hand_back([first, second])
    assert staying.take_over(5) == [], "what is another's can't be handed back"


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
