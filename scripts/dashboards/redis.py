"""Is Redis well: who is primary and since when, could the role move now, did it, and what did clients see of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scripts.dashboards import clients, failovers, vitals
from scripts.dashboards import defaults as on
from scripts.dashboards.queries import INSTALLATION, by_installation, of

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders import stat, statetimeline, timeseries
    from grafana_foundation_sdk.models.dashboard import Dashboard

ENDS: Final = "haven_guardian_certificate_end_timestamp_seconds"
STATES: Final = (
    (4, "primary", on.GREEN),
    (3, "replica", on.BLUE),
    (2, "joining", on.YELLOW),
    (1, "waiting", on.ORANGE),
    (0, "away", on.RED),
)
"""The guardian's states as the numbers that a time line needs."""


def dashboard() -> Dashboard:
    """Topology, replication, failovers, and what clients saw."""
    return on.dashboard(
        "haven-redis",
        "Haven / Redis",
        "Roles over time, reach, replication lag, failovers and handovers, memory, certificates, and what clients saw.",
        {
            "Now": [primaries(), nodes(), sentinels(), fit(), failovers.last_one(), failovers.last_pause()],
            "Roles": [roles()],
            "Topology": [seen_primaries(), seen_nodes(), seen_sentinels()],
            "Replication": [lag(), heartbeat(), fit_over_time()],
            "Memory, disk, copies": vitals.panels(),
            "Failovers": failovers.panels(),
            "What clients saw": clients.panels(),
            "Certificates": [certificates()],
        },
    )


def primaries() -> stat.Panel:
    """Whether there is one."""
    return on.number(
        "Primaries",
        "Servers in reach that say they are primary, as the guardian that sees most of them has it. Right is 1.",
        "none",
        by_installation("max", "haven_guardian_primaries_nodes"),
        (0, on.RED),
        (1, on.GREEN),
        (2, on.RED),
    )


def nodes() -> stat.Panel:
    """How many answer."""
    return on.number(
        "Redis in reach",
        "Servers that answer the guardian that sees fewest. Below 2 writes are refused: none would be on two nodes.",
        "none",
        by_installation("min", "haven_guardian_reachable_nodes"),
        (0, on.RED),
        (2, on.ORANGE),
        (3, on.GREEN),
    )


def sentinels() -> stat.Panel:
    """Whether they could vote."""
    return on.number(
        "Sentinels in reach",
        "Sentinels that answer the guardian that sees fewest. Below 2 there is no automatic failover.",
        "none",
        by_installation("min", "haven_guardian_reachable_sentinels"),
        (0, on.RED),
        (2, on.ORANGE),
        (3, on.GREEN),
    )


def fit() -> stat.Panel:
    """Who could take over."""
    return on.number(
        "Fit to be primary",
        "Servers that Sentinel may promote. With fewer than 2, nobody could take over now.",
        "none",
        (f"sum by ({INSTALLATION}) ({of('haven_guardian_fit_ratio')})", "{{namespace}} {{release}}"),
        (0, on.RED),
        (2, on.ORANGE),
        (3, on.GREEN),
    )


def roles() -> statetimeline.Panel:
    """Who was what when."""
    states = " or ".join(
        f"""{of("haven_guardian_state_info", f'state="{word}"')} * {value}""" for value, word, _ in STATES
    )
    return on.timeline(
        "Roles",
        "What each node's Redis was to its guardian. joining: it takes the data over; waiting: for a majority, or for "
        "a fresher one; away: it does not answer. A gap: the guardian itself did not answer.",
        (f"sum by (namespace, pod) ({states})", "{{pod}}"),
        STATES,
    )


def seen_primaries() -> timeseries.Panel:
    """Who sees how many primaries."""
    return on.graph(
        "Primaries seen by each guardian",
        "Servers that say they are primary. 0 is a failover under way; 2 for longer than a moment is two sides "
        "of a cut.",
        "none",
        (f"max by (pod) ({of('haven_guardian_primaries_nodes')})", "{{pod}}"),
    )


def seen_nodes() -> timeseries.Panel:
    """Who reaches how many."""
    return on.graph(
        "Redis in reach of each guardian",
        "Servers that answer. One guardian that sees fewer than the others is cut off.",
        "none",
        (f"max by (pod) ({of('haven_guardian_reachable_nodes')})", "{{pod}}"),
    )


def seen_sentinels() -> timeseries.Panel:
    """Who reaches how many Sentinels."""
    return on.graph(
        "Sentinels in reach of each guardian",
        "Sentinels that answer and watch the primary.",
        "none",
        (f"max by (pod) ({of('haven_guardian_reachable_sentinels')})", "{{pod}}"),
    )


def lag() -> timeseries.Panel:
    """How far behind replicas are."""
    made = on.graph(
        "Replication lag",
        "How much older a node's last heartbeat is than the primary's. The heartbeat is written once a second, so up "
        "to a second is none.",
        "s",
        (f"max by (pod) ({of('haven_guardian_lag_seconds')})", "{{pod}}"),
    )
    return on.lined(made, (2, on.YELLOW), (10, on.RED))


def heartbeat() -> timeseries.Panel:
    """How old the data is."""
    return on.graph(
        "Age of the data",
        "Time since the last heartbeat in each node's data. It grows everywhere where no primary takes writes.",
        "s",
        (f"time() - max by (pod) ({of('haven_guardian_heartbeat_timestamp_seconds')} > 0)", "{{pod}}"),
    )


def fit_over_time() -> timeseries.Panel:
    """Who could have taken over."""
    return on.graph(
        "Fit to be primary, by node",
        "1: Sentinel may promote this node.",
        "none",
        (f"max by (pod) ({of('haven_guardian_fit_ratio')})", "{{pod}}"),
    ).max(1)


def certificates() -> timeseries.Panel:
    """How long certificates are good for."""
    made = on.graph(
        "Time until certificates end",
        "By server, where TLS is on. 0: it has ended, is refused, or none is served.",
        "s",
        (
            f"min by (pod, server) ({of('haven_guardian_certificate_end_timestamp_seconds')} - time())",
            "{{pod}} {{server}}",
        ),
    )
    return on.lined(made, (0, on.RED), (7 * 86400, on.YELLOW), (21 * 86400, on.GREEN)).no_value("TLS is off").span(24)
