"""How the panels ask Prometheus: what is selected by the variables, and counters only as rates."""

from __future__ import annotations

from typing import Final

OBJECTIVE: Final = 0.999
"""The part of the requests that may not fail."""
SELECTED: Final = 'namespace=~"$namespace",release=~"$release"'
INSTALLATION: Final = "namespace, release"
"""What tells one installation from another."""
COUNTS: Final = 'route!~"/livez|/readyz|/health|/metrics"'
"""Requests of clients: probes and scrapes say nothing about them."""
FAILED: Final = f'{COUNTS},status=~"5.."'


def of(metric: str, where: str = "") -> str:
    """A metric of the installations that are selected; `where` selects further."""
    return f"{metric}{{{SELECTED},{where}}}" if where else f"{metric}{{{SELECTED}}}"


def rate(counter: str, by: str = "", where: str = "") -> str:
    """How often a second something happens, by labels."""
    return _sum(by, f"rate({of(counter, where)}[$__rate_interval])")


def rise(counter: str, by: str = "", where: str = "") -> str:
    """How often something happened between two points of a graph, by labels."""
    return _sum(by, f"increase({of(counter, where)}[$__rate_interval])")


def total(counter: str, window: str, where: str = "") -> str:
    """How often something happened in a window such as 30d or $__range."""
    return _sum("", f"increase({of(counter, where)}[{window}])")


def quantile(part: float, histogram: str, by: str = "", where: str = "") -> str:
    """What a part of the observations stays below, by labels."""
    found = rate(f"{histogram}_bucket", f"{by}, le" if by else "le", where)
    return f"histogram_quantile({part:g}, {found})"


def once(gauge: str, label: str, by: str = "", where: str = "") -> str:
    """A gauge that several processes show of the same things: each thing once, then added up.

    Args:
        gauge: its name.
        label: what tells one thing from another, within an installation.
        by: the labels that stay.
        where: selects further.
    """
    return _sum(by, f"max by ({INSTALLATION}, {label}) ({of(gauge, where)})")


def by_installation(function: str, gauge: str) -> tuple[str, str]:
    """What max or min makes of a gauge in each installation, with a legend."""
    return f"{function} by ({INSTALLATION}) ({of(gauge)})", "{{namespace}} {{release}}"


def or_zero(expression: str) -> str:
    """Zero where nothing of the kind has ever happened: no data would look like a fault of the monitoring."""
    return f"{expression} or vector(0)"


def or_none(expression: str, label: str) -> str:
    """The same for an expression with one label: a series `none`."""
    return f'{expression} or label_replace(vector(0), "{label}", "none", "", "")'


def failed_part(window: str) -> str:
    """The part of a window's requests that failed; nothing if there were none."""
    answers = "haven_http_request_duration_seconds_count"
    return f"({or_zero(total(answers, window, FAILED))}) / ({total(answers, window, COUNTS)} > 0)"


def burn(window: str) -> str:
    """How many times faster than allowed the error budget was used up in a window."""
    return f"{failed_part(window)} / {1 - OBJECTIVE:g}"


def _sum(by: str, expression: str) -> str:
    return f"sum by ({by}) ({expression})" if by else f"sum({expression})"
