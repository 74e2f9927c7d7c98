"""`haven up` with the real parts, as a newcomer meets it."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from tests.integration.stack.journeys import Client
from tests.integration.stack.running import RunningStack, alive

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.stack


def family(pid: int) -> list[int]:
    return [process.pid for process in psutil.Process(pid).children(recursive=True)]


def parts(stack: RunningStack) -> dict[str, Any]:
    return {part["name"]: part for part in stack.status()["stack"]["parts"]}


def test_the_stack_from_first_start_to_reset(tmp_path: Path) -> None:
    with RunningStack(tmp_path) as stack:
        shown = stack.log.read_text()
        for word in ("redis-1", "sentinel-3", "web", "worker", "subscriber", f":{stack.http}/docs", "kill -9"):
            assert word in shown
        client = Client(stack.url)
        client.login()
        assert client.call("GET", "/api/products")[1]["total"] >= 20
        status, task = client.call("POST", "/api/reports", {"kind": "activity"})
        assert status == 202

        # a second one says what runs, and does no harm
        second = stack.haven("up", "--http-port", str(stack.http + 1))
        assert second.returncode == 3
        assert str(stack.pid) in second.stdout + second.stderr
        assert stack.url in second.stdout + second.stderr
        refused = stack.haven("reset", "--yes")
        assert refused.returncode != 0
        assert stack.data.exists()

        doctor = stack.haven("doctor")
        assert doctor.returncode == 0, doctor.stdout

        # a part that dies comes back, and this is said
        worker = parts(stack)["worker"]["pid"]
        os.kill(worker, signal.SIGKILL)
        end = time.monotonic() + 30
        while parts(stack)["worker"]["pid"] in {worker, None}:
            assert time.monotonic() < end
            time.sleep(0.3)
        assert "SIGKILL" in stack.log.read_text()

        before = family(stack.pid)
        assert len(before) > 8
        seconds = stack.interrupt()
        assert seconds < 5, stack.log.read_text()[-2000:]
        assert [pid for pid in before if alive(pid)] == []

        # everything is still there after a restart
        stack.start()
        assert client.call("GET", "/api/protected")[0] == 200
        end = time.monotonic() + 20
        while client.call("GET", f"/api/tasks/{task['task_id']}")[1]["status"] != "done":
            assert time.monotonic() < end
            time.sleep(0.2)
        stack.interrupt()
        removed = stack.haven("reset", "--yes")
        assert removed.returncode == 0
        assert not stack.data.exists()


def test_a_taken_port_is_named_with_the_option_that_changes_it(tmp_path: Path) -> None:
    stack = RunningStack(tmp_path)
    with socket.create_server(("127.0.0.1", stack.redis + 1)):
        refused = stack.haven(*stack.arguments()[3:])
    text = refused.stdout + refused.stderr
    assert refused.returncode not in {0, 3}
    assert str(stack.redis + 1) in text
    assert "--redis-port" in text
    assert not list(tmp_path.glob("data/redis-*"))


def test_an_event_stream_goes_on_through_a_failover_without_a_gap(stack: RunningStack) -> None:
    stack.wait_healthy(60)
    client = Client(stack.url)
    client.login()
    connection = http.client.HTTPConnection("127.0.0.1", stack.http, timeout=30)
    connection.request("GET", "/api/events", headers={"X-Session-ID": client.session_id or ""})
    answer = connection.getresponse()
    assert answer.status == 200
    seen: list[str] = []

    def listen() -> None:
        with contextlib.suppress(OSError, ValueError, AttributeError):  # however a closed connection shows
            while line := answer.readline():
                if line.startswith(b"data: "):
                    seen.append(line.decode())

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    sent = []
    killed = stack.primary_pid()
    for number in range(60):
        if number == 20:
            os.kill(killed, signal.SIGKILL)
        change = {"name": f"Event {number}", "description": "", "price_cents": 1, "stock": 1}
        assert client.call("PUT", "/api/products/3", change)[0] == 200
        sent.append(f'"Event {number}"')
        time.sleep(0.02)
    end = time.monotonic() + 15
    while len(seen) < len(sent) and time.monotonic() < end:
        time.sleep(0.1)
    assert [name for name in sent if sum(name in line for line in seen) != 1] == []
    connection.close()
    stack.wait_healthy(30)
