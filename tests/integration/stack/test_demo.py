"""`haven up --demo`: the stack with visitors and a Prometheus."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from app.local.errors import LocalError
from app.local.ports import free_ports
from app.local.prometheus import Prometheus, find_prometheus
from tests.integration.stack.running import RunningStack, alive

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.stack

PODS = {"web", "worker", "subscriber", "redis-1", "redis-2", "redis-3"}
SENT = 'sum(haven_http_request_duration_seconds_count{route="/api/products"})'


def visitors(stack: RunningStack) -> tuple[int, int]:
    """How many came so far, and how many of them failed, by the last line that the load wrote."""
    found = re.findall(r"(\S+) sent, .*?(\d+) failed", (stack.data / "load" / "log").read_text())
    return (int(found[-1][0].replace(",", "")), int(found[-1][1])) if found else (0, 0)


def wait_for_visitors(stack: RunningStack, count: int) -> None:
    end = time.monotonic() + 60
    while visitors(stack)[0] < count:
        assert time.monotonic() < end, stack.log.read_text()[-3000:]
        time.sleep(0.3)


def test_the_demonstration_from_start_to_end(tmp_path: Path) -> None:
    try:
        find_prometheus()
    except LocalError as error:
        pytest.skip(str(error))
    (port,) = free_ports(1)
    with RunningStack(tmp_path, "--demo", "--prometheus-port", str(port)) as stack:
        shown = stack.log.read_text()
        assert f"http://127.0.0.1:{port}/api/v1/alerts" in shown
        assert f"{stack.url}/ops" in shown
        assert re.search(r"✓ load +5 visitors a second", shown)

        prometheus = Prometheus(tmp_path / "unused", [], port=port)
        end = time.monotonic() + 30
        while {each.labels["pod"] for each in prometheus.query("up == 1")} != PODS or not prometheus.query(SENT):
            assert time.monotonic() < end, prometheus.query("up")
            time.sleep(0.3)
        guardians = prometheus.query('haven_guardian_primaries_nodes{component="redis"}')
        assert {each.labels["pod"]: each.value for each in guardians} == {"redis-1": 1, "redis-2": 1, "redis-3": 1}

        # the visitors ride through a failover
        wait_for_visitors(stack, 40)
        os.kill(stack.primary_pid(), signal.SIGKILL)
        before = visitors(stack)[0]
        wait_for_visitors(stack, before + 50)
        assert visitors(stack)[1] == 0, stack.log.read_text()[-3000:]

        # and without the web application they fail, but stay, and the stack does
        stack.wait_healthy(60)
        parts = {part["name"]: part["pid"] for part in stack.status()["stack"]["parts"]}
        os.kill(parts["web"], signal.SIGKILL)
        before = visitors(stack)[0]
        wait_for_visitors(stack, before + 50)
        after = {part["name"]: part["pid"] for part in stack.status()["stack"]["parts"]}
        assert after["load"] == parts["load"]
        assert after["web"] != parts["web"]

        # if they are killed they come back
        os.kill(parts["load"], signal.SIGKILL)
        log = stack.data / "load" / "log"
        end = time.monotonic() + 60
        while log.read_text().count("visitors a second to") < 2:
            assert time.monotonic() < end
            time.sleep(0.3)

        family = [process.pid for process in psutil.Process(stack.pid).children(recursive=True)]
        assert len(family) > 10
        assert stack.interrupt() < 10, stack.log.read_text()[-2000:]
        end = time.monotonic() + 5  # one that was killed as the last is collected by init
        while left := [pid for pid in family if alive(pid)]:
            assert time.monotonic() < end, left
            time.sleep(0.1)
    assert "interrupted after" in log.read_text()


def test_without_a_prometheus_it_says_how_to_get_one_and_goes_on(tmp_path: Path) -> None:
    stack = RunningStack(tmp_path, "--demo", "--prometheus-port", str(free_ports(1)[0]))
    env = os.environ | {"HAVEN_PROMETHEUS": str(tmp_path / "none")}
    with stack.log.open("wb") as log:
        process = subprocess.Popen(stack.arguments(), stdout=log, stderr=log, env=env, start_new_session=True)
    try:
        end = time.monotonic() + 90
        while "Ctrl-C ends everything" not in stack.log.read_text():
            assert process.poll() is None, stack.log.read_text()[-3000:]
            assert time.monotonic() < end
            time.sleep(0.2)
        shown = stack.log.read_text()
        assert "Without Prometheus: HAVEN_PROMETHEUS=" in shown
        assert "Prometheus alerts" not in shown
        assert json.loads((stack.data / "stack.json").read_text())["prometheus_port"] is None
        wait_for_visitors(stack, 1)
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


def test_a_taken_port_of_prometheus_is_named(tmp_path: Path) -> None:
    stack = RunningStack(tmp_path)
    taken = [*stack.arguments(), "--demo", "--prometheus-port", str(stack.http)]
    done = subprocess.run(taken, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"port {stack.http} is wanted by both web and prometheus (--prometheus-port)" in done.stdout
