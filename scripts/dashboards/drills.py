"""Was it rehearsed, did it hold, and what happened during a run: select one in the table, and the time moves there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

from scripts.dashboards import clients, failovers, overview, redis
from scripts.dashboards import defaults as on
from scripts.dashboards.queries import COUNTS, INSTALLATION, of, or_zero, quantile, rate

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders import stat, table, timeseries
    from grafana_foundation_sdk.models.dashboard import Dashboard

UID: Final = "haven-drills"
ENDED: Final = "haven_drill_last_end_timestamp_seconds"
RESULT: Final = "haven_drill_last_result_info"
BEFORE: Final = 600
AFTER: Final = 60
"""Seconds around the end of a drill that one click shows."""
RESULTS: Final = {
    "held": on.GREEN,
    "deviated": on.RED,
    "refused": on.YELLOW,
    "aborted": on.ORANGE,
    "residue": on.RED,
    "inconclusive": on.YELLOW,
    "interrupted": on.YELLOW,
}


def dashboard() -> Dashboard:
    """All drills, and one of them near."""
    return on.dashboard(
        UID,
        "Haven / Drills",
        "The last result and age of each drill, and what happened around a run.",
        {
            "Rehearsed": [count(), not_held(), longest_ago(), latest()],
            "Drills": [last_runs()],
            "During a run: roles": [redis.roles()],
            "During a run: the gap": [redis.seen_primaries(), failovers.seconds(), redis.lag()],
            "During a run: what clients saw": [
                overview.requests(),
                waits(),
                clients.errors(),
                clients.retries(),
                clients.changes(),
                clients.circuits(),
            ],
        },
    )


def _last(expression: str) -> str:
    """Something of each drill's last end, with its result."""
    known = f"{INSTALLATION}, drill"
    result = f"max by ({known}, result) ({of(RESULT)})"
    return f"{result} * on ({known}) group_left () ({expression})"


def _ended() -> str:
    return f"max by ({INSTALLATION}, drill) ({of(ENDED)})"


def count() -> stat.Panel:
    """How many are practised."""
    return on.number(
        "Drills ever run", "Drills with a record.", "none", (or_zero(f"count({_ended()})"), "drills")
    ).span(6)


def not_held() -> stat.Panel:
    """What does not work."""
    bad = f"""count(max by ({INSTALLATION}, drill) ({of(RESULT, 'result!="held"')}))"""
    return on.number(
        "Drills that did not hold",
        "Drills whose last run ended with anything but held.",
        "none",
        (or_zero(bad), "drills"),
        (1, on.RED),
    ).span(6)


def longest_ago() -> stat.Panel:
    """What is out of practice."""
    return (
        on.number(
            "Longest ago",
            "The drill whose last run is the oldest of all. Older than a month is overdue.",
            "s",
            (f"max(time() - {_ended()})", "age"),
            (30 * 86400, on.ORANGE),
            (90 * 86400, on.RED),
        )
        .no_value("never")
        .span(6)
    )


def latest() -> stat.Panel:
    """When somebody last practised."""
    return (
        on.number("Last drill", "The time since the end of the last one.", "s", (f"min(time() - {_ended()})", "age"))
        .no_value("never")
        .span(6)
    )


def last_runs() -> table.Panel:
    """All of them."""
    made = on.rows_of(
        "Last run of each drill",
        f"Follow a drill's name to see the {BEFORE // 60} minutes before its end. Its report is at /ops.",
        "s",
        _last(f"time() - {_ended()}"),
        _last(f"({_ended()} - {BEFORE}) * 1000"),
        _last(f"({_ended()} + {AFTER}) * 1000"),
    ).no_value("no drill was ever run")
    made.override_by_name("Value #A", [DynamicConfigValue("displayName", "ended ago")])
    for name in ("Time", "Value #B", "Value #C"):
        made.override_by_name(name, [DynamicConfigValue("custom.hidden", value=True)])
    made.override_by_name("drill", [DynamicConfigValue("links", [{"title": "Show this run", "url": _around_it()}])])
    options = {word: {"color": colour, "text": word} for word, colour in RESULTS.items()}
    mapped = DynamicConfigValue("mappings", [{"type": "value", "options": options}])
    cell = DynamicConfigValue("custom.cellOptions", {"type": "color-text"})
    return made.override_by_name("result", [mapped, cell])


def _around_it() -> str:
    times = """from=${__data.fields["Value #B"].numeric}&to=${__data.fields["Value #C"].numeric}"""
    kept = "${datasource:queryparam}&${namespace:queryparam}&${release:queryparam}"
    return f"/d/{UID}?{times}&{kept}"


def waits() -> timeseries.Panel:
    """What users felt."""
    seconds = "haven_http_request_duration_seconds"
    return on.graph(
        "Latency during the run",
        "What 99 in 100 and all but one in 1,000 requests stayed below: the gap, as users felt it.",
        "s",
        *((quantile(part, seconds, where=COUNTS), f"{part:.4g}") for part in (0.99, 0.999)),
        (f"{rate(f'{seconds}_sum', where=COUNTS)} / ({rate(f'{seconds}_count', where=COUNTS)} > 0)", "mean"),
    ).span(12)
