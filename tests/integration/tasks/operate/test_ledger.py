from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from app.store import Store, keys
from app.tasks.operate import rows
from tests.integration.helpers import cut_off
from tests.integration.tasks.operate.operating import LONG, dead, in_streams, kill
from tests.integration.tasks.queueing import done, end, enqueue, take, take_one

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.local import RedisServer
    from app.tasks import Queue, Registry
    from app.tasks.delivery import Deliveries
    from app.tasks.operate.ledger import Details, Ledger
    from app.tasks.operate.rows import Row


def ids(found: Sequence[Row]) -> list[str]:
    return [row.id for row in found]


def details(ledger: Ledger, task_id: str) -> Details:
    found = ledger.find(task_id)
    assert found is not None
    return found


def test_what_waits_is_listed_page_by_page_without_what_a_worker_has(
    queue: Queue, worker: Deliveries, ledger: Ledger
) -> None:
    count = 2 * rows.PAGE + 7
    made = queue.enqueue_many([("note", {})] * count)
    urgent = queue.enqueue("note", priority="high")
    take(worker, 3)  # the urgent one and two others
    assert ids(list(ledger.rows("waiting"))) == made[2:]
    assert set(ids(list(ledger.rows("running")))) == {urgent, *made[:2]}
    assert ids(list(ledger.rows("running", queue="high"))) == [urgent]
    assert list(ledger.rows("waiting", name="other")) == []
    take(worker, count)
    assert len(list(ledger.rows("running", name="note", queue="normal"))) == count
    assert list(ledger.rows("waiting")) == []


def test_before_any_worker_came_everything_waits(queue: Queue, ledger: Ledger) -> None:
    assert (list(ledger.rows("waiting")), list(ledger.rows("running"))) == ([], [])
    (task_id,) = enqueue(queue)
    (row,) = ledger.rows("waiting")
    assert (row.id, row.name, row.queue, row.status, row.attempts) == (task_id, "note", "normal", "waiting", 0)
    assert abs(row.since_at - time.time()) < LONG


def test_a_running_task_names_its_worker_until_that_hands_it_back(
    queue: Queue, worker: Deliveries, ledger: Ledger
) -> None:
    enqueue(queue)
    item = take_one(worker)
    (row,) = ledger.rows("running")
    assert (row.worker, row.attempts) == (worker.consumer, 1)
    assert row.silent_seconds is not None
    assert row.silent_seconds < LONG
    worker.hand_back([item])
    (row,) = ledger.rows("running")
    assert (row.worker, row.silent_seconds) == (None, None)


def test_delayed_tasks_and_retries_tell_when_they_are_due_and_why(
    queue: Queue, worker: Deliveries, ledger: Ledger
) -> None:
    later = queue.enqueue("note", delay=1000)
    (failed,) = enqueue(queue)
    end(worker, take_one(worker), "retry", "ValueError: once", delay=500_000)
    retrying, delayed = ledger.rows("delayed")
    assert (retrying.id, retrying.status, retrying.attempts) == (failed, "retrying", 1)
    assert retrying.error == "ValueError: once"
    assert (delayed.id, delayed.status, delayed.attempts, delayed.error) == (later, "delayed", 0, None)
    assert delayed.due_at is not None
    assert delayed.due_at - delayed.since_at == pytest.approx(1000, abs=0.01)
    assert details(ledger, later).due_at == delayed.due_at


def test_what_a_limit_holds_is_listed_and_let_past_it_once(queue: Queue, worker: Deliveries, ledger: Ledger) -> None:
    first, second, third = (queue.enqueue("single", {"number": n}, task_id=f"id-{n}") for n in range(3))
    held = list(ledger.rows("held"))
    assert [(row.id, row.limit, row.status) for row in held] == [(second, "single", "held"), (third, "single", "held")]
    assert abs(held[0].since_at - time.time()) < LONG
    assert ledger.overview().held == {"single": 2}
    assert ledger.retry(third) == "waiting"
    items = take(worker, 5)
    assert [item.task_id for item in items] == [first, third]
    end(worker, items[0], "done")  # one that was let past still runs: it counts
    assert take(worker, 5) == []
    end(worker, items[1], "done")
    assert [item.task_id for item in take(worker, 5)] == [second]


def test_a_delayed_task_runs_now_and_once_though_the_answer_was_lost(
    server: RedisServer, store: Store, queue: Queue, worker: Deliveries, ledger: Ledger
) -> None:
    later = queue.enqueue("note", delay=1000)
    assert cut_off(server, lambda: ledger.retry(later)) == "waiting"
    assert ledger.retry(later) == "waiting"
    assert in_streams(store) == {later: 1}
    assert list(ledger.rows("delayed")) == []
    assert take_one(worker).attempt == 1
    assert ledger.retry(later) == "running"


