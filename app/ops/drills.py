"""Age and result of the last drills, read from Redis when somebody scrapes; every process would answer the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from app.drill.records import last_of_each
from app.errors import StoreError
from app.ops import metrics
from app.ops.queues import SCRAPE_DEADLINE
from app.store import Store, deadline

if TYPE_CHECKING:
    from collections.abc import Iterator


class DrillCollector(Collector):
    """The two gauges of drills; none while Redis is away.

    Args:
        store: where the records are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Ask once for everything."""
        try:
            with deadline(SCRAPE_DEADLINE):
                records = last_of_each(self._store)
        except StoreError:
            return
        ended = GaugeMetricFamily(*metrics.DRILL_ENDED, labels=["drill"])
        result = GaugeMetricFamily(*metrics.DRILL_RESULT, labels=["drill", "result"])
        for name, record in sorted(records.items()):
            ended.add_metric([name], record.ended_at)
            result.add_metric([name, record.result], 1.0)
        yield ended
        yield result
