"""Short ways to write down a look."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.guardian.decide import decide
from app.guardian.facts import STRANGER, Decision, Freshness, Look, Opinion, Seen
from app.guardian.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Sequence

OLD, NEW = Freshness(1, 7, 1_000), Freshness(1, 8, 2_000)
NEVER = Freshness()


def primary(freshness: Freshness | None = NEW, **other: object) -> Seen:
    seen = Seen(primary=True, follows=STRANGER, linked=False, freshness=freshness, fit=True, run="a")
    return replace(seen, **other)  # type: ignore[arg-type]


def replica(of: int = STRANGER, freshness: Freshness | None = NEW, *, linked: bool = True, **other: object) -> Seen:
    seen = Seen(primary=False, follows=of, linked=linked, freshness=freshness, fit=True, run="a")
    return replace(seen, **other)  # type: ignore[arg-type]


def booted(freshness: Freshness | None = NEW, **other: object) -> Seen:
    """A Redis that has just started: a replica of nowhere that nobody promotes."""
    return replica(STRANGER, freshness, linked=False, **{"fit": False, **other})


def names(*places: int, epoch: int = 1) -> tuple[Opinion, ...]:
    return tuple(Opinion(place, epoch, down_after=600) for place in places)


def look(
    nodes: Sequence[Seen | None],
    sentinels: Sequence[Opinion | None],
    *,
    me: int = 0,
    now: float = 0.0,
    refused: bool = False,
) -> Look:
    return Look(now, me, tuple(nodes), tuple(sentinels), refused)


class Story:
    """Looks one after another, with one memory."""

    def __init__(self, me: int = 0) -> None:
        self.me = me
        self.memory = Memory()
        self.now = 0.0

    def see(
        self, nodes: Sequence[Seen | None], sentinels: Sequence[Opinion | None], after: float = 0.1, **other: bool
    ) -> Decision:
        self.now += after
        seen = look(nodes, sentinels, me=self.me, now=self.now, refused=other.get("refused", False))
        self.memory, decision = decide(self.memory, seen)
        return decision
