"""The decisions of a node that is primary."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.guardian.facts import PRIMARY, STRANGER, Beat, Decision, Follow, HandOver, Order, Release
from app.guardian.memory import HOLD_MS

if TYPE_CHECKING:
    from app.guardian.facts import Look, Seen
    from app.guardian.memory import Limits, Memory
    from app.guardian.verdict import Verdict


def decide(memory: Memory, look: Look, limits: Limits, verdict: Verdict, me: Seen) -> tuple[Memory, Decision]:
    """Serve, or step down; see :mod:`app.guardian.decide`."""
    if not memory.was_primary:  # promoted since the last look, or this guardian has just started
        memory = replace(memory, was_primary=True, rank=verdict.top, waiting_since=None, cut_since=None)
    named = verdict.named
    if named == look.me:
        return _named(replace(memory, rank=verdict.epoch, odd_since=None), look, limits, me)
    beat = (Beat(memory.rank),)
    if named is None or named == STRANGER:
        who = "no majority of the Sentinels names a primary" if named is None else "the Sentinels name a stranger"
        return replace(memory, odd_since=None), Decision(PRIMARY, f"it goes on, but {who}", beat)
    other = look.nodes[named]
    if other is None or not other.primary:
        return replace(memory, odd_since=None), Decision(PRIMARY, "promoted; the Sentinels have yet to name it", beat)
    if verdict.epoch > memory.rank:
        return memory, Decision(PRIMARY, "a majority names a newer primary: it steps down", (Follow(named),))
    # The majority still names the former primary while a promotion is on its way to it, and that one may be alive.
    since = look.now if memory.odd_since is None or verdict.moving else memory.odd_since
    if look.now - since > limits.odd:
        return memory, Decision(PRIMARY, "a majority names another primary: it steps down", (Follow(named),))
    return replace(memory, odd_since=since), Decision(PRIMARY, "beside the named primary, for a moment", beat)


def _named(memory: Memory, look: Look, limits: Limits, me: Seen) -> tuple[Memory, Decision]:
    orders: list[Order] = [Beat(memory.rank)]
    if any(opinion is not None and opinion.down_after == HOLD_MS for opinion in look.sentinels):
        orders.append(Release())
    if not me.ailing:
        return replace(memory, ailing_since=None), Decision(PRIMARY, "named by a majority", tuple(orders))
    since = look.now if memory.ailing_since is None else memory.ailing_since
    memory = replace(memory, ailing_since=since)
    healthy = [
        place
        for place, node in enumerate(look.nodes)
        if node is not None and node.linked and node.follows == look.me and node.fit and not node.ailing
    ]
    reason = f"it can't save ({me.ailing})"
    if healthy and look.now - since > limits.ailing and look.now - memory.handed_at > limits.respite:
        memory = replace(memory, handed_at=look.now)
        orders.append(HandOver(healthy[0], reason))
    return memory, Decision(PRIMARY, reason, tuple(orders))
