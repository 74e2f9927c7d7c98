"""A process that never outlives this one."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from app.local import tether

_REAP: Final = 5.0
_log = logging.getLogger(__name__)

# A child is tied to the thread that starts it, so all are started by one thread that lives as long as the interpreter.
_SPAWNER: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="haven-spawner")


class Process:
    """One command with its log and pid file; may be started again after it has ended.

    Args:
        command: the program and its arguments.
        directory: where the process runs; `log` and `pid` are kept here.
        env: its whole environment; None passes on ours.
        stdin: a file to read from; None reads nothing.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        directory: Path,
        *,
        env: Mapping[str, str] | None = None,
        stdin: Path | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.command = [str(word) for word in command]
        self.directory = directory
        self.log = directory / "log"
        self.started_at = 0.0
        self._cwd = cwd or directory
        self._env = env
        self._stdin = stdin
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Its process id, kept after its end; None if it was never started."""
        return self._child.pid if self._child else None

    @property
    def alive(self) -> bool:
        """Whether it runs (frozen counts as running)."""
        return self._child is not None and self._child.poll() is None

    @property
    def status(self) -> int | None:
        """How it ended: its exit code, or minus the number of the signal; None while it runs."""
        return self._child.poll() if self._child else None

    def start(self) -> None:
        """Start it unless it runs already."""
        if self.alive:
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        self._child = _SPAWNER.submit(self._spawn).result()
        self.started_at = time.time()
        (self.directory / "pid").write_text(f"{self._child.pid}\n")

    def _spawn(self) -> subprocess.Popen[bytes]:
        tied = [sys.executable, "-I", "-S", tether.__file__, str(os.getpid()), *self.command]
        with self.log.open("ab") as log, (self._stdin or Path(os.devnull)).open("rb") as stdin:
            # A session of its own: Ctrl-C in the terminal reaches us alone, and we end it in order.
            return subprocess.Popen(  # noqa: S603 - commands are ours
                tied, stdin=stdin, stdout=log, stderr=log, env=self._env, cwd=self._cwd, start_new_session=True
            )

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; nothing happens if it has ended."""
        if self._child:
            self._child.send_signal(number)

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait until it ends and return its status; None if it still runs after `timeout` seconds."""
        if not self._child:
            return None
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._child.wait(timeout)
        return None

    def kill(self) -> None:
        """End it and its own children the hard way (SIGKILL); returns when it is gone."""
        if self.alive:
            self.sweep()
            self.wait(_REAP)

    def freeze(self) -> None:
        """Stop it in its tracks (SIGSTOP): it holds its connections and answers nobody."""
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen process go on (SIGCONT)."""
        self.signal(signal.SIGCONT)

    def terminate(self) -> None:
        """Ask it to end (SIGTERM), also when it is frozen; returns at once."""
        if self.alive:
            self.signal(signal.SIGTERM)
            self.signal(signal.SIGCONT)

    def stop(self, grace: float) -> None:
        """Ask it to end, and end it the hard way after `grace` seconds."""
        self.terminate()
        if self.wait(grace) is None and self.alive:
            _log.warning("%s did not end within %.1f s of SIGTERM and is killed", self.directory, grace)
        if self._child:
            self.sweep()
            self.wait(_REAP)
        (self.directory / "pid").unlink(missing_ok=True)

    def sweep(self) -> None:
        """Kill what is left of its process group: a server may leave children behind."""
        if self._child:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._child.pid, signal.SIGKILL)
