from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from app.store import keys
from app.tasks import Registry
from app.tasks.order import Orders
from app.tasks.worker.ticking import Ticking
from tests.integration.tasks.queueing import move_due, take

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.store import Store
    from app.tasks.delivery import Deliveries

MINUTE = 60_000
NOON = 1_772_366_400_000  # 2026-03-01T12:00:00Z


@pytest.fixture
def tasks() -> Registry:
    made = Registry()

    @made.task()
    def note(text: str = "tick") -> str:
        return text

    return made


def ids(deliveries: Deliveries) -> list[str]:
    return [item.task_id for item in take(deliveries, 500)]


def test_the_first_look_at_a_schedule_begins_it_and_a_tick_is_enqueued_once(
    tasks: Registry, worker: Callable[[], Deliveries]
) -> None:
    tasks.schedule("*/5 * * * *", "note")
    mine, other = worker(), worker()
    one, two = Ticking(mine, tasks, Orders(tasks)), Ticking(other, tasks, Orders(tasks))
    for ticking in (one, two):
        ticking.tick(NOON + MINUTE)
    assert ids(mine) == []
    for ticking in (one, two, one, two):
        ticking.tick(NOON + 5 * MINUTE)
    assert ids(mine) == ["cron:note:2026-03-01T12:05:00Z"]
    for ticking in (two, one):
        ticking.tick(NOON + 11 * MINUTE)
    assert ids(mine) == ["cron:note:2026-03-01T12:10:00Z"]


@pytest.mark.parametrize(("missed", "count"), [("once", 1), ("all", 3), ("skip", 0)])
def test_ticks_at_which_no_worker_was_there(
    tasks: Registry, worker: Callable[[], Deliveries], missed: str, count: int
) -> None:
    tasks.schedule("*/5 * * * *", "note", missed=missed)
    mine = worker()
    Ticking(mine, tasks, Orders(tasks)).tick(NOON)
    returned = Ticking(mine, tasks, Orders(tasks))
    for _ in range(3):
        returned.tick(NOON + 17 * MINUTE)
    assert len(ids(mine)) == count
    returned.tick(NOON + 20 * MINUTE)
    assert ids(mine) == ["cron:note:2026-03-01T12:20:00Z"]


def test_many_workers_at_once_enqueue_a_tick_once(tasks: Registry, worker: Callable[[], Deliveries]) -> None:
    tasks.schedule("* * * * *", "note", {"text": "every minute"})
    all_of_them = [Ticking(worker(), tasks, Orders(tasks)) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for minute in range(20):
            list(pool.map(lambda ticking: ticking.tick(NOON + minute * MINUTE), all_of_them))  # noqa: B023
    assert len(ids(worker())) == 19


def test_a_clock_that_goes_back_doubles_nothing(tasks: Registry, worker: Callable[[], Deliveries]) -> None:
    tasks.schedule("* * * * *", "note", missed="all")
    mine = worker()
    ticking = Ticking(mine, tasks, Orders(tasks))
    for minute in (0, 1, 2, 3, 1, 2, 3, 4):
        ticking.tick(NOON + minute * MINUTE)
    fresh = Ticking(mine, tasks, Orders(tasks))
    for minute in (2, 4):
        fresh.tick(NOON + minute * MINUTE)
    assert len(ids(mine)) == 4


def test_a_tick_whose_task_was_taken_in_before_the_account_was_lost_is_one_task(
    tasks: Registry, store: Store, worker: Callable[[], Deliveries]
) -> None:
    tasks.schedule("* * * * *", "note")
    mine = worker()
    ticking = Ticking(mine, tasks, Orders(tasks))
    ticking.tick(NOON)
    ticking.tick(NOON + MINUTE)
    store.redis.hset(keys.TASK_SCHEDULE, "note", NOON)  # as an older copy has it
    again = Ticking(mine, tasks, Orders(tasks))
    again.tick(NOON + MINUTE)
    again.tick(NOON + MINUTE)
    assert len(ids(mine)) == 1


def test_delayed_tasks_are_moved_by_the_servers_clock(worker: Callable[[], Deliveries]) -> None:
    swept = worker().sweep(0)
    assert abs(swept.now_ms - time.time() * 1000) < 5000
    assert (swept.moved, swept.next_due) == (0, None)
    assert move_due(worker()) == 0
