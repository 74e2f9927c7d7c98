"""What the servers of a local cluster say of themselves."""

from dataclasses import dataclass
from typing import Final

from redis.exceptions import RedisError

from app.local.nodes import RedisNode, SentinelNode

_TROUBLE: Final = ("s_down", "o_down", "failover_in_progress", "disconnected")


@dataclass(frozen=True, slots=True)
class Seen:
    """What one Redis says: what it follows, whether that link is up, and whether Sentinel may promote it."""

    port: int
    primary: bool
    follows: int | None
    linked: bool
    fit: bool


@dataclass(frozen=True, slots=True)
class View:
    """What one Sentinel says about the primary."""

    primary: int
    flags: str
    peers: int
    replicas: int

    @property
    def calm(self) -> bool:
        """Whether this Sentinel sees no trouble with the primary and is in no failover."""
        return not any(word in self.flags for word in _TROUBLE)


def see(node: RedisNode) -> Seen | None:
    """Ask a Redis about itself; None if it does not answer."""
    if not node.alive:
        return None
    try:
        fields = node.replication()
    except RedisError:
        return None
    primary = fields["role"] == "master"
    return Seen(
        node.port,
        primary,
        None if primary else int(fields["master_port"]),
        fields.get("master_link_status") == "up",
        primary or int(fields["slave_priority"]) > 0,
    )


def look(sentinel: SentinelNode) -> View | None:
    """Ask a Sentinel about the primary; None if it does not answer."""
    if not sentinel.alive:
        return None
    try:
        fields = sentinel.view()
    except RedisError:
        return None
    return View(int(fields["port"]), fields["flags"], int(fields["num-other-sentinels"]), int(fields["num-slaves"]))


def named_primary(views: list[View], size: int) -> int | None:
    """Return the port that a majority of all `size` Sentinels name; None if there is no such port."""
    names = [view.primary for view in views]
    return next((name for name in set(names) if 2 * names.count(name) > size), None)
