"""Several worker processes under one: started again when they end, stopped together, one set of probes and metrics."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from app.backoff import jittered
from app.local import tether
from app.ops.heart import HeartFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

log = structlog.get_logger(__name__)

LOOK = 0.1
SETTLED = 10.0
"""Seconds after which a process counts as having started well."""
PAUSE_BASE = 0.2
PAUSE_CAP = 10.0
OVERTIME = 3.0
"""Seconds beyond the grace: enough to hand back across a failover, and within the 5 after which a pod is killed."""


@dataclass(slots=True)
class Member:
    """One place in the crew and the process that has it now."""

    heart: HeartFile
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    not_before: float = 0.0
    failures: int = 0


@dataclass(slots=True)
class Crew:
    """Keeps worker processes running.

    Attributes:
        command: what each of them runs.
        environment: of each of them.
        directory: for their signs of life.
        size: how many.
        grace: seconds they get to end in after :meth:`stop`; then they are killed, and their leases run out.
        ended: called with the process id of each that has ended.
    """

    command: Sequence[str]
    environment: Mapping[str, str]
    directory: Path
    size: int
    grace: float
    ended: Callable[[int], None]
    patience: float = 60.0
    ready_grace: float = 15.0
    members: list[Member] = field(default_factory=list)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Give each its place."""
        self.members = [Member(HeartFile(self.directory / f"worker-{place}")) for place in range(self.size)]

    @property
    def alive(self) -> bool:
        """Whether this process still looks after them; it ends those that are stuck itself."""
        return True

    @property
    def ready(self) -> bool:
        """Whether each of them got something done lately."""
        return all(member.heart.since_beat() < self.ready_grace for member in self.members)

    def stop(self) -> None:
        """Let them end."""
        self._stopped.set()

    def run(self) -> None:
        """Keep them running until stopped, then see them out."""
        while not self._stopped.wait(LOOK):
            for member in self.members:
                self._look_after(member)
        for member in self.members:
            if member.process:
                member.process.terminate()
        end = time.monotonic() + self.grace + OVERTIME
        for member in self.members:
            if member.process:
                self._see_out(member.process, end)

    def _look_after(self, member: Member) -> None:
        process = member.process
        now = time.monotonic()
        if process is not None and process.poll() is not None:
            self._note_end(member, process, now)
        elif process is None and now >= member.not_before:
            self._start(member, now)
        elif process is not None and now - member.started > self.patience < member.heart.since_turn():
            log.error("worker.stuck", pid=process.pid, why=f"no turn for {self.patience:g} s; it is killed")
            process.kill()

    def _start(self, member: Member, now: float) -> None:
        member.heart.forget()
        environment = {**self.environment, "HAVEN_HEART_FILE": str(member.heart.path)}
        tied = [sys.executable, "-I", "-S", tether.__file__, str(os.getpid()), *self.command]
        member.process = subprocess.Popen(tied, env=environment)  # noqa: S603 - our own command
        member.started = now

    def _note_end(self, member: Member, process: subprocess.Popen[bytes], now: float) -> None:
        member.process = None
        self.ended(process.pid)
        if process.returncode == 0:  # recycled: another one at once
            member.failures = 0
            log.info("worker.recycled", pid=process.pid)
            return
        member.failures = 1 if now - member.started > SETTLED else member.failures + 1
        pause = jittered(member.failures, base=PAUSE_BASE, cap=PAUSE_CAP)
        member.not_before = now + pause
        log.warning("worker.ended", pid=process.pid, code=process.returncode, again_in=round(pause, 2))

    def _see_out(self, process: subprocess.Popen[bytes], end: float) -> None:
        try:
            process.wait(max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("worker.killed", pid=process.pid, why=f"it did not end in {self.grace + OVERTIME:g} s")
            process.send_signal(signal.SIGKILL)
            process.wait()
        self.ended(process.pid)
