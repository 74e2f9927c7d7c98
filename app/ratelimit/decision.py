"""What was decided about a request, and the headers that tell the client."""

from __future__ import annotations

import hashlib
import math
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.ratelimit.limit import Limit


@dataclass(frozen=True, slots=True)
class State:
    """How one limit stands after the decision.

    Attributes:
        limit: which.
        key: of the one whose requests it counts.
        remaining: requests left.
        reset: seconds until there is one more, or, of a limit that rejects, until this request would fit.
        rejects: whether it is full for this request.
    """

    limit: Limit
    key: str
    remaining: int
    reset: float
    rejects: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """What the limiter said about one request.

    Attributes:
        allowed: whether it may go on.
        states: how each limit stands.
    """

    allowed: bool
    states: tuple[State, ...]

    @property
    def tightest(self) -> State:
        """The limit that rejects for longest; if none does, the one that will be the first to."""
        return tightest(self.states)

    @property
    def limit(self) -> int:
        """Requests per window of the tightest limit."""
        return self.tightest.limit.most

    @property
    def remaining(self) -> int:
        """Requests left of the tightest limit."""
        return self.tightest.remaining

    @property
    def reset(self) -> float:
        """Seconds until one more is left or, if it was rejected, until it would be allowed."""
        return self.tightest.reset

    @property
    def violated(self) -> list[str]:
        """The names of the limits that reject."""
        return [state.limit.name for state in self.states if state.rejects]


def tightest(states: Sequence[State]) -> State:
    """Of several limits the one that the client should heed."""
    if len(states) == 1:
        return states[0]
    rejecting = [state for state in states if state.rejects]
    if rejecting:
        return max(rejecting, key=lambda state: state.reset)
    return min(states, key=lambda state: (state.remaining, -state.reset))


def headers(states: Sequence[State]) -> list[tuple[str, str]]:
    """RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-11), X-RateLimit-*, and Retry-After.

    Times are whole seconds, rounded up. X-RateLimit-* speak of the tightest limit.
    """
    told = tightest(states)
    reset = str(math.ceil(told.reset))
    policies, stand = [], []
    for state in states:
        limit = state.limit
        part = f";pk=:{_partition(state.key)}:"
        policies.append(f'"{limit.name}";q={limit.most};w={math.ceil(limit.most * limit.window / limit.limit)}{part}')
        stand.append(f'"{limit.name}";r={state.remaining};t={math.ceil(state.reset)}{part}')
    found = [
        ("RateLimit-Policy", ", ".join(policies)),
        ("RateLimit", ", ".join(stand)),
        ("X-RateLimit-Limit", str(told.limit.most)),
        ("X-RateLimit-Remaining", str(told.remaining)),
        ("X-RateLimit-Reset", reset),
    ]
    if told.rejects:
        found.append(("Retry-After", reset))
    return found


def _partition(key: str) -> str:
    """Tells a client which of its requests count together, and nobody whose they are."""
    return b64encode(hashlib.blake2b(key.encode(), digest_size=6).digest()).decode()
