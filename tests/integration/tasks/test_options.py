from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.errors import InvalidTask, QueueFull, TaskCancelled, TaskTimeout
from app.ops import trace
from app.store import keys
from app.tasks import Backoff, Limit, Queue, Step, current
from app.tasks.envelope import Sealer
from app.tasks.worker import watchdog
from tests.integration.helpers import until
from tests.integration.tasks.bench import Bench, Crowd

SOON = Backoff(base=0.05)


@pytest.fixture
def ran(bench: Bench) -> list[str]:
    """What ``note`` was given, in order."""
    found: list[str] = []

    @bench.tasks.task(backoff=SOON)
    def note(text: str, before: str = "") -> str:
        found.append(before + text)
        return text

    return found


def test_a_task_may_wait_for_its_time(bench: Bench, ran: list[str]) -> None:
    with bench.worker():
        began = time.monotonic()
        soon = bench.queue.enqueue("note", {"text": "soon"}, delay=0.4)
        at = datetime.now(UTC) + timedelta(hours=1)
        later = bench.queue.enqueue("note", {"text": "later"}, at=at)
        assert bench.info(soon).status == "delayed"
        bench.ends(soon)
        assert 0.4 <= time.monotonic() - began < 5
    assert bench.info(later).status == "delayed"
    assert ran == ["soon"]
    assert bench.store.redis.zscore(keys.TASK_DELAYED, later) == pytest.approx(at.timestamp() * 1000, abs=1)


def test_a_time_without_a_zone_is_refused(bench: Bench, ran: list[str]) -> None:
    assert ran == []
    with pytest.raises(InvalidTask, match="zone"):
        bench.queue.enqueue("note", {"text": "a"}, at=datetime(2030, 1, 1))  # noqa: DTZ001 - that is the point


def test_bulk_takes_in_what_single_calls_would(bench: Bench, ran: list[str]) -> None:
    @bench.tasks.task(unique=True, priority="high")
    def once(n: int) -> int:
        return n

    calls: list[tuple[str, dict[str, Any], str]] = [("note", {"text": str(n)}, f"id-{n}") for n in range(1200)]
    ids = bench.queue.enqueue_many([*calls, ("once", {"n": 1}, "one"), ("once", {"n": 1}, "two")])
    assert ids == [*(f"id-{n}" for n in range(1200)), "one", "one"]
    assert bench.queue.enqueue_many(calls) == ids[:1200]
    assert bench.store.redis.xlen(keys.task_stream("normal")) == 1200
    with bench.worker(threads=4):
        until(lambda: len(ran) == 1200)
        bench.ends("one")
    assert sorted(ran, key=int) == [str(n) for n in range(1200)]


def test_of_a_unique_task_one_waits_or_runs_at_a_time(bench: Bench) -> None:
    release = threading.Event()

    @bench.tasks.task(unique=True)
    def sync(user: int, *, deep: bool = False) -> int:
        release.wait(10)
        return user + deep

    first = bench.queue.enqueue("sync", {"user": 1})
    assert bench.queue.enqueue("sync", {"user": 1, "deep": False}) == first
    assert bench.queue.enqueue("sync", {"user": 2}) != first
    assert bench.queue.enqueue("sync", {"user": 1, "deep": True}) != first
    with bench.worker(threads=4):
        bench.ends(first, "running")
        assert bench.queue.enqueue("sync", {"user": 1}) == first
        release.set()
        bench.ends(first)
        again = bench.queue.enqueue("sync", {"user": 1})
        assert again != first
        bench.ends(again)
    assert bench.store.redis.keys(f"{keys.TASK_UNIQUE}*") == []


def test_what_makes_a_task_unique_may_be_said(bench: Bench) -> None:
    @bench.tasks.task(unique=lambda user, **_: user)
    def sync(user: int, why: str) -> str:
        return f"{user} {why}"

    first = bench.queue.enqueue("sync", {"user": 1, "why": "a"})
    assert bench.queue.enqueue("sync", {"user": 1, "why": "b"}) == first


