"""The dashboards as the chart ships them, and their queries as Prometheus gets them from Grafana."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import promql_parser as promql

if TYPE_CHECKING:
    from collections.abc import Iterator

DIRECTORY = Path(__file__).parents[2] / "charts" / "haven" / "files" / "dashboards"
FILES = sorted(DIRECTORY.glob("*.json"))
# No panel asks for such a window, so it is found again in a parsed query.
RATE_INTERVAL = "7m11s"
VARIABLES = {
    "$__rate_interval": RATE_INTERVAL,
    "$__range": "1h",
    "$namespace": "local",
    "$release": "haven",
}


@dataclass(frozen=True)
class Target:
    """One query of a panel."""

    dashboard: str
    panel: dict[str, Any]
    found: dict[str, Any]

    @property
    def expression(self) -> str:
        return str(self.found["expr"])

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.panel['title']} {self.found['refId']}"


def dashboards() -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in FILES]


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def targets() -> list[Target]:
    return [
        Target(dashboard["uid"], panel, found)
        for dashboard in dashboards()
        for panel in panels(dashboard)
        for found in panel["targets"]
    ]


def marks() -> list[dict[str, Any]]:
    return [each for dashboard in dashboards() for each in dashboard["annotations"]["list"]]


def filled(expression: str, variables: dict[str, str] | None = None) -> str:
    """An expression with its variables replaced, as Grafana sends it.

    Args:
        expression: as the dashboard has it.
        variables: the value of each; None for those of VARIABLES.
    """
    for name, value in (variables or VARIABLES).items():
        expression = expression.replace(name, value)
    return expression


def parsed(expression: str) -> promql.Expr:
    return promql.parse(filled(expression))


def nodes(expression: promql.Expr, above: tuple[promql.Expr, ...] = ()) -> Iterator[tuple[promql.Expr, list[str]]]:
    """Every node of a query, with the functions around it, the innermost last."""
    yield expression, [each.func.name for each in above if isinstance(each, promql.Call)]
    for child in children(expression):
        yield from nodes(child, (*above, expression))


def children(expression: promql.Expr) -> list[promql.Expr]:
    match expression:
        case promql.AggregateExpr() | promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            return [expression.expr]
        case promql.BinaryExpr():
            return [expression.lhs, expression.rhs]
        case promql.MatrixSelector():
            return [expression.vector_selector]
        case promql.Call():
            return list(expression.args)
    return []
