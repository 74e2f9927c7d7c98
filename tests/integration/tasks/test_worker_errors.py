from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from app.backoff import jittered
from app.errors import StoreUnavailable
from app.store import keys
from app.tasks import Backoff, Queue, Registry
from app.tasks.envelope import MAX_BYTES
from tests.integration.helpers import until

if TYPE_CHECKING:
    from tests.integration.tasks.bench import Bench


SOON = Backoff(base=0.1)


def test_a_task_that_raises_is_tried_again_later_and_then_lies_with_the_dead(bench: Bench) -> None:
    tries: list[float] = []

    @bench.tasks.task(attempts=3, backoff=SOON)
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

    @bench.tasks.task(backoff=SOON)
    def shaky() -> int:
        tries.append(1)
        if len(tries) < 3:
            raise OSError("not yet")
        return len(tries)

    with bench.worker():
        info = bench.ends(bench.queue.enqueue("shaky", {}))
    assert (info.result, info.attempts, info.error) == (3, 3, None)


def test_retries_wait_longer_each_time_within_bounds() -> None:
    backoff = Backoff(base=2, cap=300)
    longest = [max(backoff.delay(attempt) for _ in range(300)) for attempt in (1, 3, 5, 5000)]
    assert longest[0] <= 2 < longest[1] <= 8 < longest[2] <= 32 < longest[3] <= 300


def test_an_error_of_the_store_in_a_task_is_a_reason_to_try_again(bench: Bench) -> None:
    @bench.tasks.task(attempts=2, backoff=SOON)
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


@pytest.mark.parametrize("odd", ["\udcff", object(), "x" * MAX_BYTES])
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


def test_a_pause_never_overflows_however_long_the_outage() -> None:
    for failures in (1, 2, 1_100, 10**9):
        assert 0 <= jittered(failures, base=0.05, cap=1.0) <= 1.0
    assert max(jittered(1, base=0.05, cap=1.0) for _ in range(100)) <= 0.05
