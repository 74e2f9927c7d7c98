"""Metrics that are read from Redis when somebody scrapes; every process would answer the same, so use max()."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from app.store import Store, deadline

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client.core import GaugeMetricFamily

SCRAPE_DEADLINE = 1.0


class KeptCollector(Collector):
    """Gauges of what Redis keeps; none while it is away, so that an alert sees the gap and not an old number.

    Args:
        store: where it is kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Ask once for everything."""
        try:
            with deadline(SCRAPE_DEADLINE):
                return list(self.read(self._store))
        except RedisError:
            return []

    @abstractmethod
    def read(self, store: Store) -> Iterable[GaugeMetricFamily]:
        """The gauges, as they are now.

        Raises:
            RedisError: it did not answer, or not as it should.
        """
