"""The probe as a process of this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.drill.experiment import Probes
    from app.local.state import StackState

_GRACE: Final = 5.0


class LocalClients:
    """A child process that writes lines.

    Args:
        data: the stack's directory.
        stack: that runs on it.
        run: the drill's id.
        probes: what clients do.
        longest: seconds after which they end by themselves.
    """

    def __init__(self, data: Path, stack: StackState, run: str, probes: Probes, longest: float) -> None:
        url = f"http://127.0.0.1:{stack.http_port}"
        command = [
            *(sys.executable, "-m", "app.cli", "drill", "probe"),
            *("--run", run, "--url", url, "--longest", f"{longest:g}"),
            *("--probes", probes.model_dump_json(), "--data", str(data)),
        ]
        self._log = (data / "drill-probe.log").open("ab")
        # a session of its own: a Ctrl-C is for the drill, which undoes its fault while the clients still look on
        self._child = subprocess.Popen(  # noqa: S603 - ours
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log, start_new_session=True,
            text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )  # fmt: skip

    def lines(self) -> Iterator[str]:
        """What it tells, until it has ended."""
        assert self._child.stdout is not None  # noqa: S101 - a pipe was asked for
        yield from self._child.stdout

    def stop(self) -> None:
        """Tell it to end and to audit."""
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)

    def close(self) -> None:
        """End it."""
        self.stop()
        try:
            self._child.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._log.close()
