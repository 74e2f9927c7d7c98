"""The patterns beside the libraries that one would take instead, on the same server, in one run.

Usage: python -m tests.bench.patterns [--turns N]. Each part prints its table and its goals; 1 when one is missed.
"""

from __future__ import annotations

import sys

from tests.bench.patterns import caches, limits

PARTS = (caches, limits)


def main() -> int:
    """Every part, in turn."""
    missed = 0
    for part in PARTS:
        print(f"{(part.__doc__ or '').splitlines()[0]}\n")
        missed |= part.main()
        print()
    return missed


if __name__ == "__main__":
    sys.exit(main())
