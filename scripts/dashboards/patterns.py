"""Do the patterns do what they are for: cache, limits, sessions and events, and what they do while Redis is away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.dashboards import defaults as on
from scripts.dashboards import events
from scripts.dashboards.queries import or_none, or_zero, rate, total

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders import stat, timeseries
    from grafana_foundation_sdk.models.dashboard import Dashboard

LOOKUPS = "haven_cache_requests_total"
HITS = 'result=~"hit|hit_local|stale"'
ASKED = 'result!="refresh"'
DECISIONS = "haven_limit_decisions_total"
SESSIONS = "haven_session_events_total"
OUTAGE = 'decision=~"outage_.*"'


def dashboard() -> Dashboard:
    """Cache, limits, sessions, events."""
    return on.dashboard(
        "haven-patterns",
        "Haven / Patterns",
        "Cache hit rate, refusals and invalidations; decisions of limits; sessions; events and their streams.",
        {
            "Now": [hit_rate(), degraded_cache(), rejected(), degraded_limits(), sessions_made(), events.streams()],
            "Cache": [hit_rate_over_time(), lookups(), refused(), invalidations()],
            "Limits": [decisions(), rejections(), outage_decisions()],
            "Sessions": [sessions(), strangers()],
            "Events": events.panels(),
        },
    )


def _hit_part() -> str:
    return f"({or_zero(rate(LOOKUPS, where=HITS))}) / ({rate(LOOKUPS, where=ASKED)} > 0)"


def hit_rate() -> stat.Panel:
    """Whether it is worth it."""
    return on.number(
        "Cache hit rate",
        "The part of the look-ups that somebody else had computed, stale values included.",
        "percentunit",
        (_hit_part(), "hits"),
    ).no_value("nobody asks")


def degraded_cache() -> stat.Panel:
    """Whether it works."""
    return on.number(
        "Cache without Redis",
        "Look-ups a second that were computed because Redis was away.",
        "ops",
        (or_zero(rate(LOOKUPS, where='result="error"')), "computed"),
        (0.01, on.ORANGE),
    )


def rejected() -> stat.Panel:
    """Whether limits bite."""
    return on.number(
        "Rejected by limits",
        "Requests a second that were over a limit.",
        "reqps",
        (or_zero(rate(DECISIONS, where='decision=~"rejected|outage_local_rejected"')), "rejected"),
    )


def degraded_limits() -> stat.Panel:
    """Whether they count."""
    return on.number(
        "Limits without Redis",
        "Decisions a second that were made without Redis, as each limit's on_outage says.",
        "ops",
        (or_zero(rate(DECISIONS, where=OUTAGE)), "without Redis"),
        (0.01, on.ORANGE),
    )


def sessions_made() -> stat.Panel:
    """Who comes."""
    return on.number(
        "Sessions created in the time shown",
        "Log-ins, and sessions of those who are not signed in.",
        "none",
        (or_zero(total(SESSIONS, "$__range", 'event="created"')), "created"),
    ).decimals(0)


def hit_rate_over_time() -> timeseries.Panel:
    """Whether it stays so."""
    return on.graph(
        "Hit rate",
        "The part of the look-ups that somebody else had computed. It falls after an invalidation of much, and at "
        "a start.",
        "percentunit",
        (_hit_part(), "hits"),
    ).span(6)


def lookups() -> timeseries.Panel:
    """How it goes."""
    made = on.graph(
        "Look-ups by result",
        "hit_local: from this process; stale: served while one makes it anew; refresh: made anew before anybody missed "
        "it; error: Redis was away, and it was computed.",
        "ops",
        (rate(LOOKUPS, "result"), "{{result}}"),
    )
    return on.coloured(on.stacked(made), {"^hit": on.GREEN, "miss": on.YELLOW, "error": on.RED}).span(6)


def refused() -> timeseries.Panel:
    """What it does not keep."""
    return on.graph(
        "Values refused",
        "Values a second that were too_large to be kept (HAVEN_CACHE_MAX_BYTES), or unreadable.",
        "ops",
        (or_none(rate("haven_cache_refused_values_total", "reason"), "reason"), "{{reason}}"),
    ).span(6)


def invalidations() -> timeseries.Panel:
    """What is made void."""
    return on.graph(
        "Invalidations",
        "Tags a second that were invalidated.",
        "ops",
        (rate("haven_cache_invalidated_tags_total"), "tags"),
    ).span(6)


def decisions() -> timeseries.Panel:
    """What limits say."""
    made = on.graph(
        "Decisions", "Decisions a second, by decision.", "ops", (rate(DECISIONS, "decision"), "{{decision}}")
    )
    return on.coloured(on.stacked(made), {"^allowed": on.GREEN, "rejected": on.RED, "^outage_open": on.ORANGE})


def rejections() -> timeseries.Panel:
    """Whom they stop."""
    return on.graph(
        "Rejections by scope",
        "Requests a second that were over a limit, by the limit's scope.",
        "reqps",
        (or_none(rate(DECISIONS, "scope", 'decision=~"rejected|outage_local_rejected"'), "scope"), "{{scope}}"),
    )


def outage_decisions() -> timeseries.Panel:
    """What they say without Redis."""
    return on.graph(
        "Decisions without Redis",
        "outage_open: let through; outage_closed: refused with 503; outage_local: counted in the process alone.",
        "ops",
        (or_none(rate(DECISIONS, "scope, decision", OUTAGE), "decision"), "{{scope}} {{decision}}"),
    )


def sessions() -> timeseries.Panel:
    """What becomes of sessions."""
    return on.graph(
        "Sessions",
        "Events a second. renewed: another id, as at a log-in; crowded_out: more than a user may have.",
        "ops",
        (rate(SESSIONS, "event", 'event!~"over|unknown"'), "{{event}}"),
    ).span(12)


def strangers() -> timeseries.Panel:
    """Who comes with an id that is none."""
    return on.graph(
        "Session ids that were refused",
        "over: too old, or logged out everywhere. unknown: unused or made up; many of them are somebody who "
        "guesses, or sessions that were lost.",
        "ops",
        (or_none(rate(SESSIONS, "event", 'event=~"over|unknown"'), "event"), "{{event}}"),
    ).span(12)
