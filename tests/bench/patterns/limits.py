"""Haven's limiter beside Flask-Limiter and limits, on the same server, in one run.

Usage: python -m tests.bench.patterns.limits [--turns N]. All of them run at once and are asked in turn, for 100 calls
each time, so that what the machine does besides meets them alike; medians are quoted. Ratios are taken within a turn:
of a bare hit to a GET of plain redis-py, of a limited view with headers to the same view without a limit. What a view
pays for one GET says how much of that is the way to Redis.
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
from tests.bench.tasks.contestants import Contestant

OURS = Contestant("haven", f"{PLACE}.limits_ours", "")
THEIRS = Contestant(
    "Flask-Limiter 4.1.1",
    f"{PLACE}.limits_theirs",
    "",
    ("flask-limiter==4.1.1", "limits==5.8.0", "redis==7.4.1", "hiredis==3.5.0"),
)
RUNS = (
    (OURS, "counter"),
    (OURS, "exact"),
    (OURS, "bucket"),
    (THEIRS, "counter"),
    (THEIRS, "exact"),
    (THEIRS, "fixed"),
)
CALLS = 100
WANTED = 0.6
"""Of the same view without a limit."""


@dataclass(frozen=True, slots=True)
class Row:
    """One limiter, one kind; seconds are those of a call, ratios medians over the turns."""

    name: str
    hit: float
    hit_ratio: float
    view: float
    view_ratio: float
    read_ratio: float
    trips: float
    commands: float
    size: int


class LimitSide(Side):
    """A process that measures one limiter.

    Args:
        contestant: which.
        kind: of limit.
        url: of Redis, with a database of its own.
    """

    def __init__(self, contestant: Contestant, kind: str, url: str) -> None:
        self.name = f"{contestant.name}, {kind}"
        self.turns: list[dict[str, float]] = []
        super().__init__("limits_side", contestant, url, kind)

    def turn(self) -> None:
        """Measure every call."""
        self.turns.append({what: self.ask(what, CALLS) / CALLS for what in ("get", "hit", "bare", "limited", "read")})

    def row(self) -> Row:
        """What was found, and what need not be measured more than once."""
        trips, commands = self.ask("count", CALLS // 2)
        size = self.ask("size", 10_000)
        self.end()

        def ratio(one: str, other: str) -> float:
            return median(turn[other] / turn[one] for turn in self.turns)

        return Row(
            self.name,
            median(turn["hit"] for turn in self.turns),
            ratio("hit", "get"),
            median(turn["limited"] for turn in self.turns),
            ratio("limited", "bare"),
            ratio("read", "bare"),
            trips,
            commands,
            size,
        )


def measure(turns: int = 40) -> list[Row]:
    """Every row."""
    with tempfile.TemporaryDirectory() as directory, RedisServer(Path(directory)) as server:
        sides = [LimitSide(*run, f"redis://127.0.0.1:{server.port}/{number}") for number, run in enumerate(RUNS)]
        for number in range(turns):
            server.node.client.flushall()
            for side in sides if number % 2 else reversed(sides):
                side.turn()
        return [side.row() for side in sides]


def main() -> int:
    """Print the table; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=40)
    rows = measure(parser.parse_args().turns)
    print(f"{'':<30}   hits/s  to GET  views/s  to bare  trips  commands    bytes")
    for row in rows:
        print(
            f"{row.name:<30} {1 / row.hit:>8,.0f} {row.hit_ratio:>7.2f} {1 / row.view:>8,.0f} {row.view_ratio:>8.2f} "
            f"{row.trips:>6.1f} {row.commands:>9.1f} {row.size:>8,}"
        )
    print(f"a view with one GET of redis-py, to a bare one: {median(row.read_ratio for row in rows):.2f}")
    ours, theirs = ([row for row in rows if row.name.startswith(side.name)] for side in (OURS, THEIRS))
    # the two kinds that both have
    pairs = list(zip(ours[:2], theirs[:2], strict=True))
    hits = all(mine.hit < other.hit for mine, other in pairs)
    views = all(mine.view_ratio > other.view_ratio for mine, other in pairs)
    print(
        f"a bare hit: {'faster' if hits else 'NOT faster'} than theirs; a limited view: {'so' if views else 'NOT'}, too"
    )
    enough = all(row.view_ratio >= WANTED for row in ours)
    print(f"a limited view at {WANTED} of a bare one: {'reached' if enough else 'MISSED'}")
    return 0 if hits and views and enough else 1


if __name__ == "__main__":
    sys.exit(main())
