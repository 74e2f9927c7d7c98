"""Notices that a Sentinel keeps a core busy with nothing, by what it used and what it was asked meanwhile.

Linux leaves the error "host unreachable" in a socket's error queue when the connection is made after all, as happens
when a pod or a network comes back between two attempts. The socket then counts as ready for ever, and Sentinel's
hiredis never takes the error out: it goes round as fast as it can until that connection ends
(https://github.com/redis/redis/issues/9956, open since 2021; seen here on Redis 8.0, 8.2 and Valkey 8.1).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from app.guardian.facts import Look

WINDOW: Final = 5.0
"""Seconds of calm before it is judged: while a node is away each attempt to reach it may spin, and no cure helps."""
APART: Final = 2.0
BUSY_SHARE: Final = 0.25
"""Of a core. A Sentinel uses a hundredth; one that spins all it gets, which on a full machine is not much."""
MOST_ASKED: Final = 1000.0
"""Commands a second: from there on it may be busy with work."""


class Usage(NamedTuple):
    """What a Sentinel has used since it started.

    Attributes:
        cpu: seconds of a core.
        commands: how many it was sent.
    """

    cpu: float
    commands: int


def parse_usage(info: Any) -> Usage | None:
    """Read INFO's sections cpu and stats; None where they are missing."""
    if not isinstance(info, str):
        return None
    fields = dict(re.findall(r"^(used_cpu_sys|used_cpu_user|total_commands_processed):([\d.]+)", info, re.MULTILINE))
    try:
        cpu = float(fields["used_cpu_sys"]) + float(fields["used_cpu_user"])
        return Usage(cpu, int(fields["total_commands_processed"]))
    except (KeyError, ValueError):
        return None


class Spin:
    """Watches one Sentinel.

    Args:
        place: of its node: where several spin, they are not judged, and cut off from the servers, at the same moment.
    """

    def __init__(self, place: int) -> None:
        self._window = WINDOW + place * APART
        self._since = 0.0
        self._then: Usage | None = None

    def see(self, look: Look, usage: Usage | None) -> float | None:
        """The share of a core that it wasted in the last window; None while there is nothing to say.

        Args:
            look: everything observed: who is away or a failover explains much.
            usage: what its Sentinel has used so far.
        """
        then, usage = self._then, usage if _calm(look) else None
        if usage is None or then is None or usage.cpu < then.cpu:
            self._begin(look.now, usage)
            return None
        seconds = look.now - self._since
        if seconds < self._window:
            return None
        self._begin(look.now, usage)
        share = (usage.cpu - then.cpu) / seconds
        asked = (usage.commands - then.commands) / seconds
        return share if share > BUSY_SHARE and asked < MOST_ASKED else None

    def _begin(self, now: float, usage: Usage | None) -> None:
        self._since, self._then = now, usage


def _calm(look: Look) -> bool:
    """Whether everyone answers, and no Sentinel has anything to do."""
    idle = all(opinion is not None and not opinion.busy and not opinion.down for opinion in look.sentinels)
    return idle and all(node is not None for node in look.nodes)