def test_a_unique_task_that_is_tried_again_or_cancelled_keeps_and_frees_its_key(bench: Bench) -> None:
    tries: list[int] = []

    @bench.tasks.task(unique=True, backoff=Backoff(base=30))
    def shaky() -> None:
        tries.append(1)
        raise OSError("not yet")

    with bench.worker():
        first = bench.queue.enqueue("shaky")
        bench.ends(first, "retrying")
        assert bench.queue.enqueue("shaky") == first
        assert bench.queue.cancel(first) == "cancelled"
        assert bench.queue.enqueue("shaky") != first


def test_a_replayed_task_takes_its_key_and_its_limit_again(bench: Bench) -> None:
    fails, crowd = [True], Crowd()

    @bench.tasks.task(unique=True, limit=Limit(concurrency=1), attempts=1)
    def sync(n: int) -> int:
        if fails:
            raise OSError
        with crowd.inside():
            time.sleep(0.05)
        return n

    with bench.worker(threads=4):
        ids = [bench.queue.enqueue("sync", {"n": n}) for n in range(4)]
        for task_id in ids:
            bench.ends(task_id, "dead")
    fails.clear()
    bench.store.redis.delete(keys.task(ids[0]))  # the letter outlives the record
    again = bench.queue.enqueue("sync", {"n": 3})
    letters: Any = bench.store.redis.xrange(keys.TASK_DEAD)
    for letter, _ in letters:
        for _ in range(2):
            bench.store.run("task_replay", (), (letter, "replay"), repeatable=True)
    assert "the same is done by" in (bench.info(ids[3]).error or "")
    assert bench.queue.enqueue("sync", {"n": 0}) == ids[0]
    with bench.worker(threads=4):
        for task_id in (*ids[:3], again):
            bench.ends(task_id)
    assert crowd.most == 1
    assert bench.store.redis.keys(f"{keys.TASK_UNIQUE}*") == []


def test_of_a_limited_task_so_many_run_at_once_over_all_workers(bench: Bench) -> None:
    crowd = Crowd()

    @bench.tasks.task(limit=Limit(concurrency=2))
    def narrow(n: int) -> int:
        with crowd.inside():
            time.sleep(0.02)
        return n

    with bench.worker(threads=4), bench.worker(threads=4):
        ids = [bench.queue.enqueue("narrow", {"n": n}) for n in range(30)]
        assert "held" in {bench.info(task_id).status for task_id in ids}
        for task_id in ids:
            bench.ends(task_id)
    assert crowd.most == 2
    assert bench.store.redis.scard(f"{keys.TASK_PASSED}narrow") == 0


def test_a_limit_holds_for_attempts_that_fail_and_for_tasks_that_are_cancelled(bench: Bench) -> None:
    release = threading.Event()

    @bench.tasks.task(limit=Limit(concurrency=1), attempts=2, backoff=SOON)
    def shaky() -> None:
        release.wait(10)
        raise OSError

    with bench.worker(threads=4):
        first, second, third = (bench.queue.enqueue("shaky") for _ in range(3))
        bench.ends(first, "running")
        assert [bench.info(task_id).status for task_id in (second, third)] == ["held", "held"]
        assert bench.queue.cancel(second) == "cancelled"
        release.set()
        for task_id in (first, third):
            bench.ends(task_id, "dead")


def test_a_rate_is_kept_and_a_burst_is_let_through(bench: Bench) -> None:
    times: list[float] = []

    @bench.tasks.task(limit=Limit(rate=2, per=1.0, burst=3))
    def call() -> None:
        times.append(time.monotonic())

    with bench.worker(threads=4):
        until(lambda: bench.store.redis.hexists(keys.TASK_GATES, "call"))
        for task_id in [bench.queue.enqueue("call") for _ in range(5)]:
            bench.ends(task_id)
    assert times[2] - times[0] < 0.9, "one by one it would be a second"
    assert times[-1] - times[0] >= 0.9, "two more at half a second each"
    assert times[-1] - times[0] < 5


