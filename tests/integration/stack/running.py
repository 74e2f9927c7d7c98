"""`haven up` as a user runs it: a process of its own, told to end by Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Self

from app.local.ports import free_ports, is_free

if TYPE_CHECKING:
    from pathlib import Path

START = 90.0


class RunningStack:
    """Starts the stack on free ports and ends it.

    Args:
        directory: for its data and its output.
        more: further options of `haven up`.
    """

    def __init__(self, directory: Path, *more: str) -> None:
        self._more = more
        self.data = directory / "data"
        self.log = directory / "up.log"
        self.http, self.redis, self.sentinel, self.ops, self.guardian = _rows(1, 3, 3, 2, 3)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def arguments(self) -> list[str]:
        ports = {
            "http": self.http,
            "redis": self.redis,
            "sentinel": self.sentinel,
            "ops": self.ops,
            "guardian": self.guardian,
        }
        options = [word for name, port in ports.items() for word in (f"--{name}-port", str(port))]
        return [sys.executable, "-m", "app.cli", "up", "--data", str(self.data), *options, *self._more]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.interrupt()

    def start(self) -> None:
        before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            # a session of its own: a Ctrl-C at pytest must not reach it twice
            self._process = subprocess.Popen(self.arguments(), stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + START
        while b"Ctrl-C ends everything" not in self.log.read_bytes()[before:]:
            assert self._process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < end, self.log.read_text()[-3000:]
            time.sleep(0.1)

    def interrupt(self) -> float:
        """Ctrl-C; seconds until it has ended."""
        if self._process is None or self._process.poll() is not None:
            return 0.0
        started = time.monotonic()
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        return time.monotonic() - started

    def haven(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "app.cli", *words, "--data", str(self.data)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.haven("status", "--json").stdout)
        return found

    def wait_healthy(self, seconds: float) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while True:
            status = self.status()
            if status["status"] == "healthy":
                return status
            assert time.monotonic() < end, f"{json.dumps(status, indent=1)}\n{self.log.read_text()[-5000:]}"
            time.sleep(0.5)

    def redis_pid(self, port: int) -> int:
        return int((self.data / f"redis-{port - self.redis + 1}" / "redis" / "pid").read_text())

    def primary_pid(self) -> int:
        addresses = [node["address"] for node in self.status()["redis"] if node["role"] == "primary"]
        assert len(addresses) == 1, addresses
        return self.redis_pid(int(addresses[0].rpartition(":")[2]))


def _rows(*lengths: int) -> list[int]:
    """For each length the first of that many free ports in a row; no port is in two rows."""
    taken: set[int] = set()
    firsts: list[int] = []
    for length in lengths:
        row: set[int] = set()
        while not row:
            first = free_ports(1)[0]
            ports = set(range(first, first + length))
            if not ports & taken and all(is_free(port) for port in ports):
                row = ports
        taken |= row
        firsts.append(min(row))
    return firsts


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
