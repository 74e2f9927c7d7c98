"""How each Redis is by its own account: room, disk, copies, and what keeps it from doing its work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.dashboards import defaults as on
from scripts.dashboards.queries import of, rise

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders import timeseries


def panels() -> list[timeseries.Panel]:
    """All of them."""
    return [memory(), restore_age(), ills(), copies(), links(), candidates()]


def memory() -> timeseries.Panel:
    """How full it is."""
    used, limit = of("haven_guardian_memory_used_bytes"), of("haven_guardian_memory_limit_bytes")
    made = on.graph(
        "Memory used",
        "Part of maxmemory, without what replicas wait for. At 100 % writes are refused; nothing is evicted.",
        "percentunit",
        (f"max by (pod) ({used} / ({limit} > 0))", "{{pod}}"),
    )
    return on.lined(made, (0.85, on.YELLOW), (1, on.RED)).no_value("There is no limit")


def restore_age() -> timeseries.Panel:
    """What a restart would cost."""
    return on.graph(
        "Age of what a restart would find",
        "By how much what is on each disk is older than the data in memory. 0 while the append-only file is written.",
        "s",
        (f"max by (pod) ({of('haven_guardian_restore_age_seconds')})", "{{pod}}"),
    )


def ills() -> timeseries.Panel:
    """What is wrong with whom."""
    return on.graph(
        "What is wrong",
        "1: a primary that refuses writes, a disk that could not be written, a Sentinel that takes part in nothing.",
        "none",
        (f"max by (pod) ({of('haven_guardian_writes_refused_ratio')})", "{{pod}} refuses writes"),
        (f"max by (pod) ({of('haven_guardian_persistence_failing_ratio')})", "{{pod}} can't save"),
        (f"max by (pod) ({of('haven_guardian_sentinel_tilt_ratio')})", "{{pod}} is in TILT"),
    ).max(1)


def copies() -> timeseries.Panel:
    """How often everything was copied."""
    return on.graph(
        "Whole copies to replicas",
        "One after a restart or the loss of a disk is right. More are a replica that can't keep up, or comes and goes.",
        "none",
        (rise("haven_guardian_full_resyncs_total", "pod"), "{{pod}}"),
    )


def links() -> timeseries.Panel:
    """Since when a replica has had no link."""
    return on.graph(
        "Time without a link",
        "How long each replica has had no link to a primary.",
        "s",
        (f"max by (pod) ({of('haven_guardian_link_down_seconds')})", "{{pod}}"),
    )


def candidates() -> timeseries.Panel:
    """Who could follow the primary."""
    return on.graph(
        "Replicas that could take over",
        "Linked, fit, and in reach of each guardian. At 0 no failover is possible.",
        "none",
        (f"max by (pod) ({of('haven_guardian_fit_replica_nodes')})", "{{pod}}"),
    )
