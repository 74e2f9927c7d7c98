"""What runs: the state file of `haven up`, and the lock that tells a living one from a stale one."""

import fcntl
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Final, Self

from app.local.errors import LocalError

ALREADY: Final = 3
"""Exit code of a command that a running stack stands in the way of."""
_FILE: Final = "stack.json"
_LOCK: Final = "lock"


@dataclass(frozen=True, slots=True)
class PartState:
    """One part, as last written down by the supervisor."""

    name: str
    pid: int | None
    address: str
    started_at: float
    restarts: int
    once: bool

    @property
    def alive(self) -> bool:
        """Whether its process exists now."""
        return self.pid is not None and pid_alive(self.pid)


@dataclass(frozen=True, slots=True)
class StackState:
    """A running stack."""

    pid: int
    started_at: float
    http_port: int
    redis_ports: list[int]
    sentinel_ports: list[int]
    ops_ports: list[int]
    environment: dict[str, str]
    guardian_ports: list[int] = field(default_factory=list)
    parts: list[PartState] = field(default_factory=list)
    prometheus_port: int | None = None

    @property
    def urls(self) -> dict[str, str]:
        """What can be opened in a browser."""
        web = f"http://127.0.0.1:{self.http_port}"
        urls = {
            "application": f"{web}/",
            "operations page": f"{web}/ops",
            "API documentation": f"{web}/docs",
            "web metrics": f"{web}/metrics",
        }
        for name, port in zip(("worker", "subscriber"), self.ops_ports, strict=False):
            urls[f"{name} metrics"] = f"http://127.0.0.1:{port}/metrics"
        for place, port in enumerate(self.guardian_ports, start=1):
            urls[f"guardian-{place} status"] = f"http://127.0.0.1:{port}/status"
        if self.prometheus_port:
            urls["Prometheus alerts"] = f"http://127.0.0.1:{self.prometheus_port}/api/v1/alerts"
        return urls

    def write(self, data: Path) -> None:
        """Write it down, whole or not at all."""
        draft = data / f"{_FILE}.new"
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n")
        draft.replace(data / _FILE)

    @classmethod
    def read(cls, data: Path) -> Self | None:
        """Read the last one written, whether that stack still runs or not; None if there is none."""
        try:
            fields: dict[str, Any] = json.loads((data / _FILE).read_text())
            fields["parts"] = [PartState(**part) for part in fields["parts"]]
            return cls(**fields)
        except (OSError, ValueError, TypeError, KeyError):
            return None


def running(data: Path) -> StackState | None:
    """Return the stack that runs on this directory now; None if none does, whatever the state file says."""
    try:
        with (data / _LOCK).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return None
    except BlockingIOError:
        return StackState.read(data)
    except OSError:
        return None


class Claim:
    """The right to run a stack on a directory. It ends with the process that holds it, however that ends.

    Raises:
        LocalError: a stack runs there already.
    """

    def __init__(self, data: Path) -> None:
        data.mkdir(parents=True, exist_ok=True)
        self._data = data
        self._file: IO[bytes] = (data / _LOCK).open("ab")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise LocalError(f"a stack runs on {data} already", remedy="haven status") from None

    def release(self) -> None:
        """Give it up and forget the state."""
        (self._data / _FILE).unlink(missing_ok=True)
        self._file.close()


def pid_alive(pid: int) -> bool:
    """Say whether a process exists; one that has ended and was not yet collected does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return not Path("/proc/self").exists()
