"""What Haven's task queue wants to reach beside the others.

Rates are compared by their ratios to the reference, which was measured in the same minute: a machine's speed drifts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.tasks.contestants import DURABLE, QUICK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.bench.tasks.figures import Figures

OF_RAW = 0.9
BULK = 5.0
DRAIN = 3.0
OF_BEST = 0.5


def goals(table: Mapping[str, Figures]) -> Iterator[tuple[str, float | None, float]]:
    """What is wanted, what was found (None if a part of it was not measured), and the least that reaches it."""
    quick, durable = table.get(QUICK.name), table.get(DURABLE.name)
    others = [figures for name, figures in table.items() if name not in (QUICK.name, DURABLE.name, "raw")]
    best = max((found for figures in others if (found := figures.ratio("enqueue"))), default=None)
    yield "enqueue, not durable / huey", over(rate(quick, "enqueue"), rate(table.get("huey"), "enqueue")), 1.0
    yield "enqueue, not durable / raw LPUSH", rate(quick, "enqueue"), OF_RAW
    yield "bulk, not durable / streaq", over(rate(quick, "bulk"), rate(table.get("streaq"), "bulk")), BULK
    yield "no-op drain / dramatiq", over(rate(durable, "noop"), rate(table.get("dramatiq"), "noop")), DRAIN
    yield "latency p50, huey / not durable", over(wait(table.get("huey")), wait(quick)), 1.0
    yield "enqueue, durable / the best other", over(rate(durable, "enqueue"), best), OF_BEST


def rate(figures: Figures | None, metric: str) -> float | None:
    """The ratio to the reference."""
    return figures.ratio(metric) if figures else None


def wait(figures: Figures | None) -> float | None:
    """The median wait."""
    return figures.wait() if figures else None


def over(ours: float | None, theirs: float | None) -> float | None:
    """One by the other; None if one is not there."""
    return ours / theirs if ours and theirs else None
