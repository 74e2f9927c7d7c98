from __future__ import annotations

import os
import signal
import time
import urllib.request
from typing import TYPE_CHECKING

import psutil
import pytest

from app.local.ports import free_ports
from app.tasks import Queue, registry
from tests.integration.helpers import until
from tests.integration.tasks import worker_process
from tests.integration.tasks.test_worker_process import Workers, ends, workers

if TYPE_CHECKING:
    import subprocess

    from app.store import Store

__all__ = ["workers"]


@pytest.fixture
def queue(store: Store) -> Queue:
    assert registry.get("nap").function is worker_process.nap
    return Queue(store, ttl=60)


def members(process: subprocess.Popen[bytes]) -> list[int]:
    return [child.pid for child in psutil.Process(process.pid).children()]


def fetch(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def test_several_processes_share_the_work_and_end_together(queue: Queue, workers: Workers) -> None:
    (port,) = free_ports(1)
    crew = workers.start(HAVEN_WORKER_PROCESSES="2", HAVEN_OPS_PORT=str(port), HAVEN_WORKER_THREADS="1")
    until(lambda: fetch(port, "/readyz")[0] == 200, 20)
    assert fetch(port, "/livez")[0] == 200
    ids = [queue.enqueue("nap", {"name": "nap", "seconds": 0.2}) for _ in range(8)]
    for task_id in ids:
        ends(queue, task_id)
    assert len({line.split()[1] for line in workers.trace("nap")}) == 2
    body = fetch(port, "/metrics")[1]
    assert 'haven_task_outcomes_total{outcome="done",task="nap"} 8.0' in body
    assert 'haven_task_queue_depth_tasks{priority="normal"} 0.0' in body
    mates = members(crew)
    crew.send_signal(signal.SIGTERM)
    assert crew.wait(10) == 0
    assert not any(psutil.pid_exists(pid) for pid in mates)


def test_a_process_that_is_killed_is_replaced_and_its_metrics_stay(queue: Queue, workers: Workers) -> None:
    (port,) = free_ports(1)
    crew = workers.start(HAVEN_WORKER_PROCESSES="2", HAVEN_OPS_PORT=str(port))
    until(lambda: fetch(port, "/readyz")[0] == 200, 20)
    ends(queue, queue.enqueue("nap", {"name": "nap", "seconds": 0.01}))
    before = members(crew)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(set(members(crew)) - set(before)) == 2, 10)
    ends(queue, queue.enqueue("nap", {"name": "nap", "seconds": 0.01}))
    until(lambda: 'haven_task_outcomes_total{outcome="done",task="nap"} 2.0' in fetch(port, "/metrics")[1])


def test_a_process_begins_anew_after_so_many_tasks_and_none_is_lost(queue: Queue, workers: Workers) -> None:
    workers.start(HAVEN_WORKER_MAX_TASKS="20", HAVEN_LOG_LEVEL="info")
    ids = queue.enqueue_many([("nap", {"name": "nap", "seconds": 0.01})] * 100)
    for task_id in ids:
        assert ends(queue, task_id, timeout=30).attempts == 1
    used = {line.split()[1] for line in workers.trace("nap")}
    assert 3 <= len(used) <= 6


def test_a_crew_whose_parent_is_killed_ends_too(workers: Workers) -> None:
    crew = workers.start(HAVEN_WORKER_PROCESSES="2")
    until(lambda: len(members(crew)) == 2, 10)
    mates = members(crew)
    crew.kill()
    crew.wait()
    until(lambda: not any(psutil.pid_exists(pid) for pid in mates), 5)


def test_a_process_that_does_not_end_is_killed_before_the_pod_would_be(workers: Workers) -> None:
    (port,) = free_ports(1)
    crew = workers.start(HAVEN_WORKER_PROCESSES="2", HAVEN_TASK_GRACE="1", HAVEN_OPS_PORT=str(port))
    until(lambda: fetch(port, "/readyz")[0] == 200, 20)
    stuck, _ = mates = members(crew)
    os.kill(stuck, signal.SIGSTOP)
    asked = time.monotonic()
    crew.send_signal(signal.SIGTERM)
    assert crew.wait(1 + 5) == 0  # the chart gives a pod the grace and 5 seconds
    assert time.monotonic() - asked > 1
    assert not any(psutil.pid_exists(pid) for pid in mates)


def test_a_worker_touches_its_file_while_something_gets_done(workers: Workers, server: object) -> None:
    path = workers.files / "heart"
    workers.start(HAVEN_HEART_FILE=str(path))
    until(path.exists, 15)
    first = path.stat().st_mtime
    until(lambda: path.stat().st_mtime > first, 5)
    server.node.freeze()  # type: ignore[attr-defined]
    time.sleep(2)
    stale = path.stat().st_mtime
    time.sleep(1.5)
    assert path.stat().st_mtime == stale
    server.node.thaw()  # type: ignore[attr-defined]
    until(lambda: path.stat().st_mtime > stale)
