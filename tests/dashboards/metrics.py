"""What a query may ask for: the metrics that are declared, with their labels, and what they make of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import promql_parser as promql
from prometheus_client.metrics import MetricWrapperBase

from app.ops import metrics
from tests.dashboards.reading import children

if TYPE_CHECKING:
    from collections.abc import Iterable

# What the PodMonitor, or app/local/prometheus.py, gives to every series.
OF_THE_TARGET = frozenset({"namespace", "release", "pod", "component", "job", "instance"})
# Read at the scrape by app/ops/queues.py and app/ops/drills.py; the test of the running stack sees that they are so.
AT_THE_SCRAPE = {
    metrics.QUEUE_DEPTH[0]: {"priority"},
    metrics.QUEUE_AGE[0]: {"priority"},
    metrics.QUEUE_RUNNING[0]: {"priority"},
    metrics.DRILL_ENDED[0]: {"drill"},
    metrics.DRILL_RESULT[0]: {"drill", "result"},
}
# What Prometheus and its client add.
STANDARD: dict[str, set[str]] = {
    "up": set(),
    "process_cpu_seconds_total": set(),
    "process_resident_memory_bytes": set(),
}


def known() -> dict[str, frozenset[str]]:
    """Every series there may be, with the labels that it has."""
    found: dict[str, set[str]] = {**AT_THE_SCRAPE, **STANDARD}
    for each in vars(metrics).values():
        if isinstance(each, MetricWrapperBase):
            labels = set(each._labelnames)
            match each._type:
                case "counter":
                    found[f"{each._name}_total"] = labels
                case "histogram":
                    found |= {f"{each._name}_sum": labels, f"{each._name}_count": labels}
                    found[f"{each._name}_bucket"] = labels | {"le"}
                case _:
                    found[each._name] = labels
    return {name: OF_THE_TARGET | labels for name, labels in found.items()}


KNOWN = known()
COUNTERS = {name for name in KNOWN if name.endswith(("_total", "_bucket", "_sum", "_count"))}


def labels(expression: promql.Expr) -> frozenset[str]:
    """The labels of what a query gives.

    Raises:
        LookupError: it adds up, joins or selects by a label that what is below it does not have.
    """
    below: frozenset[str] = frozenset().union(*(labels(child) for child in children(expression)))
    match expression:
        case promql.VectorSelector():
            need(KNOWN[str(expression.name)], {each.name for each in expression.matchers.matchers}, expression)
            below = KNOWN[str(expression.name)]
        case promql.AggregateExpr() if str(expression.op) not in {"topk", "bottomk"}:
            below = need(below, expression.modifier.labels if expression.modifier else (), expression)
        case promql.BinaryExpr() if expression.modifier is not None and expression.modifier.matching is not None:
            need(below, expression.modifier.matching.labels, expression)
            below = labels(expression.lhs)
        case promql.Call() if expression.func.name == "label_replace":
            below |= {str(expression.args[1].val)}
        case promql.Call() if expression.func.name == "histogram_quantile":
            below -= need(below, {"le"}, expression)
    return below


def need(there: frozenset[str], wanted: Iterable[str], expression: promql.Expr) -> frozenset[str]:
    """The wanted labels.

    Raises:
        LookupError: one of them is not there.
    """
    asked = frozenset(wanted)
    if not asked <= there:
        raise LookupError(f"{expression.prettify()}: there is no {', '.join(sorted(asked - there))}")
    return asked
