"""What users notice makes the alert fire that says so: the whole local stack, Prometheus, and the chart's own rules.

The three alerts about the error budget fire within seconds here, because a Prometheus that has just begun knows of no
better hours; how their long windows hold them back is tried in tests/alerts.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from app.backup import record as backup
from app.backup.make import make
from app.drill import records
from app.local.prometheus import scraped
from app.local.target import find_target
from app.runtime import build_runtime
from app.store import keys
from tests.integration.alerts.watching import Watch
from tests.integration.dashboards import handlers
from tests.integration.stack.journeys import Client, Load
from tests.integration.stack.running import RunningStack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.runtime import Runtime

pytestmark = pytest.mark.stack

INTERVAL = 2.0
"""A scrape asks Redis for the queues, and waits a second for it."""
OLD = 400.0


@dataclass
class Bench:
    """The stack, what asks it, and what watches it."""

    stack: RunningStack
    runtime: Runtime
    watch: Watch

    def drilled(self, result: str) -> None:
        now = time.time()
        record = records.Record("1", "primary-kill", "It dies", "local", result, "", now - 30, now, {})
        records.keep(self.runtime.store, record, "<p>report</p>")

    @contextmanager
    def frozen(self, *pids: int) -> Iterator[None]:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    directory = tmp_path_factory.mktemp("alerts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HAVEN_TASK_MODULES", f"app.example.tasks,{handlers.__name__}")
        with RunningStack(directory) as stack:
            found = scraped(stack.http, [stack.ops, stack.ops + 1], [stack.guardian + place for place in range(3)])
            with Watch(directory / "watch", found, INTERVAL) as watch:
                stack.wait_healthy(60)
                runtime = build_runtime(find_target(stack.data).config, role="test")
                yield Bench(stack, runtime, watch)
                runtime.close()


def test_no_drill_and_one_that_did_not_hold_are_told_and_nothing_else_of_a_healthy_stack(bench: Bench) -> None:
    alert = bench.watch.wait("HavenDrillOverdue", 20, why="never")
    assert alert["annotations"]["description"] == "No drill was ever run."
    assert bench.watch.names() == {"HavenDrillOverdue"}
    bench.drilled(records.HELD)
    bench.watch.wait_calm(20)
    bench.drilled(records.DEVIATED)
    alert = bench.watch.wait("HavenDrillOverdue", 20, why="not held")
    assert alert["annotations"]["description"] == "The last primary-kill ended with: deviated."
    bench.drilled(records.HELD)
    bench.watch.wait_calm(20)


def test_an_old_backup_is_told_until_there_is_a_new_one(bench: Bench, tmp_path: Path) -> None:
    backup.keep(bench.runtime.store, backup.Record(time.time() - 3 * 24 * 3600, 1))
    alert = bench.watch.wait("HavenBackupOverdue", 20)
    assert alert["annotations"]["description"].startswith("The last backup was made 3d 0h 0m")
    _, manifest = make(bench.runtime.config, tmp_path, counted=False)
    assert backup.noted(bench.runtime.config, manifest) == ""
    bench.watch.wait_calm(20)


def test_a_worker_that_hangs_is_missed_by_prometheus_and_by_the_tasks(bench: Bench) -> None:
    stream = keys.task_stream("high")
    (worker,) = [part["pid"] for part in bench.stack.status()["stack"]["parts"] if part["name"] == "worker"]
    with bench.frozen(worker):
        # An entry's id begins with the time at which the task came. The first is the hanging worker's, which had asked.
        came = round((time.time() - OLD) * 1000)
        entries = [bench.runtime.store.redis.xadd(stream, {"task": "x"}, id=f"{came}-{n}") for n in range(3)]
        bench.watch.wait("HavenMetricsMissing", 30, severity="page", component="worker")
        bench.watch.wait("HavenWorkerStalled", 30)
        bench.watch.wait("HavenQueueAge", 30, priority="high")
        bench.runtime.store.redis.xack(stream, keys.TASK_GROUP, *entries)
        bench.runtime.store.redis.xdel(stream, *entries)
    bench.watch.wait_calm(30)


def test_tasks_that_die_are_told(bench: Bench) -> None:
    for _ in range(3):
        bench.runtime.tasks.enqueue(handlers.hopeless)
    alert = bench.watch.wait("HavenDeadLettersGrowing", 30)
    assert alert["annotations"]["description"].startswith("3 tasks died in the last 30 minutes")


def test_redis_away_is_told_by_who_does_without_it_and_by_the_budget(bench: Bench) -> None:
    client = Client(bench.stack.url)
    client.login()
    pids = [bench.stack.redis_pid(bench.stack.redis + place) for place in range(3)]
    with Load(client, 10), bench.frozen(*pids):
        bench.watch.wait("HavenNoPrimary", 30)
        bench.watch.wait("HavenDegraded", 30)
        for name in ("HavenErrorBudgetFast", "HavenErrorBudgetSlow", "HavenErrorBudgetTicket"):
            bench.watch.wait(name, 30)
