"""From which node a backup is taken: a replica, or the only Redis there is.

Never from a primary that Sentinels watch: whoever takes a copy there is listed by its INFO as a replica, at port 0, and
the Sentinels keep that name for ever, as a replica that is down.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from app.errors import BackupError
from app.store import create_store
from app.store.discovery import SentinelTopology
from app.store.sentinel import newest

if TYPE_CHECKING:
    from app.config import Config
    from app.store.topology import Address

PATIENCE: Final = 10.0
"""Seconds: a Sentinel hears of a replica's link up to a second late, and right after a failover there is none yet."""
_ASKED_EVERY: Final = 0.5


def sources(config: Config) -> list[Address]:
    """The nodes that may give a copy, the best first.

    Raises:
        BackupError: none may; says what the Sentinels say.
        StoreUnavailable: no Sentinel answers.
    """
    store = create_store(config, role="backup")
    try:
        topology = store.topology
        if not isinstance(topology, SentinelTopology):
            return [topology.primary()]
        end = time.monotonic() + PATIENCE
        while True:
            primary, fit = _in_step(topology)
            if fit:
                return fit
            if time.monotonic() >= end:
                raise BackupError(
                    f"{primary} has no replica that is in step, and a backup is never taken from a primary that "
                    "Sentinels watch: bring a replica back (`haven status`), then try again"
                )
            time.sleep(_ASKED_EVERY)
    finally:
        store.close()


def _in_step(topology: SentinelTopology) -> tuple[Address, list[Address]]:
    """The primary, and the replicas that some Sentinel holds for in step; first those of which most do."""
    everyone = topology.sentinels.everyone()
    views = [view for view in everyone.values() if not isinstance(view, str)]
    if not views:
        reasons = "; ".join(f"{address}: {said}" for address, said in everyone.items())
        raise BackupError(f"no Sentinel says where the replicas are ({reasons}): see `haven status`")
    primary = newest(views).primary
    replicas = [replica for view in views if view.primary == primary for replica in view.replicas]
    fit = Counter(each.address for each in replicas if each.linked and not each.down and each.address.port)
    return primary, [address for address, _ in fit.most_common()]
