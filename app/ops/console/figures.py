"""What the metrics of this instance's web processes say of cache and limits."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from flask import current_app
from prometheus_client.parser import text_string_to_metric_families

from app.api.login import limit_logins
from app.ops import metrics_files
from app.ratelimit.view import RateLimit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.ratelimit import Limit

CACHE: Final = "haven_cache_requests_total"
LIMITS: Final = "haven_limit_decisions_total"
_HITS: Final = ("hit", "hit_local", "stale")
_ASKED: Final = (*_HITS, "miss", "error")


@dataclass(frozen=True, slots=True)
class CacheFigures:
    """Look-ups by result, and the share that found something; None before the first."""

    results: dict[str, int]
    rate: float | None


@dataclass(frozen=True, slots=True)
class LimitFigures:
    """A scope: what is declared for it, and the decisions; while Redis was away counted on their own."""

    scope: str
    limits: list[str] = field(default_factory=list)
    outage: str = ""
    allowed: int = 0
    rejected: int = 0
    away: int = 0


def cache_figures() -> CacheFigures:
    """Of the cache."""
    results: Counter[str] = Counter()
    for labels, value in _samples(CACHE):
        results[labels["result"]] += int(value)
    asked = sum(results[name] for name in _ASKED)
    return CacheFigures(dict(sorted(results.items())), sum(results[name] for name in _HITS) / asked if asked else None)


def limit_figures() -> list[LimitFigures]:
    """Of every limit that a view declares or that has decided something."""
    counts: dict[str, Counter[str]] = {}
    for labels, value in _samples(LIMITS):
        counts.setdefault(labels["scope"], Counter())[labels["decision"]] += int(value)
    declared = dict(_declared())
    found = []
    for scope in sorted(declared.keys() | counts.keys()):
        count, limit = counts.get(scope, Counter()), declared.get(scope)
        away = sum(number for decision, number in count.items() if decision.startswith("outage"))
        limits = [_words(each) for each in limit.limits] if limit else []
        outage = limit.on_outage if limit else ""
        found.append(LimitFigures(scope, limits, outage, count["allowed"], count["rejected"], away))
    return found


def _declared() -> Iterator[tuple[str, RateLimit]]:
    yield str(limit_logins.scope), limit_logins
    for view in current_app.view_functions.values():
        limit = getattr(view, "rate_limit", None)
        if isinstance(limit, RateLimit):
            yield limit.scope or f"{view.__module__}.{view.__qualname__}", limit


def _words(limit: Limit) -> str:
    kind = " exact" if limit.exact else f" burst {limit.burst}" if limit.burst else ""
    return f"{limit.name}: {limit.limit} in {limit.window:g} s{kind}"


def _samples(name: str) -> Iterator[tuple[dict[str, str], float]]:
    lines = [line for line in metrics_files.render().decode().splitlines() if line.startswith(name)]
    for family in text_string_to_metric_families("\n".join([*lines, ""])):
        for sample in family.samples:
            yield sample.labels, sample.value
