"""Write docs/metrics.md from the declarations in app/ops/metrics.py. Usage: metrics_reference.py [--check]"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from app.ops import metrics
from scripts.generated import settle

PAGE: Final = Path(__file__).parents[1] / "docs" / "metrics.md"
HEAD: Final = """# Metrics

Every metric of Haven, in Prometheus' format. This page is made from `app/ops/metrics.py` by `make docs`.

Web and realtime show theirs at `/metrics` of their own port; worker, subscriber and guardian at `HAVEN_OPS_PORT`.
Labels have few values: routes, commands, names of tasks, never ids. What to look at: [dashboards](dashboards.md); what
wakes somebody up: [runbooks](runbooks/README.md).
"""
AREAS: Final = {
    "http": "Web",
    "store": "Redis, as clients see it",
    "cache": "Cache",
    "limit": "Limits",
    "session": "Sessions",
    "event": "Events",
    "task": "Tasks",
    "drill": "Drills",
    "backup": "Backups",
    "guardian": "Guardian: Redis and Sentinel, as seen beside them",
}
LABELS: Final = {"task": ("priority",), "drill": ("drill",), "backup": ()}
"""Of those that are read from Redis when asked for, which declare a name and a meaning only."""


def rows() -> dict[str, list[str]]:
    """The lines of each area's table."""
    found: dict[str, list[str]] = {area: [] for area in AREAS}
    for value in vars(metrics).values():
        if isinstance(value, Counter | Gauge | Histogram):
            (family,) = value.describe()
            name = f"{family.name}_total" if isinstance(value, Counter) else family.name
            cells = (name, family.type, value._labelnames, family.documentation)  # noqa: SLF001 - it is told nowhere else
        elif isinstance(value, tuple) and len(value) == len(("name", "meaning")) and str(value[0]).startswith("haven_"):
            labels = ("drill", "result") if value == metrics.DRILL_RESULT else LABELS[str(value[0]).split("_")[1]]
            cells = (value[0], "gauge", labels, value[1])
        else:
            continue
        labelled = ", ".join(f"`{label}`" for label in cells[2])
        found[cells[0].split("_")[1]].append(f"| `{cells[0]}` | {cells[1]} | {labelled} | {cells[3]} |")
    return found


def render() -> str:
    """The whole page."""
    lines = [HEAD]
    for area, listed in rows().items():
        lines += [f"## {AREAS[area]}\n", "| metric | type | labels | meaning |", "|---|---|---|---|", *listed, ""]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    settle(PAGE, render())
