"""Starting a contestant's programs: its producer, which answers, and its worker, which runs until it is ended."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.local.process import Process
from tests.bench.tasks.environments import ROOT, Unavailable, python_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.tasks.contestants import Contestant

PREFIXES = ("HAVEN_", "REDIS_", "BENCH_")
REAPED = 5.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where Redis is.

    Attributes:
        port: of a single Redis; 0 under Sentinel.
        sentinels: their ports.
        master: the primary's name at the Sentinels.
    """

    port: int = 0
    sentinels: tuple[int, ...] = ()
    master: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """As ``places.py`` reads it."""
        ports = ",".join(map(str, self.sentinels))
        return {"BENCH_PORT": str(self.port), "BENCH_SENTINELS": ports, "BENCH_MASTER": self.master}


class Programs:
    """One contestant's programs.

    Args:
        contestant: whose.
        address: where Redis is.
        directory: for the worker's log and what its tasks write.
    """

    def __init__(self, contestant: Contestant, address: Address, directory: Path) -> None:
        self.contestant = contestant
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.file = directory / "tasks"
        self._python = python_of(contestant)
        outside = {name: value for name, value in os.environ.items() if not name.startswith(PREFIXES)}
        self._environment = {
            **outside,
            **address.environment,
            "BENCH_VARIANT": contestant.variant,
            "BENCH_FILE": str(self.file),
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
        }

    def command(self, *words: object) -> list[str]:
        """The command line of ``run.py``."""
        return [str(self._python), "-m", "tests.bench.tasks.run", self.contestant.module, *map(str, words)]

    def ask(self, *words: object, timeout: float) -> dict[str, Any]:
        """Run a command of the producer and return its answer.

        Raises:
            Unavailable: it fails or takes longer than `timeout` seconds.
        """
        try:
            done = subprocess.run(
                self.command(*words),
                cwd=self.directory,
                env=self._environment,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Unavailable(f"{words[0]}: not done within {timeout:g} s") from None
        if done.returncode:
            raise Unavailable(f"{words[0]}: {last_line(done.stderr)}")
        answer: dict[str, Any] = json.loads(last_line(done.stdout))
        return answer

    def worker(self, count: int = 0) -> Process:
        """The worker, not started yet; its tasks write into an empty file.

        Args:
            count: of the tasks, the first and this one write the time; 0: each does.
        """
        self.file.write_bytes(b"")
        environment = {**self._environment, "BENCH_COUNT": str(count)}
        return Process(self.command("worker"), self.directory / "worker", env=environment, cwd=self.directory)

    def producer(self, number: int, rate: int, journal: Path) -> Process:
        """A producer of so many tasks, so many a second, not started yet."""
        words = self.command("produce", number, rate, journal)
        return Process(words, self.directory / "producer", env=self._environment, cwd=self.directory)

    def last_words(self) -> str:
        """The last line of the worker's log."""
        log = self.directory / "worker" / "log"
        return last_line(log.read_text(errors="replace")) if log.exists() else ""


def end(process: Process) -> None:
    """End it at once (SIGKILL), with the processes it has started; also what it left behind when it ended itself."""
    process.sweep()
    process.wait(REAPED)


def last_line(text: str) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "without a word"
