"""Everything that a scrape reads from Redis, beside what the process itself has counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.ops.backups import BackupCollector
from app.ops.drills import DrillCollector
from app.ops.queues import QueueCollector

if TYPE_CHECKING:
    from app.ops.kept import KeptCollector
    from app.store import Store


def collectors(store: Store) -> tuple[KeptCollector, ...]:
    """One of each, for :func:`app.ops.metrics_files.render`.

    Args:
        store: where it is kept.
    """
    return QueueCollector(store), DrillCollector(store), BackupCollector(store)
