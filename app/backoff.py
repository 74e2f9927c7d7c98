"""How long to wait before trying again."""

from __future__ import annotations

import random

MOST_DOUBLINGS = 32  # a float overflows after about a thousand, which a loop reaches within an outage of minutes


def jittered(failures: int, *, base: float, cap: float) -> float:
    """Seconds to wait: exponential with full jitter, so that those who failed together don't come back together.

    Args:
        failures: how often it has failed in a row, 1 or more.
        base: seconds at most after the first failure.
        cap: seconds at most ever.
    """
    longest = min(cap, base * 2.0 ** min(failures - 1, MOST_DOUBLINGS))
    return random.uniform(0, longest)  # noqa: S311 - jitter, no secret
