"""Tasks whose every run is written down, in a place that no fault touches: a file that is only ever appended to."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from app.tasks import Backoff, Limit, current, task

if TYPE_CHECKING:
    from pathlib import Path

AUDIT = "HAVEN_AUDIT"
SOON = Backoff(base=0.5, cap=2.0)


def write_down(what: str) -> None:
    """Add a line for the task that runs here: what, id, process; lines this short are never mixed."""
    file = os.open(os.environ[AUDIT], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, f"{what} {current().task_id} {os.getpid()} {time.monotonic_ns()}\n".encode())
    os.close(file)


@task()
def plain(milliseconds: int) -> int:
    """Take some time."""
    write_down("began")
    time.sleep(milliseconds / 1000)
    write_down("ended")
    return milliseconds


@task(backoff=SOON)
def flaky() -> str:
    """Fail at first."""
    if current().number == 1:
        raise OSError("not yet")
    write_down("began")
    write_down("ended")
    return "mended"


@task(limit=Limit(concurrency=4))
def narrow() -> None:
    """Four at a time."""
    write_down("began")
    time.sleep(0.005)
    write_down("ended")


class Audit:
    """What the file says.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()

    def ends(self) -> dict[str, list[int]]:
        """For each task the processes in which it came to its end, in order."""
        found: dict[str, list[int]] = {}
        for line in self.path.read_text(encoding="utf-8").splitlines():
            what, task_id, pid, _ = line.split()
            if what == "ended":
                found.setdefault(task_id, []).append(int(pid))
        return found
