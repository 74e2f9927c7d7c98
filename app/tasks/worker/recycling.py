"""When a worker's process is to end by itself, so that what leaks in a handler stays bounded."""

from __future__ import annotations

import itertools
import random
import time
from pathlib import Path

PERIOD = 5.0
PAGE = 4096
JITTER = 0.1


class Recycling:
    """Counts tasks and looks at the memory.

    Args:
        tasks: end after about so many; 0 for never. A tenth more or less, so that processes don't end together.
        megabytes: end when the process has so many resident; 0 for any number.
    """

    def __init__(self, tasks: int = 0, megabytes: int = 0) -> None:
        self._tasks = round(tasks * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311 - jitter, no secret
        self._bytes = megabytes << 20
        self._count = itertools.count(1)
        self._look_at = 0.0

    def is_due(self) -> bool:
        """Whether it is time; called after every task."""
        return bool(self._tasks and next(self._count) >= self._tasks) or self._is_fat()

    def _is_fat(self) -> bool:
        now = time.monotonic()
        if not self._bytes or now < self._look_at:
            return False
        self._look_at = now + PERIOD
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE > self._bytes
