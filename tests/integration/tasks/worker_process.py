"""Tasks that leave a trace, take their time, or kill their worker."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from app.tasks import registry


def trace(name: str, what: str) -> None:
    """Add a line to the file of that name; lines this short are never mixed."""
    directory = Path(os.environ["HAVEN_FILES_DIR"])
    directory.mkdir(parents=True, exist_ok=True)
    file = os.open(directory / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, f"{what} {os.getpid()}\n".encode())
    os.close(file)


@registry.task()
def nap(name: str, seconds: float) -> str:
    """Sleep."""
    trace(name, "began")
    time.sleep(seconds)
    trace(name, "ended")
    return name


@registry.task()
def kill_worker(name: str) -> None:
    """End the whole process as an exhausted memory would."""
    trace(name, "began")
    os.kill(os.getpid(), signal.SIGKILL)
