"""What all dashboards share: data source, variables, colours, and how a panel is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zlib import crc32

from grafana_foundation_sdk.builders import common, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.common import (
    BigValueGraphMode,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from scripts.dashboards.annotations import marks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from grafana_foundation_sdk.cog.builder import Builder

    Panels = Sequence[Builder[model.Panel]]

GREEN, BLUE, YELLOW, ORANGE, RED, GREY = "green", "blue", "yellow", "orange", "red", "text"
DATASOURCE: Final = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
TAG: Final = "haven"
_IDS: Final = 1_000_000
_EVERY_PROCESS: Final = "haven_store_failovers_total"
"""A metric that every process of the application shows from its start."""


def dashboard(uid: str, title: str, description: str, rows: Mapping[str, Panels]) -> model.Dashboard:
    """A dashboard of rows with panels.

    A panel's id comes from its title, so that a link to it outlives a panel that is put before it.

    Raises:
        ValueError: two panels have the same title or id.
    """
    made = (
        build.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags([TAG])
        .readonly()
        .time("now-1h", "now")
        .refresh("30s")
        .timezone("browser")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .variables([_datasource(), _label("namespace", _EVERY_PROCESS), _release()])
        .link(
            build.DashboardLink("Haven")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .include_vars(include_vars=True)
            .keep_time(keep_time=True)
        )
    )
    for name, panels in rows.items():
        made.with_row(build.Row(name))
        for panel in panels:
            made.with_panel(panel)
    found = made.build()
    found.annotations = marks(DATASOURCE)
    taken: set[int] = set()
    for each in found.panels or []:
        each.id_val = crc32(f"{each.type_val} {each.title}".encode()) % _IDS
        if each.id_val in taken:
            raise ValueError(f"{uid}: two panels are called {each.title!r}: give one another title")
        taken.add(each.id_val)
    return found


def graph(title: str, description: str, unit: str, *queries: tuple[str, str]) -> timeseries.Panel:
    """Lines over time.

    Args:
        title: what it shows.
        description: what it means, and what is right.
        unit: one of Grafana's units.
        queries: expression and legend of each.
    """
    made = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .unit(unit)
        .min(0)
        .span(8)
        .height(8)
        .line_width(1)
        .fill_opacity(8)
        .show_points(VisibilityMode.NEVER)
        .legend(
            common.VizLegendOptions()
            .show_legend(show_legend=True)
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
        )
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
    )
    for place, (expression, legend) in enumerate(queries):
        made.with_target(_query(expression, place).legend_format(legend))
    return made


def stacked(panel: timeseries.Panel) -> timeseries.Panel:
    """The same with the lines on top of each other, for what adds up."""
    return panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL).group("A")).fill_opacity(25)


def lined(panel: timeseries.Panel, *steps: tuple[float, str]) -> timeseries.Panel:
    """The same with a line at each threshold."""
    style = common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
    return panel.thresholds(limits(*steps)).thresholds_style(style)


def coloured(panel: timeseries.Panel, colours: Mapping[str, str]) -> timeseries.Panel:
    """The same with fixed colours for series whose names match a pattern."""
    for pattern, colour in colours.items():
        fixed = model.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour})
        panel.override_by_regexp(f"/{pattern}/", [fixed])
    return panel


def number(title: str, description: str, unit: str, query: tuple[str, str], *steps: tuple[float, str]) -> stat.Panel:
    """The present value, in the colour of the highest threshold that it reaches; grey without thresholds."""
    expression, legend = query
    return (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .unit(unit)
        .span(4)
        .height(4)
        .graph_mode(BigValueGraphMode.NONE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .thresholds(limits(*steps) if steps else limits((0, GREY)))
        .with_target(_query(expression, 0).legend_format(legend).instant())
    )


def timeline(
    title: str, description: str, query: tuple[str, str], states: Sequence[tuple[float, str, str]]
) -> statetimeline.Panel:
    """What each of several was when: a bar for each series, a colour and a word for each value."""
    expression, legend = query
    return (
        statetimeline.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .unit("none")
        .span(24)
        .height(7)
        .merge_values(merge_values=True)
        .show_value(VisibilityMode.AUTO)
        .mappings([words(states)])
        .legend(common.VizLegendOptions().show_legend(show_legend=True).display_mode(LegendDisplayMode.LIST))
        .with_target(_query(expression, 0).legend_format(legend))
    )


def rows_of(title: str, description: str, unit: str, *expressions: str) -> table.Panel:
    """A row for each set of labels, a column for each label and expression."""
    made = table.Panel().title(title).description(description).datasource(DATASOURCE).unit(unit).span(24).height(8)
    for place, expression in enumerate(expressions):
        made.with_target(_query(expression, place).instant().format(PromQueryFormat.TABLE))
    return made.with_transformation(model.DataTransformerConfig(id_val="merge", options={}))


def words(states: Sequence[tuple[float, str, str]]) -> model.ValueMap:
    """A word and a colour for each value."""
    return model.ValueMap(
        {
            f"{value:g}": model.ValueMappingResult(word, colour, index=n)
            for n, (value, word, colour) in enumerate(states)
        }
    )


def limits(*steps: tuple[float, str]) -> build.ThresholdsConfig:
    """Colours from a value on; the first one also holds below it."""
    (_, lowest), *higher = steps if steps[0][0] == 0 else ((0, GREEN), *steps)
    found = [model.Threshold(None, lowest), *(model.Threshold(value, colour) for value, colour in higher)]
    return build.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(found)


def _query(expression: str, place: int) -> prometheus.Dataquery:
    made = prometheus.Dataquery().datasource(DATASOURCE).ref_id("ABCDEFGH"[place]).expr(expression)
    return made.range()


def _datasource() -> build.DatasourceVariable:
    return build.DatasourceVariable("datasource").label("Data source").type("prometheus")


def _release() -> build.QueryVariable:
    return _label("release", f'{_EVERY_PROCESS}{{namespace=~"$namespace"}}')


def _label(name: str, metric: str) -> build.QueryVariable:
    """A variable with the values of a label, where Haven runs: All is all of these."""
    return (
        build.QueryVariable(name)
        .label(name.capitalize())
        .datasource(DATASOURCE)
        .query(f"label_values({metric}, {name})")
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .multi(multi=True)
        .include_all(include_all=True)
        .current(model.VariableOption(selected=True, text="All", value="$__all"))
    )
