"""The decisions of a node that is a replica, of the primary, of another node, or of nowhere."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.guardian.facts import (
    JOINING,
    REPLICA,
    STRANGER,
    WAITING,
    Decision,
    Follow,
    Freshness,
    Hint,
    Hold,
    Order,
    Promote,
    SetFit,
)

if TYPE_CHECKING:
    from app.guardian.facts import Look, Seen
    from app.guardian.memory import Limits, Memory
    from app.guardian.verdict import Verdict


def decide(memory: Memory, look: Look, limits: Limits, verdict: Verdict, me: Seen) -> tuple[Memory, Decision]:
    """Follow, wait, or take the role; see :mod:`app.guardian.decide`."""
    named = verdict.named
    if named is None:
        return _uninformed(memory, look, limits, verdict, me)
    if named == STRANGER:
        return memory, Decision(WAITING, "the Sentinels name an address that is none of the nodes'")
    target = look.nodes[named]
    if named != look.me and target is not None and target.primary:
        return _follow(replace(memory, waiting_since=None), look, limits, verdict, me)
    since = look.now if memory.waiting_since is None else memory.waiting_since
    memory = replace(memory, waiting_since=since, cut_since=None)
    promoted = _promoted(look, verdict, me)
    if promoted is not None:
        orders = (Follow(promoted),) if me.follows != promoted else ()
        return memory, Decision(JOINING, "the Sentinels have promoted another node", orders)
    if named == look.me:
        return _named(memory, look, limits, verdict, me)
    return _bereft(memory, look, limits, verdict, me)


def _uninformed(memory: Memory, look: Look, limits: Limits, verdict: Verdict, me: Seen) -> tuple[Memory, Decision]:
    """No majority of the Sentinels answers: they are away, or this node is cut off, and falls behind the others."""
    reason = f"{verdict.answered} of {len(look.sentinels)} Sentinels answer; no majority names a primary"
    others = [node for place, node in enumerate(look.nodes) if node is not None and place != look.me]
    cut_off = not others or any(node.primary or node.linked for node in others)
    if me.linked or not cut_off:
        return replace(memory, cut_since=None), Decision(WAITING, reason)
    memory, too_long = _cut(memory, look, limits)
    return memory, Decision(WAITING, reason, (SetFit(False),) if me.fit and too_long else ())


def _cut(memory: Memory, look: Look, limits: Limits) -> tuple[Memory, bool]:
    """Remember that the link is down while the others go on; whether for too long to be fit."""
    since = look.now if memory.cut_since is None else memory.cut_since
    return replace(memory, cut_since=since), look.now - since > limits.cut


def _follow(memory: Memory, look: Look, limits: Limits, verdict: Verdict, me: Seen) -> tuple[Memory, Decision]:
    """The named primary lives."""
    named = verdict.named
    assert named is not None  # noqa: S101 - the caller has seen to it
    if verdict.moving:
        return memory, Decision(REPLICA if me.linked else WAITING, "a failover is under way")
    target = look.nodes[named]
    older = target is not None and target.freshness is not None and target.freshness.epoch < _rank(me)[0]
    if older and not me.linked:
        return memory, Decision(WAITING, "the named primary holds older data than this node: it is to step aside")
    orders: list[Order] = []
    if me.follows != named:
        orders.append(Follow(named))
    if me.follows == named and me.linked:
        memory = replace(memory, cut_since=None)
        fit, state, reason = True, REPLICA, "in step with the primary"
    else:
        memory, too_long = _cut(memory, look, limits)
        fit = me.fit and not too_long
        state, reason = JOINING, "its link to the primary is not up yet"
    if me.fit != fit:
        orders.append(SetFit(fit))
    return memory, Decision(state, reason, tuple(orders))


def _promoted(look: Look, verdict: Verdict, me: Seen) -> int | None:
    """The node that a failover under way has promoted and the majority does not name yet, if it lacks nothing we have.

    The Sentinels confirm a promotion by an INFO that they send once a second; until a replica follows the new primary
    it takes no writes, so following it at once saves most of a second.
    """
    masters = [place for place, node in enumerate(look.nodes) if node is not None and node.primary]
    if not verdict.moving or len(masters) != 1:
        return None
    found = look.nodes[masters[0]]
    assert found is not None  # noqa: S101 - it is in the list of those
    return masters[0] if _rank(found) >= _rank(me) else None


def _named(memory: Memory, look: Look, limits: Limits, verdict: Verdict, me: Seen) -> tuple[Memory, Decision]:
    """A majority names this node, but it is a replica: it has restarted, and so it boots harmless."""
    if verdict.moving:
        return memory, Decision(WAITING, "it restarted; a failover is under way")
    waited = look.now - (memory.waiting_since or look.now)
    peers = [node for place, node in enumerate(look.nodes) if node is not None and place != look.me]
    known = [node for node in peers if node.freshness is not None]
    fresher = [node for node in known if _rank(node) > _rank(me)]
    rivals = [node for node in known if (node.fit or node.primary) and _rank(node) >= _rank(me)]
    if rivals and (waited <= limits.sentinels or fresher or any(node.primary for node in rivals)):
        reason = "it restarted, and a peer with data as fresh goes first"
        if look.now - memory.hinted_at < limits.again:
            return memory, Decision(WAITING, reason)
        return replace(memory, hinted_at=look.now), Decision(WAITING, reason, (Hint(reason),))
    if fresher:
        return memory, Decision(WAITING, "a peer holds newer data; it waits until that one is fit to be promoted")
    return memory, _take_the_role(look, limits, verdict, known, waited)


def _take_the_role(look: Look, limits: Limits, verdict: Verdict, known: list[Seen], waited: float) -> Decision:
    """No node in reach holds newer data, and the Sentinels can choose none: wait for the missing, then serve."""
    missing = _missing(look)
    if not _majority(look, known):
        answering = f"{len(known) + 1} of {len(look.nodes)} nodes answer"
        return Decision(WAITING, f"{answering}: no majority to be the freshest of")
    if missing and waited <= limits.patience:
        return Decision(WAITING, f"it waits for {missing} more, which may hold newer data")
    if not verdict.held:
        return Decision(WAITING, "nobody else can: it is about to take the role", (Hold(),))
    return Decision(WAITING, "nobody else can: it takes the role", (Promote(),))


def _bereft(memory: Memory, look: Look, limits: Limits, verdict: Verdict, me: Seen) -> tuple[Memory, Decision]:
    """The named primary is away, or says itself that it is none: the Sentinels choose, among those that are fit."""
    waited = look.now - (memory.waiting_since or look.now)
    peers = [(place, node) for place, node in enumerate(look.nodes) if node is not None and place != look.me]
    known = [(place, node) for place, node in peers if node.freshness is not None]
    mine = (_rank(me), me.fit, False, -look.me)
    first = all(mine > (_rank(node), node.fit, place == verdict.named, -place) for place, node in known)
    missing = _missing(look)
    enough = _majority(look, [node for _, node in known]) and (not missing or waited > limits.patience)
    fresher = any(_rank(node) > _rank(me) for _, node in known)
    fit = not fresher and (me.fit or (first and enough))
    if fit:
        reason = "the primary is away; the Sentinels may choose this node"
    elif first:
        reason = f"no primary; it waits for {missing} more nodes, which may hold newer data"
    else:
        reason = "no primary, and a peer goes first"
    orders: list[Order] = []
    if me.fit != fit:
        orders.append(SetFit(fit))
    named = look.nodes[verdict.named] if verdict.named is not None else None
    if fit and me.unlinked_for > limits.stale and me.follows != STRANGER and named is not None and not verdict.moving:
        orders.append(Follow(STRANGER))  # Sentinel passes over a replica whose link has been down for long
    return memory, Decision(WAITING, reason, tuple(orders))


def _rank(node: Seen) -> tuple[int, int, int]:
    return (node.freshness or Freshness()).rank


def _missing(look: Look) -> int:
    """How many nodes have not told how fresh they are."""
    return sum(node is None or node.freshness is None for node in look.nodes)


def _majority(look: Look, known: list[Seen]) -> bool:
    """Whether those, with this node, are a majority of the nodes."""
    return 2 * (len(known) + 1) > len(look.nodes)
