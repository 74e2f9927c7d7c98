"""How long values live, and when they are made anew."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

MIN_TTL = 0.001
LONGEST_DIE = 20
"""The exponential die shows more once in 500 million times: so far from the end it need not be thrown."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How one kind of values is cached. All times are seconds.

    Attributes:
        ttl: a value is fresh for so long.
        stale: after that it is served for so long, while one caller's thread makes it anew; an invalidated value never.
        absent: how long None, "there is none", is fresh; None: as long as any value.
        jitter: a computed value's ``ttl`` is shorter by up to this part, so that what was made together does not end
            together.
        early: how eagerly a value is made anew before its end (beta of Vattani, Chierichetti, Lowenstein: Optimal
            Probabilistic Cache Stampede Prevention, VLDB 2015): the longer it took to make, the earlier; 0: never.
        lease: a load that takes longer may be done by another process at the same time; a process that dies in the
            middle of one holds the others up for so long at most.
    """

    ttl: float
    stale: float = 0.0
    absent: float | None = None
    jitter: float = 0.05
    early: float = 1.0
    lease: float = 10.0

    def __post_init__(self) -> None:
        for name, least in (("ttl", MIN_TTL), ("absent", MIN_TTL), ("stale", 0.0), ("early", 0.0), ("lease", 0.1)):
            value = getattr(self, name)
            if value is not None and not least <= value < math.inf:
                raise ValueError(f"{name}={value!r}: seconds, at least {least}")
        if not 0 <= self.jitter < 1:
            raise ValueError(f"jitter={self.jitter!r}: a part of the ttl, from 0 to below 1")

    def life(self, value: object) -> float:
        """How long a value that was made now is fresh."""
        ttl = self.absent if value is None and self.absent is not None else self.ttl
        return ttl * (1 - self.jitter * random.random())  # noqa: S311 - no secret

    def may_be_due(self, left: float, load: float) -> bool:
        """Whether :meth:`is_due` can be true."""
        return left <= 0 or left < LONGEST_DIE * self.early * load

    def is_due(self, left: float, load: float) -> bool:
        """Whether a value that is fresh for another ``left`` seconds, and took ``load`` to make, is to be made anew."""
        if left <= 0:
            return True
        return self.may_be_due(left, load) and left < self.early * load * random.expovariate(1)
