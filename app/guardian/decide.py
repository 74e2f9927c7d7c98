"""What a guardian does next, as a pure function of what it observed and what it remembers.

The rules, in one place:

* Only what a majority of the Sentinels name counts, and only once that node itself says that it is primary.
* While a failover is under way nothing is touched, but that a replica may follow the promoted node at once.
* A primary steps down at once when a majority names another, living one under a newer epoch.
* A node that is named and has restarted does not resume: a peer with data as fresh goes first, by the Sentinels' vote.
  It promotes itself only as the freshest of a majority of the nodes, after a bounded wait for the missing ones, and
  with the Sentinels' failovers held, so that there can't be two promotions.
* Sentinel may promote a node (it is fit) only if it was in step with the primary when that went away, or if it is the
  freshest of a majority after a stop of everything. Every Redis boots unfit, so that this too is known from evidence.
  A promotion of one that is not, by what a Sentinel knew of it half a second before, is taken back.

The guardian never elects: it gives the Sentinels evidence, early.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.guardian import primary, replica
from app.guardian.facts import AWAY, PRIMARY, STRANGER, WAITING, Decision, Follow, Hint, Look, Promote, SetFit
from app.guardian.memory import HOLD_MS, Limits, Memory
from app.guardian.verdict import Verdict, judge

if TYPE_CHECKING:
    from app.guardian.facts import Seen

DEFAULT = Limits()


def decide(memory: Memory, look: Look, limits: Limits = DEFAULT) -> tuple[Memory, Decision]:
    """Decide.

    Args:
        memory: what the last call returned; ``Memory()`` at first.
        look: what was observed since.
        limits: how long what is waited for.

    Returns:
        What to remember, and what to do.
    """
    verdict = judge(look, HOLD_MS)
    memory, verdict = _bounded(memory, look, limits, verdict)
    me = look.nodes[look.me]
    if me is None:
        return _away(memory, look, limits, verdict)
    if me.run != memory.run:  # it has restarted: what its former life was worth is gone
        is_new = not memory.run  # this guardian, which can't tell how a primary became one
        memory = Memory(run=me.run, fit=is_new, moving_since=memory.moving_since, hinted_at=memory.hinted_at)
    if me.primary and not (memory.was_primary or memory.fit):  # by what a Sentinel knew of its former life
        reason = "it was promoted without evidence that its data is the newest: it steps aside"
        return memory, Decision(PRIMARY, reason, (Follow(STRANGER),))
    if me.freshness is None:
        return memory, Decision(WAITING, "it loads its data")
    return _by_role(memory, look, limits, verdict, me)


def _by_role(memory: Memory, look: Look, limits: Limits, verdict: Verdict, me: Seen) -> tuple[Memory, Decision]:
    if me.primary:
        return primary.decide(memory, look, limits, verdict, me)
    memory = replace(memory, was_primary=False, odd_since=None, ailing_since=None)
    memory, decision = replica.decide(memory, look, limits, verdict, me)
    return replace(memory, fit=_may_be_promoted(me, decision)), decision


def _may_be_promoted(me: Seen, decision: Decision) -> bool:
    """Whether a promotion of this replica before the next look is in order."""
    fit = me.fit
    for order in decision.orders:
        match order:
            case SetFit(fit=told):
                fit = told
            case Promote():
                fit = True
    return fit


def _bounded(memory: Memory, look: Look, limits: Limits, verdict: Verdict) -> tuple[Memory, Verdict]:
    """A failover is waited for, but not for ever."""
    if not verdict.moving:
        return replace(memory, moving_since=None), verdict
    since = look.now if memory.moving_since is None else memory.moving_since
    memory = replace(memory, moving_since=since)
    if look.now - since > limits.moving:
        return memory, replace(verdict, moving=False)
    return memory, verdict


def _away(memory: Memory, look: Look, limits: Limits, verdict: Verdict) -> tuple[Memory, Decision]:
    if not look.refused:
        return memory, Decision(AWAY, "its Redis does not answer")
    if not memory.run:
        return memory, Decision(AWAY, "its Redis has not started yet")
    if verdict.named != look.me or verdict.moving or look.now - memory.hinted_at < limits.again:
        return memory, Decision(AWAY, "its Redis does not run")
    if not any(node is not None and node.fit for node in look.nodes):
        # Told to hurry, the Sentinels would promote whoever is back first, before they hear that it is not fit
        return memory, Decision(AWAY, "its Redis does not run, and no other node could take its place now")
    reason = "its Redis refuses connections, so the primary is dead"
    return replace(memory, hinted_at=look.now), Decision(AWAY, reason, (Hint(reason),))
