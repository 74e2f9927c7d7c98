"""What Redis, the Sentinels and the queues say about themselves, gathered once."""

from dataclasses import dataclass, field
from typing import Any

from app.local.target import Address


@dataclass(frozen=True, slots=True)
class RedisFacts:
    """One Redis; most is unknown when it did not answer.

    Attributes:
        address: where it was asked.
        error: why it did not answer; empty if it did.
        role: `primary` or `replica`.
        version: such as `8.2.3`.
        linked: whether a replica's link to its primary is up.
        lag_bytes: how far a replica is behind, as its primary sees it.
        lag_seconds: since when the primary has heard nothing from it.
        settings: of CONFIG GET; empty if that is not allowed.
        clock_skew: seconds that its clock is ahead of ours.
    """

    address: str
    error: str = ""
    role: str = ""
    version: str = ""
    linked: bool = False
    lag_bytes: int | None = None
    lag_seconds: int | None = None
    settings: dict[str, str] = field(default_factory=dict)
    clock_skew: float = 0.0


@dataclass(frozen=True, slots=True)
class SentinelFacts:
    """One Sentinel; most is unknown when it did not answer.

    Attributes:
        address: where it was asked.
        error: why it did not answer; empty if it did.
        primary: the address it names.
        flags: what it thinks of that primary.
        quorum: how many Sentinels must agree that the primary is down.
        peers: how many other Sentinels it knows.
        settings: `down-after`, `failover-timeout`, `ping-period` and so on, in milliseconds.
        hides_periods: this user may not see how often it asks, which is a debugging command.
    """

    address: str
    error: str = ""
    primary: str = ""
    flags: str = ""
    quorum: int = 0
    peers: int = 0
    settings: dict[str, int] = field(default_factory=dict)
    hides_periods: bool = False


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """One queue.

    Attributes:
        name: `high`, `normal`, `low` or `delayed`.
        depth: tasks waiting or running; for `delayed`, tasks whose time has not come.
        age: seconds that the oldest task has waited.
    """

    name: str
    depth: int
    age: float | None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything, as of one moment."""

    redis: list[RedisFacts]
    sentinels: list[SentinelFacts]
    queues: list[QueueFacts]

    @property
    def primaries(self) -> list[RedisFacts]:
        """The Redis servers that say they are primary."""
        return [node for node in self.redis if node.role == "primary"]

    @property
    def errors(self) -> dict[str, str]:
        """Why each Redis and Sentinel did not answer, by address; empty text for those that did."""
        return {node.address: node.error for node in self.redis} | {each.address: each.error for each in self.sentinels}

    @property
    def reachable(self) -> bool:
        """Whether anything answered."""
        return any(not error for error in self.errors.values())


def written(address: Address | tuple[Any, Any]) -> str:
    """Return an address as host:port."""
    return f"{address[0]}:{address[1]}"
