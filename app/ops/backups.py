"""Age and size of the last backup, read from Redis when somebody scrapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily

from app.backup.record import last
from app.ops import metrics
from app.ops.kept import KeptCollector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.store import Store


class BackupCollector(KeptCollector):
    """The two gauges of backups; none while Redis is away, or knows of none."""

    def read(self, store: Store) -> Iterator[GaugeMetricFamily]:
        """Ask once for everything."""
        record = last(store)
        if record is not None:
            yield GaugeMetricFamily(*metrics.BACKUP_TAKEN, value=record.taken_at)
            yield GaugeMetricFamily(*metrics.BACKUP_SIZE, value=record.size)
