"""What the Sentinels' answers amount to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.guardian.facts import Look, Opinion


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the Sentinels say together.

    Attributes:
        named: the node that a majority of all Sentinels name; None without such a majority.
        epoch: the configuration epoch under which a majority name it.
        top: the highest epoch of any answer.
        moving: a failover is under way, or its result has not yet reached the majority.
        answered: how many Sentinels answered.
        held: a majority of them hold their failovers back.
    """

    named: int | None
    epoch: int
    top: int
    moving: bool
    answered: int
    held: bool


def judge(look: Look, hold_ms: int) -> Verdict:
    """Weigh the answers.

    Args:
        look: everything observed.
        hold_ms: the down-after-milliseconds that stands for a hold.
    """
    opinions: list[Opinion] = [opinion for opinion in look.sentinels if opinion is not None]
    majority = len(look.sentinels) // 2 + 1
    votes = Counter(opinion.primary for opinion in opinions)
    named = next((node for node, count in votes.items() if count >= majority), None)
    epochs = sorted((opinion.epoch for opinion in opinions if opinion.primary == named), reverse=True)
    epoch = epochs[majority - 1] if len(epochs) >= majority else 0
    moving = any(
        opinion.busy or (named is not None and opinion.primary != named and opinion.epoch > epoch)
        for opinion in opinions
    )
    return Verdict(
        named=named,
        epoch=epoch,
        top=max((opinion.epoch for opinion in opinions), default=0),
        moving=moving,
        answered=len(opinions),
        held=sum(opinion.down_after == hold_ms for opinion in opinions) >= majority,
    )
