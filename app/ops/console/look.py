"""What Redis and the Sentinels say at this moment, as the operations page draws it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from redis.exceptions import RedisError

from app.store import Store, deadline
from app.store.discovery import SentinelTopology
from app.store.sentinel import View

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.store.topology import Address

PATIENCE: Final = 0.8
"""Seconds for a single Redis to answer; the Sentinels and what they know have REDIS_SENTINEL_TIMEOUT each."""


@dataclass(frozen=True, slots=True)
class Node:
    """A Redis.

    Attributes:
        address: where it is.
        role: primary or replica, as it says itself; empty when it says nothing.
        trouble: why it says nothing.
        named: how many Sentinels name it as the primary.
        follows: whose replica it is.
        linked: whether its link to that one is up.
        behind: bytes that its primary has and it has not acknowledged; None when the primary does not tell.
        acknowledged: seconds since its last acknowledgement, as its primary says.
        version: of its server.
        memory: bytes in use.
        clients: connections.
    """

    address: str
    role: str = ""
    trouble: str = ""
    named: int = 0
    follows: str = ""
    linked: bool = False
    behind: int | None = None
    acknowledged: int | None = None
    version: str = ""
    memory: int | None = None
    clients: int | None = None

    @property
    def leads(self) -> bool:
        """Whether it stands where the primary does: it says so, or is named and says nothing."""
        return self.role == "primary" or (self.named > 0 and not self.role)


@dataclass(frozen=True, slots=True)
class Sentinel:
    """A Sentinel: where it is, whom it names, and whether it doubts it; or why it says nothing."""

    address: str
    names: str = ""
    trouble: str = ""
    epoch: int = 0
    peers: int = 0
    quorum: int = 0
    down: bool = False
    moving: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything at one moment.

    Attributes:
        at: when it was complete, seconds since 1970.
        nodes: those that say they are primary or are named so, then the others.
        sentinels: all that this process is told of; none with a single Redis.
    """

    at: float
    nodes: tuple[Node, ...] = ()
    sentinels: tuple[Sentinel, ...] = field(default=())

    @property
    def primaries(self) -> list[Node]:
        """Those that say so themselves."""
        return [node for node in self.nodes if node.role == "primary"]

    @property
    def summary(self) -> str:
        """All of it in a sentence or two."""
        leads = ", ".join(node.address for node in self.primaries)
        parts = [f"{leads} {'is' if len(self.primaries) == 1 else 'are'} primary" if leads else "No node is primary"]
        replicas = [node for node in self.nodes if node.role == "replica"]
        parts.append(f"{sum(node.linked for node in replicas)} of {len(replicas)} replicas linked")
        if self.sentinels:
            favourite = max(self.nodes, key=lambda node: node.named, default=Node("nobody"))
            parts.append(f"{favourite.named} of {len(self.sentinels)} Sentinels name {favourite.address}")
        doubts = sum(sentinel.down for sentinel in self.sentinels)
        if doubts:
            parts.append(f"{doubts} hold it for down")
        if any(sentinel.moving for sentinel in self.sentinels):
            parts.append("a failover is under way")
        return "; ".join(parts) + "."


def look(store: Store) -> Picture:
    """Ask everyone. It takes less than a second, whatever is dead or frozen."""
    topology = store.topology
    if not isinstance(topology, SentinelTopology):
        return Picture(time.time(), (_single(store),))
    said = topology.sentinels.everyone()
    views = [view for view in said.values() if isinstance(view, View)]
    infos = topology.infos({node for view in views for node in view.nodes})
    nodes = _nodes(infos, views)
    return Picture(time.time(), nodes, tuple(_sentinel(address, view) for address, view in said.items()))


def _nodes(infos: Mapping[Address, dict[str, Any] | str], views: list[View]) -> tuple[Node, ...]:
    found = [
        replace(_node(str(address), info), named=sum(view.primary == address for view in views))
        for address, info in infos.items()
    ]
    lags = {name: lag for info in infos.values() if not isinstance(info, str) for name, lag in _lags(info).items()}
    found = [
        replace(node, behind=lags[node.address][0], acknowledged=lags[node.address][1])
        if node.role == "replica" and node.address in lags
        else node
        for node in found
    ]
    return tuple(sorted(found, key=lambda node: (not node.leads, node.address)))


def _node(address: str, info: dict[str, Any] | str) -> Node:
    if isinstance(info, str):
        return Node(address, trouble=info)
    primary = info.get("role") == "master"
    return Node(
        address,
        role="primary" if primary else "replica",
        follows="" if primary else f"{info.get('master_host')}:{info.get('master_port')}",
        linked=primary or info.get("master_link_status") == "up",
        version=str(info.get("valkey_version") or info.get("redis_version", "")),
        memory=info.get("used_memory"),
        clients=info.get("connected_clients"),
    )


def _lags(info: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Of a primary's replicas, by address: bytes behind, and seconds since the last acknowledgement."""
    replicas = [value for name, value in info.items() if name.startswith("slave") and isinstance(value, dict)]
    return {
        f"{each['ip']}:{each['port']}": (max(0, info["master_repl_offset"] - each["offset"]), each["lag"])
        for each in replicas
    }


def _sentinel(address: Address, said: View | str) -> Sentinel:
    if isinstance(said, str):
        return Sentinel(str(address), trouble=said)
    primary = str(said.primary)
    return Sentinel(str(address), primary, "", said.epoch, said.peers, said.quorum, said.down, said.moving)


def _single(store: Store) -> Node:
    address = str(store.topology.primary())
    try:
        with deadline(PATIENCE):
            return _node(address, store.redis.info())
    except RedisError as error:
        return Node(address, trouble=str(error) or type(error).__name__)
