"""Where a contestant finds Redis and which of its settings is measured: said by the environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

LOOPBACK = "127.0.0.1"
PORT = int(os.environ.get("BENCH_PORT", "0"))
"""Of a single Redis; 0 when Sentinel names the primary."""

SENTINELS = [(LOOPBACK, int(port)) for port in os.environ.get("BENCH_SENTINELS", "").split(",") if port]
MASTER = os.environ.get("BENCH_MASTER", "")
VARIANT = os.environ.get("BENCH_VARIANT", "")


def become(tool: str, *words: str) -> NoReturn:
    """Become a command-line tool of this environment."""
    program = str(Path(sys.executable).parent / tool)
    os.execv(program, [program, *words])  # noqa: S606 - there is no shell to want
