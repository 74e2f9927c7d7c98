"""How a handover went."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

DONE, REFUSED, TIMED_OUT = "done", "refused", "timed out"


@dataclass(slots=True)
class Outcome:
    """How a handover went.

    Attributes:
        result: done, refused or timed out.
        reason: for people.
        before: the primary's name.
        after: the candidate's name; empty if there was none.
        seconds: by step: seen, paused (how long writes waited), agreed, total.
    """

    result: str
    reason: str
    before: str = ""
    after: str = ""
    seconds: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)
