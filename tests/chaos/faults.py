"""What goes wrong, and when: all of it follows from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

Kind = Literal["worker kill", "primary kill", "primary freeze", "handover", "replica restart", "clock jump"]
TASKS = 10_000
FAULTS = 14
"""Of one round."""
WEIGHTS: dict[Kind, int] = {
    "worker kill": 4,
    "primary kill": 2,
    "primary freeze": 2,
    "handover": 2,
    "replica restart": 1,
    "clock jump": 2,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One of them.

    Attributes:
        kind: what.
        after: seconds after the one before has been mended.
        place: picks who is hit.
        amount: seconds of a freeze or a jump.
    """

    kind: Kind
    after: float
    place: int
    amount: float

    def __str__(self) -> str:
        """As printed."""
        return f"+{self.after:.1f} s {self.kind} ({self.place}, {self.amount:+.1f} s)"


def plan(seed: int, count: int, *, clocks: bool) -> list[Fault]:
    """So many faults; the same for the same seed.

    Args:
        seed: of the random numbers.
        count: how many.
        clocks: whether the servers' clocks can be made to jump.
    """
    dice = random.Random(seed)
    kinds = [kind for kind in WEIGHTS if clocks or kind != "clock jump"]
    found = []
    for _ in range(count):
        kind = dice.choices(kinds, [WEIGHTS[each] for each in kinds])[0]
        amount = (
            dice.choice((-3600.0, -20.0, -1.0, 1.0, 20.0, 3600.0)) if kind == "clock jump" else dice.uniform(0.3, 4)
        )
        found.append(Fault(kind, dice.uniform(0.2, 2.0), dice.randrange(100), amount))
    return found
