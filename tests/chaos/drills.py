"""Every drill that runs on one machine, one after the other, on a stack of its own.

Usage: python -m tests.chaos.drills [NAME…]
Reports go to .haven/drills. Goes on after one that deviated, and then ends with status 1.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from app.drill.catalog import find, names
from tests.integration.stack.running import RunningStack

REPORTS = Path(".haven", "drills")


def main(wanted: list[str]) -> int:
    """Run them; how many were not as promised."""
    local = wanted or [name for name in names() if "local" in find(name).targets]
    ends: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as directory, RunningStack(Path(directory)) as stack:
        for name in local:
            options = ["--yes", "--data", str(stack.data), "--out", str(REPORTS)]
            command = [sys.executable, "-m", "app.cli", "drill", "run", name, *options]
            ends[name] = subprocess.run(command, check=False, timeout=900).returncode
    for name, status in ends.items():
        print(f"{name}: {'held' if status == 0 else f'exit code {status}, see docs/drills.md'}")
    return sum(status != 0 for status in ends.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) > 0)
