"""Haven's cache beside Flask-Caching, dogpile.cache and cashews, on the same server, in one run.

Usage: python -m tests.bench.patterns.caches [--turns N]. All of them run at once and are asked in turn, for 100 hits
each time, so that what the machine does besides meets them alike. Ratios are taken within a turn, to a GET of plain
redis-py and ``json.loads`` of the same value in the same environment; medians are quoted. Then thirty ask at once for
what is not there, and for what has just expired: how often it was loaded, and how long the last had to wait, by the
time of a load.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from app.local import RedisServer
from tests.bench.patterns.side import PLACE, Side
from tests.bench.tasks.contestants import REDIS, Contestant

OURS = (
    Contestant("haven", f"{PLACE}.caches_ours", ""),
    Contestant("haven, local", f"{PLACE}.caches_ours", "", variant="local"),
)
THEIRS = (
    Contestant("Flask-Caching 2.5.1", f"{PLACE}.caches_flask_caching", "", ("flask-caching==2.5.1", *REDIS)),
    Contestant("dogpile.cache 1.5.0", f"{PLACE}.caches_dogpile", "", ("dogpile.cache==1.5.0", *REDIS)),
    Contestant("cashews 7.6.0", f"{PLACE}.caches_cashews", "", ("cashews[redis]==7.6.0", *REDIS)),
)
HITS = ("get", "computed", "decorated")
CALLS = 100
LEAST = 0.9
LONGEST = 1.1
CROWDS = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One cache. Hits are ratios to the plain GET; of crowds the loads of all turns, and the longest wait of any."""

    name: str
    rate: float
    hits: dict[str, float]
    loads: dict[str, int]
    waits: dict[str, float]


class CacheSide(Side):
    """A process that measures one cache.

    Args:
        contestant: which.
        url: of Redis, with a database of its own.
    """

    def __init__(self, contestant: Contestant, url: str) -> None:
        self.name = contestant.name
        self._turns: list[dict[str, float]] = []
        self._crowds: dict[str, list[tuple[int, float]]] = {"missing": [], "expired": []}
        super().__init__("caches_side", contestant, url, contestant.variant)

    def turn(self) -> None:
        """Measure every kind of hit."""
        self._turns.append({what: self.ask(what, CALLS) / CALLS for what in ("raw", *HITS)})

    def crowd(self, number: int) -> None:
        """Let thirty ask at once."""
        for what, found in self._crowds.items():
            found.append(self.ask(what, number))

    def row(self) -> Row:
        """What was found."""
        self.end()
        return Row(
            self.name,
            1 / median(turn["get"] for turn in self._turns),
            {what: median(turn["raw"] / turn[what] for turn in self._turns) for what in HITS},
            {what: sum(loads for loads, _ in found) for what, found in self._crowds.items()},
            {what: max(wait for _, wait in found) for what, found in self._crowds.items()},
        )


def measure(turns: int = 40) -> list[Row]:
    """Every row."""
    with tempfile.TemporaryDirectory() as directory, RedisServer(Path(directory)) as server:
        at = f"redis://127.0.0.1:{server.port}"
        sides = [CacheSide(one, f"{at}/{number}") for number, one in enumerate((*OURS, *THEIRS))]
        for number in range(turns):
            for side in sides if number % 2 else reversed(sides):
                side.turn()
        for number in range(CROWDS):
            for side in sides:
                side.crowd(number)
        return [side.row() for side in sides]


def goals(rows: list[Row]) -> list[tuple[str, bool]]:
    """What is wanted, and whether it is so."""
    ours, theirs = rows[0], rows[len(OURS) :]
    kinds = [
        (f"{what}: ahead of {other.name}", ours.hits[what] > other.hits[what]) for what in HITS for other in theirs
    ]
    return [
        (f"get: {LEAST} of a plain GET or more", ours.hits["get"] >= LEAST),
        *kinds,
        ("thirty misses: one load", all(row.loads["missing"] == CROWDS for row in rows[: len(OURS)])),
        ("nobody waits longer than the load", ours.waits["missing"] <= LONGEST),
        ("thirty at the end of its life: one load", all(row.loads["expired"] == CROWDS for row in rows[: len(OURS)])),
        ("nobody waits for it", ours.waits["expired"] <= LONGEST - 1),
    ]


def main() -> int:
    """Print the table; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=40)
    rows = measure(parser.parse_args().turns)
    print(f"{'':<22}  get/s    get  computed  decorated | missing: loads, longest | expired: loads, longest")
    for row in rows:
        crowd = (f"{row.loads[what] / CROWDS:>6.0f} {row.waits[what]:>8.2f}" for what in ("missing", "expired"))
        print(
            f"{row.name:<20} {row.rate:>8,.0f} {row.hits['get']:>6.2f} {row.hits['computed']:>9.2f} "
            f"{row.hits['decorated']:>10.2f} | {'          | '.join(crowd)}"
        )
    found = goals(rows)
    for goal, reached in found:
        print(f"{'reached' if reached else 'MISSED '}  {goal}")
    return 0 if all(reached for _, reached in found) else 1


if __name__ == "__main__":
    sys.exit(main())
