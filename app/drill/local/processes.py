"""Processes of the stack: killed, frozen, and always thawed again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.drill.target import Fault
from app.errors import DrillError
from app.local.state import pid_alive

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.local.state import PartState

_SPARE: Final = 20
# A frozen process must not stay so because the drill was killed: this one outlives it, and thaws.
_THAW: Final = """
import os, signal, sys, time
time.sleep(float(sys.argv[1]))
for pid in sys.argv[2:]:
    try:
        os.kill(int(pid), signal.SIGCONT)
    except OSError:
        pass
"""


def stopped(pid: int) -> bool:
    """Whether a process is frozen; always false where there is no /proc."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[0] in {"T", "t"}
    except (OSError, IndexError):
        return False


class Kill(Fault):
    """SIGKILL; the stack's supervisor starts them again.

    Args:
        names: of the parts.
        parts: all that run now.
        first: done just before, with the parts that are to die.
    """

    def __init__(
        self,
        names: Sequence[str],
        parts: Callable[[], Sequence[PartState]],
        first: Callable[[], str] = lambda: "",
    ) -> None:
        self._names = names
        self._parts = parts
        self._first = first
        self._victims = _find(names, parts)

    def begin(self) -> str:
        """Kill them, all in one go."""
        before = self._first()
        for pid in self._victims.values():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return before + "kill -9 " + _named(self._victims)

    def fired(self) -> bool:
        """Whether they are gone."""
        return not any(map(pid_alive, self._victims.values()))

    def residue(self) -> list[str]:
        """Those that were not started again."""
        back = {part.name for part in self._parts() if part.alive}
        return [
            f"{name} does not run: see its log, or start the stack again" for name in self._names if name not in back
        ]


class Freeze(Fault):
    """SIGSTOP, then SIGCONT, or SIGKILL for those that are to wake up anew.

    Args:
        names: of the parts.
        parts: all that run now.
        seconds: how long it is to be, at most.
        reborn: end it by SIGKILL: as a machine that lost power comes back.
    """

    def __init__(
        self, names: Sequence[str], parts: Callable[[], Sequence[PartState]], seconds: float, *, reborn: bool = False
    ) -> None:
        self._parts = parts
        self._seconds = seconds
        self._reborn = reborn
        self._victims = _find(names, parts)
        self._thawer: subprocess.Popen[bytes] | None = None

    def begin(self) -> str:
        """Freeze them."""
        pids = list(self._victims.values())
        command = [sys.executable, "-I", "-S", "-c", _THAW, str(self._seconds + _SPARE), *map(str, pids)]
        null = subprocess.DEVNULL  # whoever reads what the drill prints must not wait for this one
        self._thawer = subprocess.Popen(command, start_new_session=True, stdin=null, stdout=null, stderr=null)  # noqa: S603 - ours
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        return ("power off: " if self._reborn else "freeze ") + _named(self._victims)

    def fired(self) -> bool:
        """Whether they stand still."""
        return all(map(stopped, self._victims.values())) or not Path("/proc/self").exists()

    def end(self) -> None:
        """Thaw them."""
        for pid in self._victims.values():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if self._reborn else signal.SIGCONT)
        if self._thawer:
            self._thawer.kill()
            self._thawer.wait()
            self._thawer = None

    def residue(self) -> list[str]:
        """Parts that are frozen still, whoever did it."""
        return frozen(self._parts())


def frozen(parts: Sequence[PartState]) -> list[str]:
    """Which parts stand still, with the remedy."""
    return [f"{part.name} is frozen: kill -CONT {part.pid}" for part in parts if part.pid and stopped(part.pid)]


def _find(names: Sequence[str], parts: Callable[[], Sequence[PartState]]) -> dict[str, int]:
    running = {part.name: part.pid for part in parts() if part.alive and part.pid}
    for name in names:
        if name not in running:
            raise DrillError(f"{name} does not run: see `haven status`")
    return {name: running[name] for name in names}


def _named(victims: dict[str, int]) -> str:
    return ", ".join(f"{name} (pid {pid})" for name, pid in victims.items())
