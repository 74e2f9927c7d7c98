"""What a guardian can observe in one look, and what it can order. A node is named by its place in the list of nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from app.guardian.vitals import Vitals

STRANGER: Final = -1
"""Stands for an address that is none of the nodes'."""


class Freshness(NamedTuple):
    """How new a node's data is: the heartbeat and the mark that its primary last wrote into it.

    Attributes:
        epoch: the Sentinels' configuration epoch of that primary; a later primary's data is fresher.
        sequence: counts the heartbeats, across primaries.
        time_ms: the primary's clock, milliseconds since 1970. For people and for the lag, decides nothing.
        mark: counts the durable writes, so that of two nodes with the same heartbeat the one that holds more of what
            was acknowledged is the fresher.
    """

    epoch: int = 0
    sequence: int = 0
    time_ms: int = 0
    mark: int = 0

    @property
    def rank(self) -> tuple[int, int, int]:
        """What counts in comparisons: clocks of nodes differ, so the time does not."""
        return self.epoch, self.sequence, self.mark


NEVER: Final = Freshness()
"""A node without any data of ours."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one Redis says of itself.

    Attributes:
        primary: it takes writes (if replicas are in reach).
        follows: the node it replicates; STRANGER for any other address, such as nowhere's.
        linked: as a replica: the link is up and no copy is under way.
        freshness: of its data; None while it loads them, and nobody knows.
        fit: Sentinel may promote it (replica-priority above 0).
        run: its run id, another after each start.
        offset: its replication offset, bytes.
        unlinked_for: seconds that its link has been down; 0 when it is up or never was.
        ailing: why it can't save; empty if it can.
        replicas: replicas that are linked to it.
        version: such as 8.2.3.
        coordinates: its kind knows SENTINEL FAILOVER … COORDINATED.
        vitals: how it is doing otherwise; only of this guardian's own.
    """

    primary: bool
    follows: int
    linked: bool
    freshness: Freshness | None
    fit: bool = False
    run: str = ""
    offset: int = 0
    unlinked_for: int = 0
    ailing: str = ""
    replicas: int = 0
    version: str = ""
    coordinates: bool = False
    vitals: Vitals | None = None


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one Sentinel says.

    Attributes:
        primary: the node it names; STRANGER for an address that is no node's.
        epoch: the configuration epoch of that.
        down: it holds that primary for down.
        busy: it is carrying out a failover.
        against: the node which that is to replace; STRANGER if there is none.
        down_after: its down-after-milliseconds now.
        convinced: that node told it lately that it is a primary.
        electing: it is busy, and waits for votes.
        tilt: it is in TILT, and takes part in nothing; None when that is unknown. Only this guardian's own is asked.
    """

    primary: int
    epoch: int
    down: bool = False
    busy: bool = False
    against: int = STRANGER
    down_after: int = 0
    convinced: bool = True
    electing: bool = False
    tilt: bool | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """One look at everything.

    Attributes:
        now: monotonic seconds.
        me: this guardian's node.
        nodes: each Redis; None for one that did not answer.
        sentinels: each Sentinel; None for one that did not answer.
        refused: this node's Redis refused the connection: no process listens there.
    """

    now: float
    me: int
    nodes: tuple[Seen | None, ...]
    sentinels: tuple[Opinion | None, ...]
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Follow:
    """Become a replica of this node; of STRANGER: of nowhere."""

    node: int


@dataclass(frozen=True, slots=True)
class Promote:
    """Become primary."""


@dataclass(frozen=True, slots=True)
class SetFit:
    """Let Sentinel promote this node, or not."""

    fit: bool


@dataclass(frozen=True, slots=True)
class Beat:
    """Write the heartbeat."""

    epoch: int


@dataclass(frozen=True, slots=True)
class Pause:
    """Let writes wait for a moment: whether this primary is replaced is being decided."""


@dataclass(frozen=True, slots=True)
class Hint:
    """Tell the Sentinels for certain that the primary they name is none; they still vote."""

    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Ask the Sentinels to begin no failover for a moment."""


@dataclass(frozen=True, slots=True)
class Release:
    """End the hold."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """Give the role to this node, without loss."""

    node: int
    reason: str


Order = Follow | Promote | SetFit | Beat | Pause | Hint | Hold | Release | HandOver


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do now and why.

    Attributes:
        state: one of STATES.
        reason: for people; says what is waited for.
        orders: to be carried out in this order.
    """

    state: str
    reason: str
    orders: tuple[Order, ...] = ()


PRIMARY, REPLICA, JOINING, WAITING, AWAY = STATES = ("primary", "replica", "joining", "waiting", "away")
SETTLED: Final = frozenset({PRIMARY, REPLICA})