def test_held_tasks_are_let_through_by_priority(bench: Bench, ran: list[str]) -> None:
    @bench.tasks.task(limit=Limit(concurrency=1))
    def narrow(text: str) -> None:
        ran.append(text)

    bench.queue.enqueue("narrow", {"text": "low"}, priority="low")
    bench.queue.enqueue("narrow", {"text": "normal"})
    bench.queue.enqueue("narrow", {"text": "high"}, priority="high")
    with bench.worker(threads=1):
        until(lambda: len(ran) == 3)
    assert ran == ["high", "normal", "low"]


def test_a_chain_hands_results_on(bench: Bench, ran: list[str]) -> None:
    steps = [Step("note", {"text": "b"}, into="before"), Step("note", {"text": "c"}, into="before", priority="low")]
    with bench.worker():
        first = bench.queue.enqueue("note", {"text": "a"}, then=steps)
        bench.ends(first)
        assert bench.ends(f"{first}>2").queue == "low"
    assert ran == ["a", "ab", "bc"]


def test_a_chain_ends_where_a_task_fails_and_goes_on_when_it_is_done(bench: Bench, ran: list[str]) -> None:
    fails = [True]

    @bench.tasks.task(attempts=2, backoff=Backoff(base=1.5))
    def shaky() -> str:
        if fails:
            raise OSError
        return "mended "

    with bench.worker():
        first = bench.queue.enqueue("shaky", then=[Step("note", {"text": "after"}, into="before")])
        bench.ends(first, "retrying")
        assert bench.queue.info(f"{first}>1") is None
        fails.clear()
        bench.ends(first)
        bench.ends(f"{first}>1")
    assert ran == ["mended after"]


def test_a_wrong_step_is_refused_with_the_chain(bench: Bench, ran: list[str]) -> None:
    with pytest.raises(InvalidTask, match="'urgent' is not one of high"):
        Step("note", {"text": "a"}, priority="urgent")
    for step in (Step("note", {}), Step("nothing"), Step("note", {"text": "a"}, into="nowhere")):
        with pytest.raises((InvalidTask, LookupError)):
            bench.queue.enqueue("note", {"text": "a"}, then=[step])
    assert ran == []
    assert bench.store.redis.keys("*") == []


def test_a_function_may_say_what_follows_and_who_it_is(bench: Bench, ran: list[str]) -> None:
    @bench.tasks.task(attempts=2, backoff=SOON)
    def fan_out() -> str:
        for n in range(3):
            current().then(Step("note", {"text": f"{n}"}))
        current().then(Step("note", {"text": "!"}, into="before"))
        if current().number == 1:
            raise OSError("what it wanted to follow does not")
        return current().task_id

    @bench.tasks.task()
    def flood() -> None:
        for n in range(1000):
            current().then(Step("note", {"text": f"{n}"}))

    with bench.worker():
        first = bench.queue.enqueue("fan_out")
        assert bench.ends(first).result == first
        for n in (1, 2, 3, 4):
            bench.ends(f"{first}+{n}")
        assert "in bulk" in (bench.ends(bench.queue.enqueue("flood"), "dead").error or "")
    assert sorted(ran) == sorted(["0", "1", "2", f"{first}!"])
    with pytest.raises(RuntimeError, match="no task runs here"):
        current()


def test_a_task_that_waited_too_long_is_not_run(bench: Bench) -> None:
    ran: list[int] = []

    @bench.tasks.task(expires=0.2)
    def fresh() -> None:
        ran.append(1)

    task_id = bench.queue.enqueue("fresh")
    time.sleep(0.3)
    with bench.worker():
        assert "too late" in (bench.ends(task_id, "expired").error or "")
        bench.ends(bench.queue.enqueue("fresh", delay=0.3))
    assert ran == [1]


