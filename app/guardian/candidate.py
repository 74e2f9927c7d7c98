"""Who may take over in a planned handover."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.guardian.memory import HOLD_MS
from app.guardian.verdict import judge

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.guardian.facts import Look, Seen
    from app.guardian.settings import Settings

PATIENCE: Final = 2.0
_LOOK_AGAIN: Final = 0.05


class Refused(Exception):
    """No handover is possible now; says why and what to do. Nothing was changed."""


class Busy(Refused):
    """A failover is under way."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Who takes over, and how.

    Attributes:
        candidate: the node that is to be primary.
        beside: the node beside whose Sentinel the handover is led: one that stays when ours goes.
        coordinated: the servers know how to do it by themselves.
    """

    candidate: int
    beside: int
    coordinated: bool


def choose(settings: Settings, look: Look, to: str | None) -> Choice:
    """Choose.

    Args:
        settings: the guardian's.
        look: everything as it is now.
        to: the name of the node that is to be primary; None for the one that has the most data.

    Raises:
        Refused: it can't be that one, or none.
    """
    verdict = judge(look, HOLD_MS)
    me = look.nodes[settings.me]
    if to is not None and to not in settings.names:
        raise Refused(f"there is no node {to!r}: choose one of {', '.join(settings.names)}")
    if me is None or not me.primary or verdict.named != settings.me:
        raise Refused(f"{settings.name} is not the primary that a majority of the Sentinels name")
    if to == settings.name:
        raise Refused(f"{to} is the primary already")
    if verdict.moving:
        raise Busy("a failover is under way: wait until it is over")
    wanted = [settings.names.index(to)] if to else [place for place in range(len(look.nodes)) if place != settings.me]
    reasons = {place: _unfit(look.nodes[place], settings.me) for place in wanted}
    fit = [place for place, reason in reasons.items() if not reason]
    if not fit:
        said = "; ".join(f"{settings.named(place)} {reason}" for place, reason in reasons.items())
        raise Refused(f"no replica is fit: {said}")
    candidate = max(fit, key=lambda place: _offset(look.nodes[place]))
    return Choice(candidate, _beside(settings, look, candidate), me.coordinates)


async def choose_when_calm(settings: Settings, look: Callable[[], Awaitable[Look]], to: str | None) -> Choice:
    """Choose; the last failover may still be at its end: for a second after it, its leader waits for the replicas.

    Args:
        settings: the guardian's.
        look: observes everything now.
        to: as in :func:`choose`.

    Raises:
        Refused: as in :func:`choose`.
    """
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return choose(settings, await look(), to)
        except Busy:
            if time.monotonic() > end:
                raise
        await asyncio.sleep(_LOOK_AGAIN)


def _unfit(node: Seen | None, primary: int) -> str:
    """Why it can't take over; empty if it can."""
    if node is None:
        return "does not answer"
    if node.primary or node.follows != primary:
        return "does not follow this primary"
    if not node.linked:
        return "has no link to the primary"
    if not node.fit:
        return "was not in step with the primary"
    return node.ailing


def _offset(node: Seen | None) -> int:
    return node.offset if node else 0


def _beside(settings: Settings, look: Look, candidate: int) -> int:
    answering = [place for place, opinion in enumerate(look.sentinels) if opinion is not None]
    for place in (candidate, *answering):
        if place in answering and place != settings.me:
            return place
    raise Refused("no Sentinel but this node's own answers: start the others")
