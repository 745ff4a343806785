"""What a dashboard is made of, and Grafana's JSON of it by its own builders."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal, TypeAlias

from grafana_foundation_sdk.builders import common as parts
from grafana_foundation_sdk.builders import (
    dashboard,
    logs,
    loki,
    prometheus,
    stat,
    text,
    timeseries,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataSourceRef,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
)
from grafana_foundation_sdk.models.text import TextMode

PROMETHEUS = DataSourceRef(type_val="prometheus", uid="storywave-prometheus")
LOKI = DataSourceRef(type_val="loki", uid="storywave-loki")
WIDTH = 24
"""Columns of Grafana's grid."""

Unit = Literal["s", "short", "percentunit", "currencyUSD", "cps", "bytes", "reqps", "none"]


@dataclass(frozen=True)
class Query:
    """One expression, and the name of its lines."""

    expr: str
    legend: str = ""
    exemplars: bool = False
    """Show the videos behind the buckets as points."""


@dataclass(frozen=True, kw_only=True)
class Graph:
    """Lines over time."""

    title: str
    help: str
    queries: Sequence[Query]
    unit: Unit = "short"
    width: int = 8
    height: int = 8
    stacked: bool = False
    bars: bool = False
    limit: float | None = None
    """A line that should not be passed."""


@dataclass(frozen=True, kw_only=True)
class Number:
    """One number, in the colour of what it means."""

    title: str
    help: str
    expr: str
    unit: Unit = "short"
    width: int = 3
    height: int = 4
    warn: float | None = None
    alarm: float | None = None
    """Where it turns yellow, and red. With `alarm` below `warn`, low is bad."""
    decimals: int | None = None


@dataclass(frozen=True, kw_only=True)
class Words:
    """A text."""

    title: str
    content: str
    width: int = WIDTH
    height: int = 4


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Lines of the log."""

    title: str
    help: str
    expr: str
    width: int = WIDTH
    height: int = 10


Panel: TypeAlias = Graph | Number | Words | Lines


@dataclass(frozen=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Board:
    """A dashboard."""

    name: str
    title: str
    help: str
    rows: Sequence[Row]
    asks_for_video: bool = False


def write_board(board: Board) -> str:
    """Return the JSON that Grafana reads."""
    made = (
        dashboard.Dashboard(board.title)
        .uid(f"storywave-{board.name}")
        .description(board.help)
        .tags(["storywave"])
        .refresh("30s")
        .time("now-1h", "now")
        .timezone("browser")
        .readonly()
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(dashboard.DashboardLink("Storywave").tags(["storywave"]).as_dropdown(True))
    )
    if board.asks_for_video:
        made.with_variable(dashboard.TextBoxVariable("video").label("Video").default_value(""))
    numbers = count(1)  # by its number a link finds a panel
    for row in board.rows:
        made.with_row(dashboard.Row(row.title).id(next(numbers)))
        for panel in row.panels:
            made.with_panel(_build(panel).id(next(numbers)))
    return json.dumps(made.build(), cls=JSONEncoder, indent=1, sort_keys=True) + "\n"


def _build(panel: Panel) -> Any:
    match panel:
        case Graph():
            return _build_graph(panel)
        case Number():
            return _build_number(panel)
        case Lines():
            return _build_lines(panel)
        case Words():
            made = text.Panel().title(panel.title).mode(TextMode.MARKDOWN).content(panel.content)
            return made.span(panel.width).height(panel.height)


def _build_graph(panel: Graph) -> timeseries.Panel:
    made = (
        timeseries.Panel()
        .title(panel.title)
        .description(panel.help)
        .datasource(PROMETHEUS)
        .unit(panel.unit)
        .min(0)
        .span(panel.width)
        .height(panel.height)
        .line_width(1.5)
        .fill_opacity(70 if panel.bars else 35 if panel.stacked else 8)
        .show_points(common.VisibilityMode.NEVER)
        .tooltip(parts.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI))
        .legend(
            parts.VizLegendOptions()
            .display_mode(common.LegendDisplayMode.LIST)
            .placement(common.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
    )
    if panel.bars:
        made.draw_style(common.GraphDrawStyle.BARS)
    if panel.stacked:
        made.stacking(parts.StackingConfig().mode(common.StackingMode.NORMAL))
    if panel.limit is not None:
        made.thresholds(_limits([(None, "green"), (panel.limit, "red")]))
        style = common.GraphTresholdsStyleMode.DASHED
        made.thresholds_style(parts.GraphThresholdsStyleConfig().mode(style))
    for number, query in enumerate(panel.queries):
        made.with_target(_build_query(query, chr(ord("A") + number)).range())
    return made


def _build_query(query: Query, ref: str) -> prometheus.Dataquery:
    made = prometheus.Dataquery().ref_id(ref).datasource(PROMETHEUS).expr(query.expr)
    return made.legend_format(query.legend or "__auto").exemplar(query.exemplars)


def _build_number(panel: Number) -> stat.Panel:
    made = (
        stat.Panel()
        .title(panel.title)
        .description(panel.help)
        .datasource(PROMETHEUS)
        .unit(panel.unit)
        .span(panel.width)
        .height(panel.height)
        .graph_mode(common.BigValueGraphMode.AREA)
        .color_mode(common.BigValueColorMode.VALUE)
        .reduce_options(parts.ReduceDataOptions().calcs(["lastNotNull"]))
        .color_scheme(dashboard.FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .thresholds(_limits(list_colours(panel)))
        .with_target(_build_query(Query(panel.expr), "A").range())
    )
    return made if panel.decimals is None else made.decimals(panel.decimals)


def list_colours(panel: Number) -> list[tuple[float | None, str]]:
    """Return from which value on a number has which colour."""
    if panel.warn is None or panel.alarm is None:
        return [(None, "green")]
    if panel.alarm < panel.warn:
        return [(None, "red"), (panel.alarm, "yellow"), (panel.warn, "green")]
    return [(None, "green"), (panel.warn, "yellow"), (panel.alarm, "red")]


def _limits(steps: Sequence[tuple[float | None, str]]) -> dashboard.ThresholdsConfig:
    made = dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE)
    return made.steps([Threshold(value=value, color=colour) for value, colour in steps])


def _build_lines(panel: Lines) -> logs.Panel:
    query = loki.Dataquery().ref_id("A").datasource(LOKI).expr(panel.expr)
    made = logs.Panel().title(panel.title).description(panel.help).datasource(LOKI)
    made.show_time(True).wrap_log_message(True).enable_log_details(True)
    return made.span(panel.width).height(panel.height).with_target(query)
