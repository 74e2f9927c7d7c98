"""Whether Redis could fail over now, by what the Sentinels say; a single Redis has none to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.errors import SmokeError
from app.store.discovery import SentinelTopology

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.store.sentinel import Replica, View
    from app.store.topology import Address, Topology

    Said = Mapping[Address, View | str]


class NotApplicable(Exception):
    """The installation has nothing that this check is about."""


class Sentinels:
    """The Sentinels that the application is told of, asked with the application's rights.

    Args:
        topology: how the primary is found.
    """

    def __init__(self, topology: Topology) -> None:
        self._topology = topology

    def quorum(self, heard: Said | None = None) -> str:
        """All answer, name the same primary, know each other, and are enough to replace it: SENTINEL CKQUORUM.

        That command itself is none of the application's.

        Args:
            heard: what they say, if they have been asked already.

        Raises:
            SmokeError: says which Sentinel is wrong, and what to do.
            NotApplicable: there are none.
        """
        views = self._views(heard)
        if len({view.primary for view in views.values()}) > 1:
            said = ", ".join(f"{address} names {view.primary}" for address, view in views.items())
            raise SmokeError(f"the Sentinels disagree: {said}; if no failover is under way, SENTINEL RESET the odd one")
        for address, view in views.items():
            if view.peers < len(views) - 1:
                raise SmokeError(
                    f"Sentinel {address} knows {view.peers} of the {len(views) - 1} others: they find each other on "
                    "the primary; see their logs for a refused password or a port that is closed between them"
                )
        total = 1 + max(view.peers for view in views.values())
        needed = max(total // 2 + 1, *(view.quorum for view in views.values()))
        if len(views) < needed:
            raise SmokeError(
                f"{len(views)} of {total} Sentinels are known here, and {needed} must agree: list all in "
                "REDIS_SENTINEL_HOSTS; SENTINEL RESET if some are gone for good, SENTINEL SET if quorum is too high"
            )
        return f"{len(views)} of {total} Sentinels name {next(iter(views.values())).primary}, {needed} must agree"

    def failover(self, heard: Said | None = None) -> str:
        """No failover is needed or under way, and each Sentinel has a replica that it would promote.

        Args:
            heard: as in :meth:`quorum`.

        Raises:
            SmokeError: says why not, and what to do.
            NotApplicable: there are no Sentinels.
        """
        views = self._views(heard)
        tilted = self._topology.sentinels.tilted() if isinstance(self._topology, SentinelTopology) else []
        if tilted:
            raise SmokeError(
                f"Sentinel {', '.join(map(str, tilted))} was frozen, or its clock jumped, and acts on nothing (TILT): "
                "wait 30 s; if it comes again, the machine stalls"
            )
        for address, view in views.items():
            if view.moving:
                raise SmokeError(f"Sentinel {address} is replacing {view.primary} just now: try again in 15 s")
            if view.down:
                raise SmokeError(
                    f"Sentinel {address} holds the primary {view.primary} for down: start it, or see what lies between"
                )
            if all(map(flaw, view.replicas)):
                said = ", ".join(f"{replica.address} {flaw(replica)}" for replica in view.replicas)
                raise SmokeError(
                    f"Sentinel {address} knows no replica that it could promote ({said or 'none at all'}): one must "
                    f"run, be linked to {view.primary} and have a replica-priority above 0; see its log"
                )
        fewest = min(sum(not flaw(replica) for replica in view.replicas) for view in views.values())
        return f"{fewest} of {max(len(view.replicas) for view in views.values())} replicas could be promoted"

    def _views(self, heard: Said | None) -> dict[Address, View]:
        if not isinstance(self._topology, SentinelTopology):
            raise NotApplicable("a single Redis has no Sentinels")
        found = {}
        for address, view in (self._topology.sentinels.everyone() if heard is None else heard).items():
            if isinstance(view, str):
                raise SmokeError(
                    f"Sentinel {address} does not say where the primary is ({view}): start it, or correct "
                    "REDIS_SENTINEL_HOSTS, its password or REDIS_SENTINEL_MASTER"
                )
            found[address] = view
        return found


def flaw(replica: Replica) -> str:
    """Why a Sentinel would not promote this replica; empty if it would."""
    if replica.down:
        return "does not answer"
    if not replica.linked:
        return "has no link to its primary"
    return "" if replica.priority else "has replica-priority 0"
