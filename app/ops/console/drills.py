"""Starting a drill from the operations page: in development, beside a local stack, and nowhere else."""

from __future__ import annotations

import fcntl
import functools
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from app.errors import DrillRuns
from app.ops import metrics_files

PROGRAM: Final = (sys.executable, "-m", "app.cli")
DATA: Final = "HAVEN_DATA"
TAIL: Final = 40
_PATIENCE: Final = 0.2
_LONGEST: Final = 64 * 1024
_LOG: Final = "console-drill.log"
_LOCK: Final = "console-drill.lock"


@dataclass(frozen=True, slots=True)
class Output:
    """What the last drill started here has written so far."""

    running: bool
    lines: list[str]


class Starter:
    """Starts drills on the local stack, one at a time, whichever process of the web application is asked.

    A drill outlives the process that started it: it may be about restarting that, and has to put back what it broke.
    The lock is a file that the drill itself holds open, so it ends with the drill.

    Args:
        data: the stack's directory.
    """

    def __init__(self, data: Path) -> None:
        self._data = data

    @classmethod
    def here(cls, environment: str) -> Starter | None:
        """The one of this process; None: it is no development, or no local stack.

        Args:
            environment: HAVEN_ENV.
        """
        data = os.environ.get(DATA)
        return cls(Path(data)) if data and environment == "development" else None

    @staticmethod
    @functools.cache
    def names() -> tuple[str, ...]:
        """What can be started here."""
        from app.drill.catalog import everything  # noqa: PLC0415 - a web process needs no experiments but for this

        return tuple(experiment.name for experiment in everything() if "local" in experiment.targets)

    def start(self, name: str) -> None:
        """Begin.

        Args:
            name: one of :meth:`names`.

        Raises:
            DrillRuns: another one does.
        """
        with (self._data / _LOCK).open("ab") as lock:
            self._claim(lock)
            command = ["haven", "drill", "run", name, "--target", "local", "--yes", "--data", str(self._data)]
            command += ["--out", str(self._data / "drills")]
            with (self._data / _LOG).open("w") as output:
                output.write(f"$ {' '.join(command)}\n")
                output.flush()
                process = subprocess.Popen(  # noqa: S603 - the name is one of ours
                    [*PROGRAM, *command[1:]],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=self._environment(),
                    pass_fds=(lock.fileno(),),
                    start_new_session=True,
                )
        threading.Thread(target=self._see_off, args=(process,), name="haven-console-drill", daemon=True).start()

    def output(self) -> Output:
        """How far it is."""
        try:
            text = (self._data / _LOG).read_bytes()[-_LONGEST:].decode(errors="replace")
        except FileNotFoundError:
            text = ""
        lines = [line.rpartition("\r")[2] for line in text.splitlines()]
        return Output(self._runs(), lines[-TAIL:])

    def _claim(self, lock: IO[bytes]) -> None:
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:  # or somebody looks at this moment whether one runs
                if time.monotonic() > end:
                    raise DrillRuns("a drill runs already: wait for its end") from None
                time.sleep(0.01)
            else:
                return

    def _runs(self) -> bool:
        with (self._data / _LOCK).open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def _see_off(self, process: subprocess.Popen[bytes]) -> None:
        code = process.wait()
        with (self._data / _LOG).open("a") as output:
            output.write(f"exit code {code}\n")

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name != metrics_files.VARIABLE}
        return kept | {DATA: str(self._data), "NO_COLOR": "1"}
