"""A process that measures one library, in that library's own environment, and answers what it is asked."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

from tests.bench.tasks.environments import ROOT, python_of

if TYPE_CHECKING:
    from tests.bench.tasks.contestants import Contestant

PLACE = "tests.bench.patterns"


class Side:
    """One of them.

    Args:
        script: what it runs, a module of this folder: it reads lines ``WHAT NUMBER`` and prints JSON.
        contestant: the library.
        words: what the script gets besides the contestant's module.
    """

    def __init__(self, script: str, contestant: Contestant, *words: str) -> None:
        outside = {name: value for name, value in os.environ.items() if not name.startswith(("HAVEN_", "REDIS_"))}
        self._process = subprocess.Popen(
            [str(python_of(contestant)), "-m", f"{PLACE}.{script}", contestant.module, *words],
            cwd=ROOT,
            env={**outside, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, what: str, number: int) -> Any:
        """Have it measure something."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{what} {number}\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def end(self) -> None:
        """Let it end."""
        self._process.communicate()
