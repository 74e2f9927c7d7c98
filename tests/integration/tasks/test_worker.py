from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from app.errors import OutcomeUnknown
from app.store import keys
from app.tasks.delivery import Deliveries
from app.tasks.worker import inbox
from tests.integration.helpers import metric, until
from tests.integration.tasks.bench import Bench, Crowd

if TYPE_CHECKING:
    import pytest

    from app.local import RedisServer


class Person(BaseModel):
    name: str


def test_a_task_is_run_and_its_result_kept(bench: Bench) -> None:
    @bench.tasks.task()
    def greet(person: Person, times: int = 1) -> dict[str, Any]:
        return {"text": person.name * times}

    with bench.worker():
        task_id = bench.queue.enqueue("greet", {"person": {"name": "Zoë 🏮"}, "times": 2})
        info = bench.ends(task_id)
    assert (info.result, info.attempts, info.error) == ({"text": "Zoë 🏮Zoë 🏮"}, 1, None)
    assert bench.store.redis.xinfo_consumers(keys.task_stream("normal"), keys.TASK_GROUP) == []


def test_as_many_run_at_once_as_there_are_threads_and_no_more(bench: Bench) -> None:
    crowd = Crowd()

    @bench.tasks.task()
    def count() -> None:
        with crowd.inside():
            time.sleep(0.05)

    ids = [bench.queue.enqueue("count", {}) for _ in range(20)]
    with bench.worker(threads=4):
        for task_id in ids:
            bench.ends(task_id)
    assert crowd.most == 4


def test_high_comes_first_and_neither_normal_nor_low_ever_starves(bench: Bench) -> None:
    served: list[str] = []

    @bench.tasks.task()
    def note(priority: str) -> None:
        served.append(priority)

    for priority in ("low", "normal", "high"):
        for _ in range(150):
            bench.queue.enqueue("note", {"priority": priority}, priority=priority)
    with bench.worker(threads=1):
        until(lambda: len(served) >= 100)
    first = served[:100]
    assert first.count("high") > 60
    assert min(first.count("normal"), first.count("low")) >= 3
    assert first.count("high") + first.count("normal") + first.count("low") == 100


def test_turns_lift_every_lower_priority_in_its_time() -> None:
    all_of_them = keys.PRIORITIES
    firsts = [inbox.order(turn, all_of_them)[0] for turn in range(1, 2 * inbox.AGEING + 1)]
    assert firsts.count("high") == len(firsts) - 2
    assert {"normal", "low"} < set(firsts)
    assert all(sorted(inbox.order(turn, all_of_them)) == sorted(all_of_them) for turn in range(50))
    assert {inbox.order(turn, ("low",)) for turn in range(50)} == {("low",)}


def test_a_worker_outlives_redis_being_killed_twice(bench: Bench, server: RedisServer) -> None:
    @bench.tasks.task()
    def note(n: int) -> int:
        return n

    with bench.worker():
        for n in range(3):
            task_id = bench.queue.enqueue("note", {"n": n})
            assert bench.ends(task_id).result == n
            server.node.kill()
            time.sleep(0.3)
            server.node.restart()
            until(bench.store.redis.ping)


def test_a_worker_that_starts_without_redis_begins_when_it_is_there(bench: Bench, server: RedisServer) -> None:
    @bench.tasks.task()
    def note() -> str:
        return "done"

    task_id = bench.queue.enqueue("note", {})
    server.node.kill()
    with bench.worker():
        time.sleep(0.5)
        assert bench.heart.alive
        assert not bench.heart.ready
        server.node.restart()
        assert bench.ends(task_id).result == "done"
        until(lambda: bench.heart.ready)


def test_a_worker_goes_on_after_everything_was_deleted_under_it(bench: Bench) -> None:
    @bench.tasks.task()
    def note() -> str:
        return "done"

    with bench.worker():
        bench.ends(bench.queue.enqueue("note", {}))
        bench.store.redis.flushall()
        bench.ends(bench.queue.enqueue("note", {}))


def test_an_end_is_told_again_until_redis_hears_it(bench: Bench, server: RedisServer) -> None:
    runs: list[int] = []

    @bench.tasks.task()
    def survive() -> str:
        runs.append(1)
        server.node.kill()
        return "done"

    with bench.worker():
        task_id = bench.queue.enqueue("survive", {})
        until(lambda: runs and not server.node.alive)
        time.sleep(1.2)  # longer than the store's own deadline
        server.node.restart()
        info = bench.ends(task_id)
    assert (len(runs), info.attempts) == (1, 1)


def test_a_long_task_keeps_its_lease(bench: Bench) -> None:
    @bench.tasks.task()
    def long() -> str:
        time.sleep(1.0)
        return "done"

    with bench.worker(lease=0.4), bench.worker(lease=0.4):
        assert bench.ends(bench.queue.enqueue("long", {})).attempts == 1


