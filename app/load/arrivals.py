"""When visitors come."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator


def arrivals(rate: float, dice: random.Random) -> Iterator[float]:
    """Seconds from the start at which visitors come, in order and without end.

    Every visitor has a slot of ``1 / rate`` seconds and comes at a random moment in it: the rate holds over any span of
    time, and nothing that beats in the server can keep step with it.

    Args:
        rate: visitors a second.
        dice: where chance comes from.
    """
    for slot in count():
        yield (slot + dice.random()) / rate
