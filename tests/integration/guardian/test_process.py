"""The guardian as a process: small, quick to answer, hard to kill."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

import psutil

from tests.integration.guardian.audit import Audited, ordinal, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.local import RedisCluster

MEMORY = 40e6
SHARE = 0.02


def get(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def is_ready(port: int) -> bool:
    return get(port, "/readyz") == (200, "ok\n")


def test_it_is_small_and_idle(cluster: RedisCluster) -> None:
    processes = [psutil.Process(guardian.pid) for guardian in cluster.guardians]
    before = [sum(process.cpu_times()[:2]) for process in processes]
    started = time.monotonic()
    time.sleep(10)
    took = time.monotonic() - started
    for process, spent in zip(processes, before, strict=True):
        assert process.memory_info().rss < MEMORY
        assert (sum(process.cpu_times()[:2]) - spent) / took < SHARE


def test_probes_status_and_metrics(cluster: RedisCluster) -> None:
    primary = cluster.primary()
    for place in (1, 2, 3):
        port = cluster.guardian(place).port
        assert get(port, "/livez") == (200, "ok\n")
        until(partial(is_ready, port))
        status, body = get(port, "/metrics")
        assert status == 200
        role = "primary" if cluster.node(place) is primary else "replica"
        assert f'haven_guardian_state_info{{state="{role}"}} 1.0' in body
        assert "haven_guardian_primaries_nodes 1.0" in body
        assert "haven_guardian_reachable_sentinels 3.0" in body
        assert get(port, "/nothing")[0] == 404
        assert get(port, "/handover")[0] == 405
    until(lambda: (cluster.guardian(1).report()["lag_ms"] or 0) <= 2_000)


def test_readiness_follows_the_role_and_says_why(cluster: RedisCluster) -> None:
    replica = next(node for node in cluster.nodes if node is not cluster.primary())
    guardian = cluster.guardian(ordinal(cluster, replica))
    replica.kill()
    until(lambda: get(guardian.port, "/readyz") == (503, "its Redis does not run\n"))
    assert get(guardian.port, "/livez")[0] == 200
    replica.start()
    until(lambda: get(guardian.port, "/readyz")[0] == 200)


def test_a_killed_guardian_changes_nothing_and_takes_up_its_work_again(
    cluster: RedisCluster, audited: Callable[[], Audited]
) -> None:
    primary = cluster.primary()
    guardian = cluster.guardian(ordinal(cluster, primary))
    with audited() as book:
        since = time.monotonic()
        for _ in range(3):
            guardian.kill()
            guardian.start()
            until(guardian.ready)
            time.sleep(0.3)
    assert cluster.primary() is primary
    assert book.writer.gap(since) < 1
    assert book.writer.errors == []


def test_a_frozen_guardian_wakes_up_to_the_truth(cluster: RedisCluster, audited: Callable[[], Audited]) -> None:
    old = cluster.primary()
    guardian = cluster.guardian(ordinal(cluster, old))
    with audited() as book:
        guardian.freeze()
        since = time.monotonic()
        old.kill()
        book.writer.until_back(since, 20)
        old.start()
        time.sleep(1)
        guardian.thaw()
        until(lambda: guardian.report()["state"] == "replica")
    assert cluster.primary() is not old


def test_it_ends_at_once_when_told(cluster: RedisCluster) -> None:
    guardian = cluster.guardian(2)
    started = time.monotonic()
    guardian.terminate()
    assert guardian.wait(5) == 0
    assert time.monotonic() - started < 2
    guardian.start()
    until(guardian.ready)


def test_what_is_wrong_in_its_settings_is_said_at_once_and_all_together() -> None:
    env = {"PATH": os.environ["PATH"], "HAVEN_SENTINEL_PING_PERIOD_MS": "100", "HAVEN_GUARDIAN_NODES": "redis-0=a:1"}
    told = subprocess.run(
        [sys.executable, "-m", "app.cli", "guardian"], env=env, capture_output=True, text=True, timeout=30, check=False
    )
    assert told.returncode == 1
    assert "HAVEN_SENTINEL_PING_PERIOD_MS=100: a candidate must have answered within 5 ping periods" in told.stderr
    del env["HAVEN_SENTINEL_PING_PERIOD_MS"]
    told = subprocess.run(
        [sys.executable, "-m", "app.cli", "guardian"], env=env, capture_output=True, text=True, timeout=30, check=False
    )
    for setting in ("HAVEN_GUARDIAN_NAME=None", "REDIS_SENTINEL_HOSTS", "HAVEN_OPS_PORT"):
        assert setting in told.stderr


def test_a_taken_port_is_named(cluster: RedisCluster) -> None:
    twin = cluster.guardian(1)
    told = subprocess.run(
        [sys.executable, "-m", "app.cli", "guardian"],
        env=twin._env,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert told.returncode == 1
    assert f"127.0.0.1:{twin.port}" in told.stderr
    assert "HAVEN_OPS_PORT" in told.stderr
