"""The decisions of a node that is primary."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.guardian.facts import PRIMARY, STRANGER, Beat, Decision, Follow, HandOver, Order, Pause, Release
from app.guardian.memory import HOLD_MS

if TYPE_CHECKING:
    from app.guardian.facts import Look, Seen
    from app.guardian.memory import Limits, Memory
    from app.guardian.verdict import Verdict


def decide(memory: Memory, look: Look, limits: Limits, verdict: Verdict, me: Seen) -> tuple[Memory, Decision]:
    """Serve, or step down; see :mod:`app.guardian.decide`."""
    if not memory.was_primary:  # promoted since the last look, or this guardian has just started
        memory = replace(memory, was_primary=True, rank=verdict.top, waiting_since=None, cut_since=None)
    if verdict.named == look.me:
        return _named(replace(memory, rank=verdict.epoch, odd_since=None), look, limits, me)
    return _beside(memory, look, limits, verdict)


def _beside(memory: Memory, look: Look, limits: Limits, verdict: Verdict) -> tuple[Memory, Decision]:
    """A primary that no majority names: just promoted, cut off, or of the past."""
    named, beat = verdict.named, (Beat(memory.rank),)
    other = look.nodes[named] if named is not None and named != STRANGER else None
    if named is None or named == STRANGER:
        who = "no majority of the Sentinels names a primary" if named is None else "the Sentinels name a stranger"
        return replace(memory, odd_since=None), Decision(PRIMARY, f"it goes on, but {who}", beat)
    if other is None or not other.primary:
        return replace(memory, odd_since=None), Decision(PRIMARY, "promoted; the Sentinels have yet to name it", beat)
    if verdict.epoch > memory.rank:
        return memory, Decision(PRIMARY, "a majority names a newer primary: it steps down", (Follow(named),))
    # The majority still names the former primary while a promotion is on its way to it, and that one may be alive.
    since = look.now if memory.odd_since is None or verdict.moving else memory.odd_since
    if look.now - since > limits.odd:
        return memory, Decision(PRIMARY, "a majority names another primary: it steps down", (Follow(named),))
    return replace(memory, odd_since=since), Decision(PRIMARY, "beside the named primary, for a moment", beat)


def _is_newer(node: Seen, me: Seen) -> bool:
    """Whether a replica has data that was written under a later primary than ours.

    It happens when a primary that was cut off is named again while its successor is cut off in turn. Only epochs are
    compared: our own heartbeat may reach a replica between two questions of one look.
    """
    if node.primary or node.freshness is None or me.freshness is None:
        return False
    return node.freshness.epoch > me.freshness.epoch


def _successor(look: Look, rank: int) -> int | None:
    """The living primary that a Sentinel names under a newer epoch than ours; None if there is none.

    Only the leader of a failover makes a newer epoch, and the others must take it over: they name it in a moment, and
    what this primary takes until then is lost. A failover may be against a living primary, when that looked dead.
    """
    for opinion in look.sentinels:
        if opinion is None or opinion.epoch <= rank or opinion.primary in {look.me, STRANGER}:
            continue
        node = look.nodes[opinion.primary]
        if node is not None and node.primary:
            return opinion.primary
    return None


def _contested(look: Look) -> bool:
    """Whether a failover against this living primary is under way that has promoted nobody yet.

    It looked dead to a majority. What it takes from now on is lost if a replica is promoted that does not have it, and
    the command to that replica may be on its way for long. So writes wait until it is decided.
    """
    return any(
        opinion.busy and opinion.against == look.me and opinion.primary == look.me
        for opinion in look.sentinels
        if opinion is not None
    )


def _named(memory: Memory, look: Look, limits: Limits, me: Seen) -> tuple[Memory, Decision]:
    if any(node is not None and _is_newer(node, me) for node in look.nodes):
        return memory, Decision(PRIMARY, "a replica holds data of a later primary: it steps aside", (Follow(STRANGER),))
    successor = _successor(look, memory.rank)
    if successor is not None:
        return memory, Decision(PRIMARY, "a failover has promoted another node: it steps down", (Follow(successor),))
    if _contested(look):
        return memory, Decision(PRIMARY, "a failover against it is under way: writes wait until it ends", (Pause(),))
    orders: list[Order] = [Beat(memory.rank)]
    holding = [opinion for opinion in look.sentinels if opinion is not None and opinion.down_after == HOLD_MS]
    if holding and all(opinion.convinced for opinion in holding):  # else they take it for a replica, and replace it
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
