"""Rounds of chaos, one seed after the other, for as long as asked.

Usage: python -m tests.chaos.soak [--minutes N] [--seed N]
Ends at the first round in which something was lost or doubled, leaves all its files, and says how to replay it.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.faults import FAULTS, TASKS, plan
from tests.chaos.round import Round


def say(text: str) -> None:
    """Print at once."""
    print(text, flush=True)


def main() -> None:
    """Go on until the time is over."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long (default: 60)")
    parser.add_argument("--seed", type=int, help="replay one round")
    asked = parser.parse_args()
    end = time.monotonic() + asked.minutes * 60
    rounds = 0
    while True:
        seed = asked.seed if asked.seed is not None else random.randrange(1 << 32)
        directory = Path(tempfile.mkdtemp(prefix="haven-chaos-"))
        say(f"=== seed {seed}, in {directory}")
        with Round(directory / "round") as chaos:
            verdict = chaos.run(TASKS, plan(seed, FAULTS, clocks=chaos.clock is not None), say)
        rounds += 1
        say(f"=== round {rounds}: {verdict}")
        if verdict.failed or verdict.lost or verdict.doubled or verdict.workers_lost:
            say(f"failed: {verdict.failed[:5]}; lost: {verdict.lost[:20]}; doubled: {verdict.doubled[:20]}")
            sys.exit(f"replay: make soak ARGS='--seed {seed}'; the files are in {directory}")
        shutil.rmtree(directory)
        if asked.seed is not None or time.monotonic() >= end:
            return


if __name__ == "__main__":
    main()
