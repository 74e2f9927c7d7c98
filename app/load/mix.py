"""How often which journey is made."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from app.errors import LoadError

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

_WEIGHT: Final = re.compile(r"\d{1,6}(\.\d{1,6})?")


class Mix:
    """Journeys with their weights.

    Args:
        weights: of each journey; those that are zero are left out.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = {journey: weight for journey, weight in weights.items() if weight > 0}
        self.journeys = tuple(self._weights)
        self._all = math.fsum(self._weights.values())

    @classmethod
    def parse(cls, text: str, known: Sequence[str]) -> Mix:
        """Read ``browse=6,buy=2``.

        Args:
            text: what was written.
            known: the journeys that there are.

        Raises:
            LoadError: it can't be read; names the part and what is wanted.
        """
        weights: dict[str, float] = {}
        for part in text.split(","):
            journey, _, weight = (word.strip() for word in part.partition("="))
            if journey not in known:
                raise LoadError(f"--mix: there is no journey {journey!r}; there are {', '.join(known)}")
            if journey in weights:
                raise LoadError(f"--mix names {journey} twice")
            if not _WEIGHT.fullmatch(weight):
                raise LoadError(f"--mix: {part.strip()!r} has no weight: write it as {journey}=2")
            weights[journey] = float(weight)
        if not any(weights.values()):
            raise LoadError(f"--mix={text}: nobody would come; give one journey a weight above 0")
        return cls(weights)

    def share(self, journey: str) -> float:
        """How much of all is this journey, 0 to 1."""
        return self._weights.get(journey, 0.0) / self._all

    def choose(self, dice: random.Random) -> str:
        """The next journey."""
        return dice.choices(self.journeys, tuple(self._weights.values()))[0]
