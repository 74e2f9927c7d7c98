"""What is marked on every graph: failovers, and ends of drills."""

from __future__ import annotations

from typing import Any

from grafana_foundation_sdk.models.dashboard import AnnotationContainer, AnnotationQuery, DataSourceRef

from scripts.dashboards.queries import INSTALLATION, of


class Mark(AnnotationQuery):
    """An annotation by Prometheus, with the fields that the SDK does not know."""

    def __init__(self, name: str, colour: str, source: DataSourceRef, expression: str, **more: Any) -> None:
        super().__init__(name=name, icon_color=colour, datasource=source, expr=expression)
        self.more = more

    def to_json(self) -> dict[str, object]:
        """As Grafana reads it."""
        return super().to_json() | self.more


def marks(source: DataSourceRef) -> AnnotationContainer:
    """Those of every dashboard."""
    return AnnotationContainer(list_val=[failovers(source), drills(source)])


def failovers(source: DataSourceRef) -> Mark:
    """Where another node became the primary."""
    changed = f"max by ({INSTALLATION}) (changes({of('haven_guardian_config_epoch')}[1m])) > 0"
    return Mark(
        "Failovers", "red", source, changed, step="15s", titleFormat="another primary", textFormat="{{release}}"
    )


def drills(source: DataSourceRef) -> Mark:
    """Where a drill ended: the value is the time."""
    ended = f"max by ({INSTALLATION}, drill) ({of('haven_drill_last_end_timestamp_seconds')}) * 1000"
    return Mark(
        "Drills", "blue", source, ended, useValueForTime=True, titleFormat="drill ended", textFormat="{{drill}}"
    )
