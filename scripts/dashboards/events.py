"""Who is told what happens: panels of the dashboard of patterns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.dashboards import defaults as on
from scripts.dashboards.queries import of, or_none, or_zero, rate, rise

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders import stat, timeseries


def panels() -> list[timeseries.Panel]:
    """Those over time."""
    return [published(), delivered(), open_streams(), ends(), gaps(), skipped()]


def streams() -> stat.Panel:
    """Who listens."""
    expression = or_zero(f"sum({of('haven_event_open_streams')})")
    return on.number("Open event streams", "Clients that listen now.", "none", (expression, "open"))


def published() -> timeseries.Panel:
    """What happens."""
    return on.graph(
        "Events published",
        "Events a second, by kind.",
        "ops",
        (rate("haven_event_published_total", "kind"), "{{kind}}"),
    )


def delivered() -> timeseries.Panel:
    """Who is told."""
    return on.graph(
        "Events delivered",
        "Events a second, by receiver: the subscriber's handlers, and clients by kind of stream.",
        "ops",
        (rate("haven_event_delivered_total", "to"), "{{to}}"),
    )


def open_streams() -> timeseries.Panel:
    """Who listens, when."""
    return on.graph(
        "Streams open",
        "Clients that listen, by kind.",
        "none",
        (or_none(f"sum by (kind) ({of('haven_event_open_streams')})", "kind"), "{{kind}}"),
    )


def ends() -> timeseries.Panel:
    """Why they end."""
    return on.graph(
        "Ends of streams",
        "Streams a second that ended, by reason. gone: the client went; slow: it did not read; restart: this "
        "process ends.",
        "ops",
        (or_none(rate("haven_event_stream_ends_total", "reason"), "reason"), "{{reason}}"),
    )


def gaps() -> timeseries.Panel:
    """Who missed something."""
    return on.graph(
        "Clients that missed events",
        "Clients that were told that older events are no longer kept.",
        "none",
        (rise("haven_event_gaps_total"), "clients"),
    )


def skipped() -> timeseries.Panel:
    """Whether handlers missed something."""
    return on.graph(
        "Readers that missed events",
        "Times a reader found that events after its place were no longer kept.",
        "none",
        (rise("haven_event_skipped_total"), "times"),
    )
