from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from app.store import keys
from app.tasks.delivery import Deliveries, Delivery
from tests.integration.helpers import until
from tests.integration.queueing import ALL, LEASE, enqueue, info, is_forgotten, started, take_one

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.store import Store
    from app.tasks import Queue


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