def test_a_task_that_takes_too_long_is_ended_and_tried_again(bench: Bench) -> None:
    errors: list[BaseException] = []

    @bench.tasks.task(seconds=0.3, attempts=2, backoff=SOON)
    def slow() -> str:
        if current().number == 2:
            return "quick this time"
        try:
            while True:
                time.sleep(0.01)
        except TaskTimeout as error:
            errors.append(error)
            raise

    with bench.worker(threads=1):
        found = bench.ends(bench.queue.enqueue("slow"))
        assert (found.result, found.attempts) == ("quick this time", 2)
    assert len(errors) == 1


def test_a_task_that_does_not_hear_its_end_loses_its_thread_and_nothing_else(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "PATIENCE", 0.3)
    release = threading.Event()

    @bench.tasks.task(seconds=0.2, attempts=1)
    def deaf() -> None:
        release.wait(8)  # one wait, inside C

    @bench.tasks.task()
    def quick() -> str:
        return "here"

    with bench.worker(threads=1):
        stuck = bench.queue.enqueue("deaf")
        bench.ends(stuck, "running")
        assert bench.ends(bench.queue.enqueue("quick"), timeout=5).result == "here"
        found = bench.ends(stuck, "dead")
        assert "did not stop" in (found.error or "")
        release.set()
        time.sleep(0.2)
        assert bench.info(stuck).status == "dead", "its late end counts no more"


def test_a_running_task_is_told_to_stop(bench: Bench) -> None:
    seen: list[BaseException] = []

    @bench.tasks.task()
    def long() -> None:
        try:
            while True:
                time.sleep(0.01)
        except TaskCancelled as error:
            seen.append(error)
            raise

    with bench.worker(threads=1):
        task_id = bench.queue.enqueue("long")
        bench.ends(task_id, "running")
        assert [bench.queue.cancel(task_id) for _ in range(2)] == ["asked", "asked"]
        bench.ends(task_id, "cancelled", timeout=5)
        assert bench.queue.cancel(task_id) == "cancelled"
    assert len(seen) == 1


def test_a_task_that_fails_after_it_was_cancelled_is_not_tried_again(bench: Bench) -> None:
    release = threading.Event()

    @bench.tasks.task(backoff=SOON)
    def deaf() -> None:
        release.wait(10)
        raise OSError

    with bench.worker(threads=1):
        task_id = bench.queue.enqueue("deaf")
        bench.ends(task_id, "running")
        assert bench.queue.cancel(task_id) == "asked"
        release.set()
        assert bench.ends(task_id, "cancelled", timeout=5).attempts == 1


def test_waiting_tasks_are_cancelled_wherever_they_are(bench: Bench, ran: list[str]) -> None:
    waiting = bench.queue.enqueue("note", {"text": "waiting"})
    delayed = bench.queue.enqueue("note", {"text": "delayed"}, delay=0.2)
    assert [bench.queue.cancel(task_id) for task_id in (waiting, delayed, "nobody")] == [
        "cancelled",
        "cancelled",
        "unknown",
    ]
    with bench.worker():
        last = bench.queue.enqueue("note", {"text": "last"}, delay=0.4)
        bench.ends(last)
        assert bench.queue.cancel(last) == "done"
    assert ran == ["last"]
    assert {bench.info(task_id).status for task_id in (waiting, delayed)} == {"cancelled"}


def test_only_the_errors_that_were_named_are_tried_again(bench: Bench) -> None:
    tries: list[str] = []

    @bench.tasks.task(retry_on=(OSError,), give_up_on=(FileNotFoundError,), attempts=3, backoff=SOON)
    def shaky(kind: str) -> None:
        tries.append(kind)
        raise {"again": TimeoutError, "gone": FileNotFoundError, "bug": KeyError}[kind]

    with bench.worker():
        for kind in ("again", "gone", "bug"):
            bench.ends(bench.queue.enqueue("shaky", {"kind": kind}), "dead")
    assert sorted(tries) == ["again", "again", "again", "bug", "gone"]