def test_what_has_ended_or_never_was_cannot_be_retried(
    store: Store, queue: Queue, worker: Deliveries, ledger: Ledger
) -> None:
    (finished,) = enqueue(queue)
    done(worker, take_one(worker))
    (lost,) = dead(queue, worker)
    store.redis.delete(keys.TASK_DEAD)
    assert [ledger.retry(task_id) for task_id in (finished, lost, "never")] == ["done", "dead", "unknown"]
    assert in_streams(store) == {}


def test_purging_leaves_what_runs(store: Store, queue: Queue, worker: Deliveries, ledger: Ledger) -> None:
    made = queue.enqueue_many([("note", {})] * 1003)
    urgent = queue.enqueue("note", priority="high")
    take(worker, 2, ("normal",))
    assert list(ledger.purge("normal")) == [500, 500, 1]
    assert in_streams(store) == {made[0]: 1, made[1]: 1, urgent: 1}
    assert details(ledger, made[-1]).info.status == "cancelled"
    assert list(ledger.purge("normal")) == [0]


def test_nobody_takes_from_a_paused_queue(queue: Queue, worker: Deliveries, ledger: Ledger) -> None:
    enqueue(queue)
    ledger.pause("normal")
    assert [state.paused for state in ledger.overview().queues] == [False, True, False]
    assert take(worker, 1) == []
    ledger.resume("normal")
    assert len(take(worker, 1)) == 1


def test_the_overview_counts_everything_and_who_is_alive(
    store: Store, queue: Queue, worker: Deliveries, ledger: Ledger
) -> None:
    dead(queue, worker, count=2)
    queue.enqueue("note", delay=1000)
    enqueue(queue, 3)
    take(worker, 1)
    worker.sweep(0)
    store.redis.zadd(keys.TASK_WORKERS, {"silent": (time.time() - 2 * LONG) * 1000})
    found = ledger.overview()
    normal = found.queues[1]
    assert (normal.queue, normal.waiting, normal.running) == ("normal", 2, 1)
    assert normal.oldest_seconds is not None
    assert normal.oldest_seconds < LONG
    assert found.queues[0].oldest_seconds is None
    assert (found.delayed, found.dead, list(found.workers)) == (1, 2, [worker.consumer])


def test_schedules_tell_their_ticks_and_those_of_other_code_are_shown(
    worker: Deliveries, ledger: Ledger, tasks: Registry
) -> None:
    nightly = tasks.schedule("30 3 * * *", "note", zone="Europe/Berlin")
    tasks.schedule("0 * * * *", "note", name="hourly")
    worker.tick("note", None, 1_000_000, [])
    worker.tick("elsewhere", None, 2_000_000, [])
    hourly, known, unknown = ledger.timings(tasks)
    assert (known.name, known.task, known.zone, known.last_at) == ("note", "note", "Europe/Berlin", 1000.0)
    assert known.next_at is not None
    assert abs(known.next_at - nightly.following(int(time.time() * 1000)) / 1000) in {0, 86_400}
    assert (hourly.name, hourly.last_at) == ("hourly", None)
    assert (unknown.name, unknown.last_at, unknown.cron, unknown.next_at) == ("elsewhere", 2000.0, None, None)


def test_a_task_without_its_code_or_with_a_broken_envelope_is_shown(
    store: Store, queue: Queue, worker: Deliveries, ledger: Ledger
) -> None:
    (task_id,) = enqueue(queue)
    assert details(ledger, task_id).info.args == {"text": "0"}  # the ledger knows no task at all
    assert details(ledger, task_id).info.status == "waiting"
    kill(worker, take_one(worker))
    found = details(ledger, task_id)
    assert (found.info.status, found.info.args, found.replayable) == ("dead", {"text": "0"}, True)
    for broken, text in (("text", "{"), ("list", "[1]")):
        entry = store.redis.xadd(keys.task_stream("low"), {"id": broken, "task": text, "attempts": 0})
        store.redis.hset(keys.task(broken), mapping={"place": "low " + str(entry)})
    assert [(row.id, row.name) for row in ledger.rows("waiting")] == [("text", "?"), ("list", "?")]
    assert details(ledger, "text").info.name == "?"
    assert ledger.find("never") is None


def test_cancelling_says_what_came_of_it(queue: Queue, worker: Deliveries, ledger: Ledger) -> None:
    running, waiting = enqueue(queue, 2)
    take_one(worker)
    assert [ledger.cancel(task_id) for task_id in (running, waiting, waiting, "never")] == [
        "asked",
        "cancelled",
        "cancelled",
        "unknown",
    ]