def test_a_reply_that_was_lost_loses_no_task(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    @bench.tasks.task()
    def note() -> str:
        return "done"

    turn = Deliveries.turn
    lost: list[int] = []

    def take_and_lose(self: Deliveries, *args: Any) -> Any:
        ended, found = turn(self, *args)
        if found and len(lost) < 3:
            lost.append(len(found))
            raise OutcomeUnknown("the reply was lost")
        return ended, found

    monkeypatch.setattr(Deliveries, "turn", take_and_lose)
    with bench.worker():
        for task_id in [bench.queue.enqueue("note", {}) for _ in range(10)]:
            assert bench.ends(task_id, timeout=8).attempts == 1
    assert len(lost) == 3


def test_whoever_stops_finishes_what_is_short_and_hands_back_what_is_long(bench: Bench) -> None:
    release = threading.Event()

    @bench.tasks.task()
    def short() -> str:
        time.sleep(0.3)
        return "done"

    @bench.tasks.task()
    def long() -> str:
        release.wait(20)
        return "done"

    with bench.worker(threads=2, grace=1.0):
        ids = {name: bench.queue.enqueue(name, {}) for name in ("short", "long")}
        for task_id in ids.values():
            bench.ends(task_id, "running")
    assert bench.info(ids["short"]).status == "done"
    release.set()
    with bench.worker(lease=30):
        info = bench.ends(ids["long"], timeout=5)
    assert info.attempts in {1, 2}


def test_tasks_that_wait_for_a_thread_are_handed_back_too(bench: Bench) -> None:
    release = threading.Event()
    ran: list[int] = []

    @bench.tasks.task()
    def hold(n: int) -> int:
        ran.append(n)
        release.wait(20)
        return n

    mine = bench.deliveries()
    mine.join()
    ids = [bench.queue.enqueue("hold", {"n": n}) for n in range(3)]
    assert len(mine.turn((), keys.PRIORITIES, 3)[1]) == 3
    with bench.worker(threads=1, grace=0.2, deliveries=mine):
        until(lambda: len(ran) == 1)
    assert len(ran) == 1
    release.set()
    with bench.worker(threads=3, lease=30):
        for task_id in ids:
            bench.ends(task_id, timeout=5)


def test_outcomes_and_waits_are_measured(bench: Bench) -> None:
    @bench.tasks.task(attempts=1)
    def measured(*, fail: bool) -> None:
        if fail:
            raise LookupError

    def outcome(name: str) -> float:
        return metric("haven_task_outcomes_total", task="measured", outcome=name)

    waits = metric("haven_task_wait_seconds_count", priority="high")
    with bench.worker():
        bench.ends(bench.queue.enqueue("measured", {"fail": False}, priority="high"))
        bench.ends(bench.queue.enqueue("measured", {"fail": True}, priority="high"), "dead")
        until(lambda: outcome("dead") == 1)
    assert outcome("done") == 1
    assert metric("haven_task_wait_seconds_count", priority="high") == waits + 2


def test_what_lies_ready_behind_a_long_task_is_handed_to_those_who_are_free(bench: Bench) -> None:
    ran: dict[int, float] = {}
    began = threading.Event()
    release = threading.Event()

    @bench.tasks.task()
    def note(n: int) -> None:
        if n == 500:
            began.set()
            release.wait(20)
        ran[n] = time.monotonic()

    bench.queue.enqueue_many([("note", {"n": n}) for n in range(1000)])
    with bench.worker(threads=1, lease=30):
        assert began.wait(10)
        with bench.worker(threads=1, lease=30):
            until(lambda: len(ran) == 999, 10)
        release.set()
        until(lambda: 500 in ran)


def test_ends_of_long_tasks_are_told_at_once(bench: Bench) -> None:
    @bench.tasks.task()
    def nap(seconds: float) -> None:
        time.sleep(seconds)

    with bench.worker(threads=2):
        long = bench.queue.enqueue("nap", {"seconds": 8})
        bench.ends(long, "running")
        for _ in range(5):
            began = time.monotonic()
            bench.ends(bench.queue.enqueue("nap", {"seconds": 0.1}))
            assert time.monotonic() - began < 2
        assert bench.info(long).status == "running", "all that time"


def test_only_the_queues_that_it_was_told_are_served(bench: Bench) -> None:
    @bench.tasks.task()
    def note() -> None:
        """Nothing."""

    low = bench.queue.enqueue("note", priority="low")
    delayed = bench.queue.enqueue("note", priority="low", delay=0.1)
    with bench.worker(queues=("high", "normal")):
        bench.ends(bench.queue.enqueue("note", priority="normal"))
        time.sleep(0.5)
        assert bench.info(low).status == bench.info(delayed).status == "queued"
    with bench.worker(queues=("low",)):
        bench.ends(low)
        bench.ends(delayed)


def test_a_worker_does_not_take_over_from_queues_that_it_does_not_serve(bench: Bench) -> None:
    @bench.tasks.task()
    def note() -> None:
        """Nothing."""

    dead = bench.deliveries(lease=0.2)
    dead.join()
    task_id = bench.queue.enqueue("note", priority="low")
    assert dead.turn((), ("low",), 1)[1]
    time.sleep(0.3)
    with bench.worker(queues=("high",), lease=0.2):
        time.sleep(0.6)
        assert bench.info(task_id).worker == dead.consumer
    with bench.worker(queues=("high", "low"), lease=0.2):
        bench.ends(task_id)