def test_a_result_is_kept_as_long_as_the_task_says(bench: Bench) -> None:
    @bench.tasks.task(keep=5)
    def brief() -> int:
        return 1

    with bench.worker():
        task_id = bench.queue.enqueue("brief")
        bench.ends(task_id)
    assert 0 < bench.store.redis.ttl(keys.task(task_id)) <= 5


def test_waiting_for_the_end_of_a_task(bench: Bench, ran: list[str]) -> None:
    task_id = bench.queue.enqueue("note", {"text": "a"}, delay=0.2)
    found = bench.queue.wait(task_id, 0.05)
    assert found is not None
    assert not found.ended
    with bench.worker():
        found = bench.queue.wait(task_id, 5)
    assert found is not None
    assert found.result == "a"
    assert ran == ["a"]
    assert bench.queue.wait("nobody", 5) is None


def test_a_full_queue_refuses_and_keeps_what_it_has(bench: Bench, ran: list[str]) -> None:
    small = Queue(bench.store, ttl=60, tasks=bench.tasks, most_waiting=3)
    ids = [small.enqueue("note", {"text": str(n)}, task_id=f"id-{n}") for n in range(3)]
    for options in ({}, {"delay": 5.0}):
        with pytest.raises(QueueFull, match=r"3 tasks wait.*'normal'"):
            small.enqueue("note", {"text": "more"}, task_id="more", **options)  # type: ignore[arg-type]
    assert small.enqueue("note", {"text": "0"}, task_id="id-0") == "id-0", "what is known is no news"
    with pytest.raises(QueueFull):
        small.enqueue_many([("note", {"text": "0"}, "id-0"), ("note", {"text": "more"}, "more")])
    assert small.info("more") is None
    chained = small.enqueue("note", {"text": "first"}, priority="low", then=[Step("note", {"text": "goes on"})])
    assert small.enqueue("note", {"text": "urgent"}, priority="high")
    with bench.worker():
        for task_id in ids:
            bench.ends(task_id)
        until(lambda: bench.queue.info(f"{chained}>1"))
        bench.ends(f"{chained}>1")
    assert len(ran) == 6, "what follows a task is never refused"


def test_only_signed_tasks_are_run_when_there_is_a_key(bench: Bench, ran: list[str]) -> None:
    def signed(*names: str) -> Queue:
        return Queue(bench.store, ttl=60, tasks=bench.tasks, sealer=Sealer(names))

    steps = [Step("note", {"text": "after"})]
    with bench.worker(sealer=Sealer(["new", "old"])):
        good = [signed(key).enqueue("note", {"text": key}, then=steps) for key in ("new", "old")]
        retried = signed("old").enqueue("note", {"text": "delayed"}, delay=0.1)
        bad = [bench.queue.enqueue("note", {"text": "none"}), signed("other").enqueue("note", {"text": "other"})]
        for task_id in (*good, retried, *(f"{task_id}>1" for task_id in good)):
            bench.ends(task_id)
        for task_id in bad:
            assert "HAVEN_TASK_KEY" in (bench.ends(task_id, "dead").error or "")
    assert sorted(ran) == ["after", "after", "delayed", "new", "old"]


def test_the_trace_goes_with_a_task_and_on_to_what_it_enqueues(bench: Bench) -> None:
    seen: list[str] = []

    @bench.tasks.task()
    def look(*, deeper: bool) -> None:
        seen.append(trace.current())
        if deeper:
            bench.queue.enqueue("look", {"deeper": False})
            current().then(Step("look", {"deeper": False}))

    mine = trace.enter("")
    try:
        with bench.worker():
            bench.queue.enqueue("look", {"deeper": True})
            until(lambda: len(seen) == 3)
    finally:
        trace.leave()
    assert set(seen) == {mine}
