"""Age and result of the last drills, read from Redis when somebody scrapes; every process would answer the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily

from app.drill.records import last_of_each
from app.ops import metrics
from app.ops.kept import KeptCollector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.store import Store


class DrillCollector(KeptCollector):
    """The two gauges of drills; none while Redis is away."""

    def read(self, store: Store) -> Iterator[GaugeMetricFamily]:
        """Ask once for everything."""
        records = last_of_each(store)
        ended = GaugeMetricFamily(*metrics.DRILL_ENDED, labels=["drill"])
        result = GaugeMetricFamily(*metrics.DRILL_RESULT, labels=["drill", "result"])
        for name, record in sorted(records.items()):
            ended.add_metric([name], record.ended_at)
            result.add_metric([name, record.result], 1.0)
        yield ended
        yield result
