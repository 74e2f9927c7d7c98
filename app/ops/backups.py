"""Age and size of the last backup, read from Redis when somebody scrapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from app.backup.record import last
from app.errors import StoreError
from app.ops import metrics
from app.ops.queues import SCRAPE_DEADLINE
from app.store import Store, deadline

if TYPE_CHECKING:
    from collections.abc import Iterator


class BackupCollector(Collector):
    """The two gauges of backups; none while Redis is away, or knows of none.

    Args:
        store: where the record is.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Ask once."""
        try:
            with deadline(SCRAPE_DEADLINE):
                record = last(self._store)
        except StoreError:
            return
        if record is not None:
            yield GaugeMetricFamily(*metrics.BACKUP_TAKEN, value=record.taken_at)
            yield GaugeMetricFamily(*metrics.BACKUP_SIZE, value=record.size)
