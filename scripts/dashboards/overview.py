"""Is it well, and for whom not: traffic, errors, latency, the error budget, what is near its limit, what runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.dashboards import defaults as on
from scripts.dashboards.queries import COUNTS, FAILED, OBJECTIVE, burn, failed_part, of, or_zero, quantile, rate

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders import stat, statetimeline, timeseries
    from grafana_foundation_sdk.models.dashboard import Dashboard

ANSWERS = "haven_http_request_duration_seconds_count"
SECONDS = "haven_http_request_duration_seconds"
ALLOWED = f"{1 - OBJECTIVE:.1%}"


def dashboard() -> Dashboard:
    """The first page: whether anybody has to look further, and where."""
    return on.dashboard(
        "haven-overview",
        "Haven / Overview",
        f"Traffic, errors, latency, the error budget of {OBJECTIVE:.1%}, saturation, and what runs.",
        {
            "Now": [availability(), budget_left(), burning(), traffic(), slowest(), down()],
            "Traffic": [requests(), refusals(), latency(), latency_by_route()],
            "Error budget": [failures(), burns()],
            "Saturation": [in_progress(), pools(), waits(), processor(), memory()],
            "Processes": [running()],
        },
    )


def availability() -> stat.Panel:
    """How much worked."""
    return on.number(
        "Availability, 30 days",
        f"The part of the requests that did not end with a 5xx. The objective is {OBJECTIVE:.1%}; probes do not count.",
        "percentunit",
        (f"1 - {failed_part('30d')}", "available"),
        (0, on.RED),
        (OBJECTIVE, on.GREEN),
    ).decimals(3)


def budget_left() -> stat.Panel:
    """What may still fail."""
    return on.number(
        "Error budget left, 30 days",
        f"What is left of the {ALLOWED} of the requests that may fail. Below zero the objective is missed.",
        "percentunit",
        (f"1 - {burn('30d')}", "left"),
        (0, on.RED),
        (0.0001, on.ORANGE),
        (0.25, on.GREEN),
    ).decimals(1)


def burning() -> stat.Panel:
    """How fast it is used up."""
    return on.number(
        "Burn rate, 1 hour",
        "How many times faster than allowed the budget was used up in the last hour. At 14.4 a month's is gone "
        "in two days.",
        "none",
        (burn("1h"), "burn rate"),
        (1, on.YELLOW),
        (6, on.ORANGE),
        (14.4, on.RED),
    ).decimals(1)


def traffic() -> stat.Panel:
    """How much there is to do."""
    return on.number(
        "Requests", "Answers a second, without probes.", "reqps", (rate(ANSWERS, where=COUNTS), "requests")
    )


def slowest() -> stat.Panel:
    """What one in a hundred waits."""
    return on.number(
        "Latency, 99th percentile",
        "What 99 of 100 requests stay below. During a failover they wait, so this rises where errors do not.",
        "s",
        (quantile(0.99, SECONDS, where=COUNTS), "99 %"),
        (0.5, on.YELLOW),
        (2.5, on.RED),
    )


def down() -> stat.Panel:
    """What does not run."""
    return on.number(
        "Processes without answer",
        "Processes that Prometheus knows and that did not answer its last scrape.",
        "none",
        (f"count({of('up')} == 0) or vector(0)", "down"),
        (1, on.RED),
    )


def requests() -> timeseries.Panel:
    """How much, with what result."""
    made = on.graph(
        "Requests by status",
        "Answers a second, by status. 503 with Retry-After means that Redis was away for longer than a deadline.",
        "reqps",
        (rate(ANSWERS, "status", COUNTS), "{{status}}"),
    )
    return on.coloured(on.stacked(made), {"5..": on.RED, "4..": on.ORANGE, "3..": on.BLUE, "2..": on.GREEN}).span(12)


def refusals() -> timeseries.Panel:
    """Where it goes wrong."""
    return on.graph(
        "Answers of 400 and above by route",
        "Which routes refuse or fail. `none` are paths that do not exist.",
        "reqps",
        (rate(ANSWERS, "route, status", f'{COUNTS},status=~"[45].."'), "{{status}} {{route}}"),
    ).span(12)


def latency() -> timeseries.Panel:
    """How long it takes."""
    return on.graph(
        "Latency",
        "What half, nine in ten and 99 in 100 of the requests stay below.",
        "s",
        *((quantile(part, SECONDS, where=COUNTS), f"{part:.0%}") for part in (0.5, 0.9, 0.99)),
    ).span(12)


def latency_by_route() -> timeseries.Panel:
    """Where it takes long."""
    return on.graph(
        "Latency by route, 99th percentile",
        "The ten slowest routes.",
        "s",
        (f"topk(10, {quantile(0.99, SECONDS, 'route', COUNTS)})", "{{route}}"),
    ).span(12)


def failures() -> timeseries.Panel:
    """What the budget is spent on."""
    failed = f"({or_zero(rate(ANSWERS, where=FAILED))}) / ({rate(ANSWERS, where=COUNTS)} > 0)"
    made = on.graph(
        "Failed requests", f"The part that ended with a 5xx; {ALLOWED} may.", "percentunit", (failed, "failed")
    )
    return on.lined(made, (1 - OBJECTIVE, on.RED)).span(12)


def burns() -> timeseries.Panel:
    """Whether it is a spike or goes on."""
    made = on.graph(
        "Burn rates",
        "How many times faster than allowed the budget is used up, by window. A short and a long one above the same "
        "line mean that it still goes on: 14.4 (5 min and 1 h), 6 (30 min and 6 h), 1 (6 h and 3 days).",
        "none",
        *((burn(window), window) for window in ("5m", "30m", "1h", "6h", "3d")),
    )
    return on.lined(made, (1, on.YELLOW), (6, on.ORANGE), (14.4, on.RED)).span(12)


def in_progress() -> timeseries.Panel:
    """How many at once."""
    return on.graph(
        "Requests in progress",
        "Requests that are being answered, by pod. A pod answers as many at once as it has threads.",
        "none",
        (f"sum by (pod) ({of('haven_http_in_progress_requests')})", "{{pod}}"),
    )


def pools() -> timeseries.Panel:
    """Whether connections are scarce."""
    used, size = (f"sum by (pod, pool) ({of(f'haven_store_pool_{name}_connections')})" for name in ("in_use", "size"))
    return on.graph(
        "Connections to Redis in use",
        "The part of each pool that is in use. At 100 % operations wait: raise REDIS_POOL_SIZE.",
        "percentunit",
        (f"{used} / {size}", "{{pod}} {{pool}}"),
    )


def waits() -> timeseries.Panel:
    """Whether they are too few."""
    return on.graph(
        "Waits for a connection",
        "Operations a second that had to wait for a free connection, by pool.",
        "ops",
        (on_every_pool(), "{{pool}}"),
    )


def on_every_pool() -> str:
    """The waits, and zero for a pool that nobody has waited for."""
    none = f"sum by (pool) ({of('haven_store_pool_size_connections')}) * 0"
    return f"{rate('haven_store_pool_waits_total', 'pool')} or {none}"


def processor() -> timeseries.Panel:
    """What computes."""
    return on.graph(
        "Processor time",
        "Cores in use by workers, subscribers and guardians. The web processes are many in a pod: see its container.",
        "none",
        (f"sum by (pod) (rate({of('process_cpu_seconds_total')}[$__rate_interval]))", "{{pod}}"),
    ).span(12)


def memory() -> timeseries.Panel:
    """What holds memory."""
    return on.graph(
        "Memory",
        "Memory of workers, subscribers and guardians. The web processes are many in a pod: see its container.",
        "bytes",
        (f"sum by (pod) ({of('process_resident_memory_bytes')})", "{{pod}}"),
    ).span(12)


def running() -> statetimeline.Panel:
    """What ran when."""
    return on.timeline(
        "Processes",
        "Whether each pod answered Prometheus.",
        (f"min by (pod) ({of('up')})", "{{pod}}"),
        ((1, "up", on.GREEN), (0, "no answer", on.RED)),
    )
