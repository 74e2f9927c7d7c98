from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import app.example.tasks  # noqa: F401 - importing them registers them
from app.store import keys
from app.tasks import Queue, registry
from tests.integration.helpers import until
from tests.integration.tasks import worker_process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.store import Store
    from app.tasks import TaskInfo

ROOT = Path(__file__).parents[3]
LEASE = 2.0


class Workers:
    """Workers as processes of their own."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.files = Path(environment["HAVEN_FILES_DIR"])
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, **settings: str) -> subprocess.Popen[bytes]:
        known = {"HAVEN_TASK_LEASE": str(LEASE), "HAVEN_TASK_MODULES": f"app.example.tasks,{worker_process.__name__}"}
        environment = {**os.environ, **self.environment, **known, **settings}
        command = [sys.executable, "-m", "app.cli", "worker"]
        self.processes.append(subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL))
        return self.processes[-1]

    def trace(self, name: str) -> list[str]:
        """What a task did: began or ended, and in which process."""
        file = self.files / name
        return file.read_text().splitlines() if file.exists() else []

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def workers(environment: dict[str, str]) -> Iterator[Workers]:
    started = Workers(environment)
    yield started
    started.end()


@pytest.fixture
def queue(store: Store) -> Queue:
    assert registry.get("nap").function is worker_process.nap, "the sender knows the tasks, too"
    return Queue(store, ttl=60)


def info(queue: Queue, task_id: str) -> TaskInfo:
    found = queue.info(task_id)
    assert found is not None
    return found


def ends(queue: Queue, task_id: str, status: str = "done", timeout: float = 15.0) -> TaskInfo:
    until(lambda: info(queue, task_id).status == status, timeout)
    return info(queue, task_id)


def test_a_task_whose_worker_is_killed_runs_again_within_the_lease_and_a_few_seconds(
    queue: Queue, workers: Workers
) -> None:
    victim = workers.start()
    task_id = queue.enqueue("nap", {"name": "nap", "seconds": 0.3})
    until(lambda: workers.trace("nap"), 15)
    other = workers.start()
    victim.kill()
    killed = time.monotonic()
    found = ends(queue, task_id)
    assert time.monotonic() - killed < LEASE + 5
    assert found.attempts == 2
    assert workers.trace("nap") == [f"began {victim.pid}", f"began {other.pid}", f"ended {other.pid}"]


def test_of_200_tasks_none_is_lost_when_workers_are_killed(queue: Queue, workers: Workers) -> None:
    ids = [queue.enqueue("nap", {"name": f"nap-{n}", "seconds": 0.01}) for n in range(200)]

    def done() -> int:
        return sum(info(queue, task_id).status == "done" for task_id in ids)

    for enough in (20, 80):
        victim = workers.start(HAVEN_TASK_LEASE="1")
        until(lambda: done() >= enough, 20)  # noqa: B023 - it is waited for here
        victim.kill()
    workers.start(HAVEN_TASK_LEASE="1")
    until(lambda: done() == len(ids), 15)
    runs = [len([line for line in workers.trace(f"nap-{n}") if line.startswith("ended")]) for n in range(200)]
    assert min(runs) >= 1
    assert sum(runs) <= 200 + 2 * 4, "only what was under way runs twice"


def test_a_worker_that_was_frozen_runs_nothing_that_others_have_taken_over(queue: Queue, workers: Workers) -> None:
    ids = queue.enqueue_many([("nap", {"name": f"nap-{n}", "seconds": 0.004}) for n in range(600)])

    def ended() -> list[int]:
        return [sum(line.startswith("ended") for line in workers.trace(f"nap-{n}")) for n in range(600)]

    frozen = workers.start()
    until(lambda: sum(ended()) >= 100, 20)
    frozen.send_signal(signal.SIGSTOP)
    workers.start()
    for task_id in ids:
        ends(queue, task_id, timeout=30)
    before = sum(ended())
    frozen.send_signal(signal.SIGCONT)
    time.sleep(1)
    assert sum(ended()) - before <= 4, "what its threads were at when it was frozen"
    assert before - 600 <= 8, "ends that it had not told, and what its threads were at"


def test_a_worker_that_is_told_to_end_hands_back_and_the_next_takes_over_at_once(
    queue: Queue, workers: Workers
) -> None:
    leaving = workers.start(HAVEN_TASK_LEASE="300")
    task_id = queue.enqueue("nap", {"name": "nap", "seconds": 8})
    until(lambda: workers.trace("nap"), 15)
    workers.start(HAVEN_TASK_LEASE="300")
    leaving.send_signal(signal.SIGTERM)
    told = time.monotonic()
    assert leaving.wait(8) == 0
    assert time.monotonic() - told < 5.5
    until(lambda: len(workers.trace("nap")) == 2, 4)
    assert info(queue, task_id).attempts == 1, "an orderly end is not held against a task"


def test_the_product_s_own_worker_runs_its_tasks_and_ends_in_order(
    queue: Queue, workers: Workers, store: Store
) -> None:
    running = workers.start()
    ids = [
        queue.enqueue("send_email", {"to": "ada@example.com", "subject": f"Letter {n}", "body": "Zoë 🏮"})
        for n in range(10)
    ]
    ids.append(queue.enqueue("generate_report", {"user_id": 1, "kind": "summary"}))
    ids.append(queue.enqueue("process_image", {"source": "lamp.png", "width": 64}))
    for task_id in ids:
        found = ends(queue, task_id)
        assert (workers.files.parent / Path(found.result["file"])).exists()
    running.send_signal(signal.SIGTERM)
    assert running.wait(8) == 0
    assert store.redis.xinfo_consumers(keys.task_stream("normal"), keys.TASK_GROUP) == []


def test_a_task_that_kills_its_worker_each_time_goes_to_the_dead_letters(
    queue: Queue, workers: Workers, store: Store
) -> None:
    settings = {"HAVEN_TASK_LEASE": "1", "HAVEN_TASK_DELIVERIES": "2"}
    task_id = queue.enqueue("kill_worker", {"name": "poison"})
    for _ in range(2):
        assert workers.start(**settings).wait(15) == -signal.SIGKILL
    last = workers.start(**settings)
    found = ends(queue, task_id, "dead")
    assert found.attempts == len(workers.trace("poison")) == 2
    assert last.poll() is None
    assert store.redis.xlen(keys.TASK_DEAD) == 1
    ends(queue, queue.enqueue("nap", {"name": "after", "seconds": 0}))
