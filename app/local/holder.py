"""Who holds a port of this machine."""

import contextlib
import shutil
import subprocess
from pathlib import Path
from typing import Final

_TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTEN: Final = "0A"
_TIMEOUT: Final = 3.0


def holder(port: int) -> str:
    """Name the process that listens on a port: `redis-server (pid 42)`; empty when that can't be found out."""
    pid = _from_proc(port) if _TABLES[0].exists() else _from_lsof(port)
    return f"{_program(pid)} (pid {pid})" if pid else ""


def _from_proc(port: int) -> int | None:
    inodes = set()
    for table in _TABLES:
        with contextlib.suppress(OSError):
            for line in table.read_text().splitlines()[1:]:
                columns = line.split()
                if columns[3] == _LISTEN and int(columns[1].rsplit(":", 1)[1], 16) == port:
                    inodes.add(f"socket:[{columns[9]}]")
    if not inodes:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            for handle in (process / "fd").iterdir():
                with contextlib.suppress(OSError):
                    if str(handle.readlink()) in inodes:
                        return int(process.name)
    return None


def _from_lsof(port: int) -> int | None:
    lsof = shutil.which("lsof")
    if not lsof:
        return None
    with contextlib.suppress(OSError, subprocess.TimeoutExpired, ValueError):
        found = subprocess.run(  # noqa: S603 - a number is all that varies
            [lsof, "-nP", "-t", f"-iTCP:{port}", "-sTCP:LISTEN"],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        ).stdout
        return int(found.split()[0]) if found.split() else None
    return None


def _program(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return "a process"
