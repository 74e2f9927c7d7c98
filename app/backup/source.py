"""From which node a backup is taken: a replica, or the only Redis there is.

Never from a primary that Sentinels watch: whoever takes a copy there is listed by its INFO as a replica, at port 0, and
the Sentinels keep that name for ever, as a replica that is down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.errors import BackupError
from app.store import create_store
from app.store.discovery import SentinelTopology
from app.store.sentinel import newest

if TYPE_CHECKING:
    from app.config import Config
    from app.store.topology import Address


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
        everyone = topology.sentinels.everyone()
        views = [view for view in everyone.values() if not isinstance(view, str)]
        if not views:
            reasons = "; ".join(f"{address}: {said}" for address, said in everyone.items())
            raise BackupError(f"no Sentinel says where the replicas are ({reasons}): see `haven status`")
        best = newest(views)
        fit = [each.address for each in best.replicas if each.linked and not each.down and each.address.port]
        if not fit:
            raise BackupError(
                f"{best.primary} has no replica that is in step, and a backup is never taken from a primary that "
                "Sentinels watch: bring a replica back (`haven status`), then try again"
            )
        return fit
    finally:
        store.close()
