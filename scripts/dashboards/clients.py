"""What the application saw of Redis: panels that the dashboards of Redis and of drills share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.dashboards import defaults as on
from scripts.dashboards.queries import of, or_none, quantile, rate, rise

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders import timeseries

SECONDS = "haven_store_operation_duration_seconds"


def panels() -> list[timeseries.Panel]:
    """All of them."""
    return [errors(), retries(), changes(), circuits(), latency(), latency_by_operation(), operations(), connects()]


def errors() -> timeseries.Panel:
    """What did not work."""
    return on.graph(
        "Operations that failed",
        "Operations a second that ended with an error, by error. OutcomeUnknown: it may have happened; CircuitOpen: "
        "refused at once, because Redis is away.",
        "ops",
        (or_none(rate("haven_store_errors_total", "error"), "error"), "{{error}}"),
    ).span(6)


def retries() -> timeseries.Panel:
    """What worked the second time."""
    return on.graph(
        "Attempts that were repeated",
        "Attempts a second, by reason. In a failover they are what requests wait for.",
        "ops",
        (or_none(rate("haven_store_retries_total", "reason"), "reason"), "{{reason}}"),
    ).span(6)


def changes() -> timeseries.Panel:
    """Who noticed a failover."""
    return on.graph(
        "Failovers seen by clients",
        "Processes that saw another primary than before, by pod.",
        "none",
        (rise("haven_store_failovers_total", "pod"), "{{pod}}"),
    ).span(6)


def circuits() -> timeseries.Panel:
    """Who has given up for now."""
    return on.graph(
        "Open circuits",
        "Processes that fail fast because Redis is away, by pod. They try again by themselves.",
        "none",
        (f"sum by (pod) ({of('haven_store_open_circuits')})", "{{pod}}"),
    ).span(6)


def latency() -> timeseries.Panel:
    """How long it takes."""
    return on.graph(
        "Operations on Redis",
        "What half, 99 in 100 and 999 in 1,000 operations stay below, with all their attempts.",
        "s",
        *((quantile(part, SECONDS), f"{part:.4g}") for part in (0.5, 0.99, 0.999)),
    ).span(6)


def latency_by_operation() -> timeseries.Panel:
    """What takes long."""
    return on.graph(
        "By operation, 99th percentile",
        "The ten slowest commands and scripts. Those that wait for news (XREAD, XREADGROUP) are long by their nature.",
        "s",
        (f"topk(10, {quantile(0.99, SECONDS, 'operation')})", "{{operation}}"),
    ).span(6)


def operations() -> timeseries.Panel:
    """How much is asked of it."""
    return on.graph(
        "Operations a second",
        "The ten most frequent commands and scripts.",
        "ops",
        (f"topk(10, {rate(f'{SECONDS}_count', 'operation')})", "{{operation}}"),
    ).span(6)


def connects() -> timeseries.Panel:
    """Whether connections last."""
    return on.graph(
        "New connections",
        "Connections opened a second, by pool. A failover makes every process connect anew.",
        "ops",
        (rate("haven_store_connects_total", "pool"), "{{pool}}"),
    ).span(6)
