from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from app.store import keys
from app.tasks import Registry
from app.tasks.worker.inbox import Inbox
from tests.integration.helpers import until
from tests.integration.tasks.queueing import (
    ALL,
    LEASE,
    done,
    end,
    enqueue,
    info,
    is_forgotten,
    take,
    take_one,
    take_over,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.store import Store
    from app.tasks import Queue
    from app.tasks.delivery import Deliveries
    from app.tasks.message import Delivery, Outcome

OUTCOMES: tuple[Outcome, ...] = ("done", "retry", "dead")


def test_a_silent_workers_task_is_taken_over_after_the_lease_and_not_before(
    queue: Queue, worker: Callable[[], Deliveries]
) -> None:
    (task_id,) = enqueue(queue)
    dead, alive = worker(), worker()
    began = time.monotonic()
    take_one(dead)
    assert take_over(alive, 10) == []
    taken: list[Delivery] = []
    while not taken:
        taken = take_over(alive, 10)
        time.sleep(0.02)
    assert LEASE <= time.monotonic() - began < LEASE + 2
    assert (taken[0].task_id, taken[0].attempt) == (task_id, 2)
    assert take_over(alive, 10) == [], "the lease is the new worker's"
    assert info(queue, task_id).attempts == 2


def test_a_lease_that_is_renewed_is_kept(queue: Queue, worker: Callable[[], Deliveries]) -> None:
    enqueue(queue)
    mine, other = worker(), worker()
    delivery = take_one(mine)
    for _ in range(8):
        time.sleep(LEASE / 3)
        assert mine.renew([delivery]) == ([], [])
        assert take_over(other, 10) == []
    assert mine.renew([]) == ([], [])


def test_an_abandoned_task_is_found_behind_many_that_are_running(
    queue: Queue, worker: Callable[[], Deliveries]
) -> None:
    enqueue(queue, 60)
    busy, dead, alive = worker(), worker(), worker()
    running = take(busy, 50)
    abandoned = take(dead, 10)
    time.sleep(LEASE + 0.05)
    busy.renew(running)
    found = [item.task_id for _ in range(10) for item in take_over(alive, 1)]
    assert found == [item.task_id for item in abandoned]


def test_whoever_lost_the_lease_can_not_overwrite_or_renew(queue: Queue, worker: Callable[[], Deliveries]) -> None:
    (task_id,) = enqueue(queue)
    slow, fast = worker(), worker()
    old = take_one(slow)
    time.sleep(LEASE + 0.05)
    (new,) = take_over(fast, 1)
    assert slow.renew([old]) == ([old], [])
    for outcome in OUTCOMES:
        assert not end(slow, old, outcome, '"old"')
    assert done(slow, old) == [False]
    assert info(queue, task_id).status == "running"
    assert fast.renew([new]) == ([], [])
    assert done(fast, new, result='"new"') == [True]
    assert info(queue, task_id).result == "new"
    assert done(slow, old) == [False], "nor afterwards"
    assert not end(slow, old, "done", '"old"')
    assert info(queue, task_id).result == "new"


def test_a_lease_that_has_run_out_still_counts_until_somebody_takes_over(
    queue: Queue, store: Store, worker: Callable[[], Deliveries]
) -> None:
    for outcome in OUTCOMES:
        (task_id,) = enqueue(queue)
        slow, fast = worker(), worker()
        old = take_one(slow)
        time.sleep(LEASE + 0.05)
        assert end(slow, old, outcome, '"slow"', delay=60_000)
        assert take_over(fast, 1) == []
        assert info(queue, task_id).attempts == 1
        assert is_forgotten(store)


def test_a_task_that_never_comes_to_an_end_goes_to_the_dead_letters(
    queue: Queue, store: Store, worker: Callable[[], Deliveries]
) -> None:
    (task_id,) = enqueue(queue)
    for number in (1, 2, 3):
        victim = worker()
        delivery = take_one(victim) if number == 1 else take_over(victim, 1)[0]
        assert delivery.attempt == number
        time.sleep(LEASE + 0.05)
    swept = worker().sweep(5)
    assert (swept.taken, swept.dead) == ([], [task_id])
    found = info(queue, task_id)
    assert (found.status, found.attempts, found.name) == ("dead", 3, "note")
    assert found.error is not None
    assert "3 times" in found.error
    letters: Any = store.redis.xrange(keys.TASK_DEAD)
    assert [(letter["id"], letter["name"]) for _, letter in letters] == [(task_id, "note")]
    assert is_forgotten(store)


def test_attempts_that_came_to_an_end_are_not_held_against_a_task(
    queue: Queue, worker: Callable[[], Deliveries]
) -> None:
    (task_id,) = enqueue(queue)
    mine = worker()
    for number in range(1, 8):
        delivery = take_one(mine)
        assert delivery.attempt == number
        end(mine, delivery, "retry", "why")
        mine.sweep(0)
    assert info(queue, task_id).attempts == 7


def test_a_task_handed_back_again_and_again_is_not_dead(queue: Queue, worker: Callable[[], Deliveries]) -> None:
    (task_id,) = enqueue(queue)
    mine = worker()
    delivery = take_one(mine)
    for _ in range(8):
        mine.hand_back([delivery])
        mine = worker()
        (delivery,) = take_over(mine, 1)
    assert info(queue, task_id).status == "running"


def test_tasks_handed_back_are_taken_over_at_once(queue: Queue, worker: Callable[[], Deliveries]) -> None:
    enqueue(queue, 2)
    leaving, staying = worker(), worker()
    both = take(leaving, 2)
    leaving.hand_back(both)
    assert [item.task_id for item in take_over(staying, 5)] == [item.task_id for item in both]
    leaving.hand_back(both)
    assert take_over(staying, 5) == [], "what is another's can't be handed back"


def test_what_was_deleted_while_it_was_pending_is_forgotten(
    queue: Queue, store: Store, worker: Callable[[], Deliveries]
) -> None:
    enqueue(queue)
    dead, alive = worker(), worker()
    delivery = take_one(dead)
    store.redis.xdel(keys.task_stream("normal"), delivery.entry)
    time.sleep(LEASE + 0.05)
    assert take_over(alive, 1) == []
    assert is_forgotten(store)


def jump(deliveries: Deliveries, seconds: float) -> None:
    """Let the server's clock jump, as one sees it who remembers another time."""
    deliveries._server_ms -= int(seconds * 1000)


def test_a_clock_that_jumps_ahead_takes_nothing_from_those_who_live(
    queue: Queue, worker: Callable[[], Deliveries]
) -> None:
    enqueue(queue)
    busy, other = worker(), worker()
    delivery = take_one(busy)
    other.sweep(0)
    time.sleep(LEASE + 0.05)
    jump(other, 60)
    assert take_over(other, 1) == [], "it saw the jump"
    assert take_over(other, 1) == [], "and gives everybody the time to renew"
    busy.renew([delivery])
    until(lambda: take_over(other, 1))


def test_what_a_dead_worker_holds_is_taken_over_though_the_clock_was_put_back(
    queue: Queue, store: Store, worker: Callable[[], Deliveries]
) -> None:
    (task_id,) = enqueue(queue)
    dead, alive = worker(), worker()
    delivery = take_one(dead)
    hour = 3_600_000
    now = store.redis.time()[0] * 1000
    stream = keys.task_stream("normal")
    # as it is after the clock was put back by an hour: it was delivered, and the worker last heard of, in the future
    store.redis.xclaim(stream, keys.TASK_GROUP, dead.consumer, 0, [delivery.entry], time=now + hour, justid=True)
    store.redis.zadd(keys.TASK_WORKERS, {dead.consumer: now + hour})
    began = time.monotonic()
    taken: list[Delivery] = []
    while not taken:
        assert time.monotonic() - began < 5
        taken = take_over(alive, 1)
        time.sleep(0.02)
    assert taken[0].task_id == task_id
    assert time.monotonic() - began >= LEASE


def test_an_entry_that_is_no_task_is_gone_in_the_end_and_stops_nobody(
    queue: Queue, store: Store, worker: Callable[[], Deliveries]
) -> None:
    store.redis.xadd(keys.task_stream("normal"), {"what": "is this"})
    mine = worker()
    assert take(mine, 5) == []
    for _ in range(4):
        time.sleep(LEASE + 0.05)
        assert mine.sweep(5).taken == []
    assert is_forgotten(store)
    enqueue(queue)
    assert len(take(mine, 5)) == 1


def test_what_waits_here_and_is_anothers_by_now_is_not_begun_when_the_leases_are_renewed(
    queue: Queue, worker: Callable[[], Deliveries]
) -> None:
    """Found with a worker that was frozen while it handed something back."""
    enqueue(queue, 2)
    deliveries, other = worker(), worker()
    inbox = Inbox(deliveries, Registry(), queues=ALL, threads=2, lease=LEASE)
    found = take(deliveries, 2)
    inbox.put(found)
    time.sleep(LEASE + 0.2)
    stolen = take_over(other, 1)
    lost, _ = deliveries.renew(found)
    assert [delivery.task_id for delivery in lost] == [delivery.task_id for delivery in stolen]
    inbox.renewed(time.monotonic(), lost)
    first = inbox.next()
    assert first is not None
    assert first.task_id not in {delivery.task_id for delivery in stolen}
    assert inbox.held()[0] == [], "and the other one waits here no more"
