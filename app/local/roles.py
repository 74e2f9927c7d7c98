"""Who is primary and who follows whom: the decisions, as functions of what is seen.

This is the local stand-in for the guardian, which does the same beside each Redis of a deployment. It never elects
while the Sentinels can: it gives roles at a cold start, puts right a node that follows nobody or the wrong one, turns a
returning primary into a replica, and steps in only when the Sentinels' own failover has not come for a while.

Nodes are named by their port. The heartbeat of a node is the wall-clock time of the newest heartbeat in its data: on
one machine there is one clock, so the later heartbeat is the fresher data.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

PATIENCE: Final = (
    5.0  # seconds; the Sentinels take down-after + 2 info periods + 1 s to replace a primary that restarted
)
_TROUBLE: Final = ("s_down", "o_down", "failover_in_progress", "disconnected")


@dataclass(frozen=True, slots=True)
class Seen:
    """What one Redis says about itself."""

    port: int
    primary: bool
    follows: int | None
    linked: bool
    heartbeat: int


@dataclass(frozen=True, slots=True)
class View:
    """What one Sentinel says about the primary."""

    primary: int
    flags: str
    peers: int

    @property
    def calm(self) -> bool:
        """Whether this Sentinel sees no trouble with the primary and is in no failover."""
        return not any(word in self.flags for word in _TROUBLE)


@dataclass(frozen=True, slots=True)
class Promote:
    """Make this node the primary."""

    port: int


@dataclass(frozen=True, slots=True)
class Follow:
    """Make this node a replica of that one."""

    port: int
    primary: int


Order = Promote | Follow


def named_primary(views: Sequence[View], size: int) -> int | None:
    """Return the port that a majority of all `size` Sentinels name; None if there is no such port."""
    names = [view.primary for view in views]
    return next((name for name in set(names) if 2 * names.count(name) > size), None)


def freshest(nodes: Sequence[Seen], named: int | None) -> int:
    """Return the port of the node with the freshest data; of equals, the named one, then the first."""
    return max(nodes, key=lambda node: (node.heartbeat, node.port == named)).port


def plan(nodes: Mapping[int, Seen], views: Sequence[View], size: int, waited: float) -> list[Order]:
    """Return what to put right.

    Args:
        nodes: the Redis servers that answer, by port.
        views: what the Sentinels that answer say.
        size: how many of each there are in all.
        waited: for how many seconds the Sentinels have named a node that is not primary while no other is.
    """
    named = named_primary(views, size)
    if named is None or named not in nodes:
        return []
    if nodes[named].primary:
        # While the Sentinels are busy with a failover, a second primary may be the one they are just promoting.
        if not all(view.calm for view in views):
            return []
        return [Follow(port, named) for port, node in nodes.items() if named not in (port, node.follows)]
    if waited < PATIENCE or len(nodes) * 2 <= size or any(node.primary for node in nodes.values()):
        return []
    # One that is not the freshest has lost its disk: then the Sentinels' next attempt takes another.
    return [Promote(named)] if freshest(list(nodes.values()), named) == named else []


def leaderless(nodes: Mapping[int, Seen], views: Sequence[View], size: int) -> bool:
    """Say whether the Sentinels name a living node that is no primary, no other is, and no failover is under way."""
    named = named_primary(views, size)
    if named is None or named not in nodes or any(node.primary for node in nodes.values()):
        return False
    return not any("failover_in_progress" in view.flags for view in views)
