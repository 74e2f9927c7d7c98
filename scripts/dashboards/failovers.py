"""Did the primary change, planned or not, and how long did it take: panels of the dashboards of Redis and of drills."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.dashboards import defaults as on
from scripts.dashboards.queries import by_installation, of, or_zero, rise

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders import stat, timeseries


def panels() -> list[timeseries.Panel]:
    """Those over time."""
    return [changes(), seconds(), epoch(), handovers(), pause(), hints(), promotions()]


def last_one() -> stat.Panel:
    """How long it took."""
    return on.number(
        "Last failover",
        "From the loss of the primary to another that serves, the longest that a guardian saw. 0: none since its "
        "start.",
        "s",
        by_installation("max", "haven_guardian_last_failover_seconds"),
        (1.5, on.YELLOW),
        (5, on.RED),
    )


def last_pause() -> stat.Panel:
    """What a planned one cost."""
    return on.number(
        "Last handover's pause",
        "How long writes were paused by the last handover. 0: none since the guardians' start.",
        "s",
        by_installation("max", "haven_guardian_last_handover_pause_seconds"),
        (0.5, on.YELLOW),
        (2, on.RED),
    )


def changes() -> timeseries.Panel:
    """When the primary changed."""
    return on.graph(
        "Changes of the primary",
        "How often another node became the named primary, handovers included, as each guardian saw it.",
        "none",
        (rise("haven_guardian_failovers_total", "pod"), "{{pod}}"),
    )


def seconds() -> timeseries.Panel:
    """How long it took, each time."""
    made = on.graph(
        "Duration of the last failover",
        "From the loss of the named primary to another that serves, as each guardian saw it.",
        "s",
        (f"max by (pod) ({of('haven_guardian_last_failover_seconds')})", "{{pod}}"),
    )
    return on.lined(made, (1.5, on.YELLOW), (5, on.RED))


def epoch() -> timeseries.Panel:
    """What the Sentinels count."""
    return on.graph(
        "Configuration epoch",
        "The Sentinels' count of failovers, as each guardian sees it. Lines that stay apart: the Sentinels disagree.",
        "none",
        (f"max by (pod) ({of('haven_guardian_config_epoch')})", "{{pod}}"),
    )


def handovers() -> timeseries.Panel:
    """When the role was given away."""
    made = on.graph(
        "Handovers",
        "Planned changes of the primary, by result. refused: nothing was touched. timed_out: the old primary went on.",
        "none",
        (rise("haven_guardian_handovers_total", "result"), "{{result}}"),
    )
    return on.coloured(made, {"done": on.GREEN, "refused": on.YELLOW, "timed_out": on.RED}).span(6)


def pause() -> timeseries.Panel:
    """What they cost."""
    return on.graph(
        "Pause of the last handover",
        "How long writes were paused, by the node that gave the role away.",
        "s",
        (f"max by (pod) ({of('haven_guardian_last_handover_pause_seconds')})", "{{pod}}"),
    ).span(6)


def hints() -> timeseries.Panel:
    """Whether hints help."""
    return on.graph(
        "Crash hints",
        "Hints to the Sentinels that a Redis is dead, by what followed. none: they did not agree in time.",
        "none",
        (rise("haven_guardian_hints_total", "followed"), "{{followed}}"),
    ).span(6)


def promotions() -> timeseries.Panel:
    """What Sentinel could not do."""
    return on.graph(
        "Promotions by a guardian",
        "Times a node took the role itself, because nobody else could: at the first start, or when all had been down.",
        "none",
        (or_zero(rise("haven_guardian_promotions_total")), "promotions"),
    ).span(6)
