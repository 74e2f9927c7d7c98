"""What a guardian remembers from one look to the next, and the bounds of its patience."""

from __future__ import annotations

from dataclasses import dataclass

HOLD_MS = 60_000
"""down-after-milliseconds while the Sentinels are held; longer than any promotion takes, and no one's real setting."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long what is waited for, seconds.

    Attributes:
        patience: for missing nodes, which may hold newer data.
        again: between two hints about the same thing.
        sentinels: for the Sentinels to replace a primary that restarted, before it may promote itself.
        odd: a primary that is not the named one, though under no newer epoch, for a failover that may be under way.
        cut: a replica without a link to a living primary is no longer fit after this.
        moving: a failover that does not come to its end is no longer waited for.
        stale: a link that is down for longer keeps Sentinel from choosing this replica.
        ailing: a primary that can't save hands over after this.
        respite: between two handovers of that kind.
    """

    patience: float = 10.0
    again: float = 1.0
    sentinels: float = 6.0
    odd: float = 2.5
    cut: float = 2.0
    moving: float = 15.0
    stale: float = 4.0
    ailing: float = 2.0
    respite: float = 30.0


@dataclass(frozen=True, slots=True)
class Memory:
    """What matters of the past. All times are monotonic seconds.

    Attributes:
        run: the run id of the Redis that this is about.
        was_primary: at the last look.
        fit: as a replica it might be promoted, by the last look and the orders since, or was told to take the role.
        rank: the epoch that this node's role is worth: that under which a majority last named it, or the highest that
            was known when it was promoted.
        cut_since: when a replica lost its link while the primary lived.
        odd_since: since when it has been primary beside the named one.
        waiting_since: since when it has waited for a primary.
        moving_since: since when a failover has been under way.
        hinted_at: when it last gave the Sentinels a hint.
        ailing_since: since when this primary has not been able to save.
        handed_at: when it last wanted to hand over for that.
    """

    run: str = ""
    was_primary: bool = False
    fit: bool = False
    rank: int = -1
    cut_since: float | None = None
    odd_since: float | None = None
    waiting_since: float | None = None
    moving_since: float | None = None
    hinted_at: float = float("-inf")
    ailing_since: float | None = None
    handed_at: float = float("-inf")
