from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from app.backoff import jittered
from app.errors import OutcomeUnknown, StoreUnavailable
from app.ops.heart import Heart
from app.store import keys
from app.tasks import Queue, Registry, Worker, worker
from app.tasks.delivery import Deliveries
from app.tasks.queue import MAX_BYTES
from tests.integration.helpers import metric, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.local import RedisServer
    from app.store import Store
    from app.tasks import TaskInfo


class Person(BaseModel):
    name: str


class Bench:
    """Tasks, a queue and workers in this process."""

    def __init__(self, store: Store) -> None:
        self.tasks = Registry()
        self.store = store
        self.queue = Queue(store, ttl=60, tasks=self.tasks)
        self.heart = Heart()

    def deliveries(self, lease: float = 30) -> Deliveries:
        return Deliveries(self.store, lease=lease, most_deliveries=3, ttl=60)

    @contextmanager
    def worker(
        self, *, threads: int = 2, lease: float = 1.5, grace: float = 0.3, deliveries: Deliveries | None = None
    ) -> Iterator[Worker]:
        deliveries = deliveries or self.deliveries(lease)
        running = Worker(deliveries, self.heart, threads=threads, lease=lease, grace=grace, tasks=self.tasks)
        thread = threading.Thread(target=running.run)
        thread.start()
        try:
            yield running
        finally:
            running.stop()
            thread.join(15)
            assert not thread.is_alive(), "it ends soon after it was told to"

    def info(self, task_id: str) -> TaskInfo:
        found = self.queue.info(task_id)
        assert found is not None
        return found

    def ends(self, task_id: str, status: str = "done", timeout: float = 10) -> TaskInfo:
        until(lambda: self.info(task_id).status == status, timeout)
        return self.info(task_id)


@pytest.fixture
def bench(store: Store, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(worker, "BLOCK_MS", 150)
    monkeypatch.setattr(worker, "RETRY_BASE", 0.1)
    return Bench(store)


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
    running, most = [0], [0]
    lock = threading.Lock()

    @bench.tasks.task()
    def count() -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.05)
        with lock:
            running[0] -= 1

    ids = [bench.queue.enqueue("count", {}) for _ in range(20)]
    with bench.worker(threads=4):
        for task_id in ids:
            bench.ends(task_id)
    assert most[0] == 4


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
    firsts = [worker.order(turn)[0] for turn in range(1, 2 * worker.AGEING + 1)]
    assert firsts.count("high") == len(firsts) - 2
    assert {"normal", "low"} < set(firsts)
    assert all(sorted(worker.order(turn)) == sorted(keys.PRIORITIES) for turn in range(50))


def test_a_task_that_raises_is_tried_again_later_and_then_lies_with_the_dead(bench: Bench) -> None:
    tries: list[float] = []

    @bench.tasks.task(attempts=3)
    def broken() -> None:
        tries.append(time.monotonic())
        raise LookupError("Zoë \udcff 🏮" + "x" * 5000)

    with bench.worker():
        info = bench.ends(bench.queue.enqueue("broken", {}), "dead")
    assert len(tries) == info.attempts == 3
    assert info.error is not None
    assert info.error.startswith("LookupError: Zoë ? 🏮xxx")
    assert len(info.error) <= 2000
    assert bench.store.redis.xlen(keys.TASK_DEAD) == 1


def test_a_task_that_raises_at_first_is_done_in_the_end(bench: Bench) -> None:
    tries: list[int] = []

    @bench.tasks.task()
    def shaky() -> int:
        tries.append(1)
        if len(tries) < 3:
            raise OSError("not yet")
        return len(tries)

    with bench.worker():
        info = bench.ends(bench.queue.enqueue("shaky", {}))
    assert (info.result, info.attempts, info.error) == (3, 3, None)


def test_retries_wait_longer_each_time_within_bounds() -> None:
    longest = [max(worker.retry_delay(attempt) for _ in range(300)) for attempt in (1, 3, 5, 5000)]
    assert longest[0] <= 2 < longest[1] <= 8 < longest[2] <= 32 < longest[3] <= worker.RETRY_CAP


def test_an_error_of_the_store_in_a_task_is_a_reason_to_try_again(bench: Bench) -> None:
    @bench.tasks.task(attempts=2)
    def publish() -> None:
        raise StoreUnavailable("away")

    with bench.worker():
        assert bench.ends(bench.queue.enqueue("publish", {}), "dead").attempts == 2


def test_a_task_that_no_worker_knows_yet_is_tried_again(bench: Bench) -> None:
    def new() -> str:
        return "known by now"

    sender = Registry()
    sender.task()(new)
    task_id = Queue(bench.store, ttl=60, tasks=sender).enqueue("new", {})
    with bench.worker():
        until(lambda: bench.info(task_id).attempts)
        bench.tasks.task()(new)
        assert bench.ends(task_id).result == "known by now"


@pytest.mark.parametrize("odd", [{1, 2}, object(), "x" * MAX_BYTES])
def test_a_result_that_can_not_be_kept_is_an_error_that_says_so(bench: Bench, odd: object) -> None:
    @bench.tasks.task(attempts=1)
    def make() -> object:
        return odd

    with bench.worker():
        info = bench.ends(bench.queue.enqueue("make", {}), "dead")
    assert info.error is not None
    assert "JSON" in info.error or "bytes" in info.error


@pytest.mark.parametrize("way_out", [SystemExit(3), KeyboardInterrupt(), RecursionError()])
def test_a_task_that_exits_takes_no_thread_with_it(bench: Bench, way_out: BaseException) -> None:
    @bench.tasks.task(attempts=1)
    def leave() -> None:
        raise way_out

    @bench.tasks.task()
    def stay() -> str:
        return "here"

    with bench.worker(threads=1):
        left = [bench.queue.enqueue("leave", {}) for _ in range(3)]
        assert bench.ends(bench.queue.enqueue("stay", {}, priority="low")).result == "here"
        for task_id in left:
            bench.ends(task_id, "dead")


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

    take = Deliveries.take
    lost: list[int] = []

    def take_and_lose(self: Deliveries, *args: Any) -> Any:
        found = take(self, *args)
        if found and len(lost) < 3:
            lost.append(len(found))
            raise OutcomeUnknown("the reply was lost")
        return found

    monkeypatch.setattr(Deliveries, "take", take_and_lose)
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
    assert len(mine.take(3, keys.PRIORITIES, 10)) == 3
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


def test_a_pause_never_overflows_however_long_the_outage() -> None:
    for failures in (1, 2, 1_100, 10**9):
        assert 0 <= jittered(failures, base=0.05, cap=1.0) <= 1.0
    assert max(jittered(1, base=0.05, cap=1.0) for _ in range(100)) <= 0.05
