"""Draws single panels, much as Grafana does."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter
from matplotlib.ticker import FuncFormatter, MultipleLocator

from tools.observe.source import Series, Source, to_days
from tools.observe.words import choose_step, say_value

INK, PAPER, CARD, FAINT, LINE = "#d8d9da", "#111217", "#181b1f", "#8e9096", "#2c3038"
COLOURS = (
    "#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#b877d9", "#ff7383", "#37c6d0", "#c8f2c2",
    "#ffee52", "#8ab8ff", "#ffb357", "#deb6f2", "#e02f44", "#1f8a70",
)  # fmt: skip
NAMED = {"green": "#73bf69", "yellow": "#f2cc0c", "red": "#f2495c"}
FRESH: dict[str, Any] = {"va": "top", "color": INK}
LETTER, HANDLE = 5.2, 26.0
"""The width of a letter in a legend, and of what stands before a name; in points."""


def draw_number(card: Axes, panel: Mapping[str, Any], source: Source) -> None:
    """Draw one number over its course."""
    target, defaults = panel["targets"][0], panel["fieldConfig"]["defaults"]
    lines = source.read(target["expr"], "")
    values = [value for line in lines for value in line.values if value == value]
    if not values:
        card.text(0.5, 0.42, "no data", color=FAINT, size=15, ha="center", va="center")
        return
    colour = _choose_colour(defaults, values[-1])
    said = say_value(values[-1], defaults.get("unit", "short"), defaults.get("decimals"))
    card.text(0.5, 0.46, said, color=colour, size=25, weight="bold", ha="center", va="center")
    spark = card.inset_axes((0.0, 0.0, 1.0, 0.28))
    spark.axis("off")
    spark.fill_between(range(len(values)), values, min(0, *values), color=colour, alpha=0.18, lw=0)
    spark.plot(values, color=colour, lw=1.2)
    spark.margins(0, 0.05)


def _choose_colour(defaults: Mapping[str, Any], value: float) -> str:
    steps = defaults["thresholds"]["steps"]
    passed = [s["color"] for s in steps if s.get("value") is None or value >= s["value"]]
    return NAMED[passed[-1]]


def draw_graph(axes: Axes, panel: Mapping[str, Any], source: Source) -> None:
    """Draw lines over time, with the points of single videos where the panel wants them."""
    targets, defaults = panel["targets"], panel["fieldConfig"]["defaults"]
    custom, unit = defaults.get("custom", {}), defaults.get("unit", "short")
    lines = [line for t in targets for line in source.read(t["expr"], t.get("legendFormat", ""))]
    if custom.get("stacking", {}).get("mode") == "normal":
        _draw_stack(axes, lines, is_bars=custom.get("drawStyle") == "bars")
    else:
        _draw_lines(axes, lines)
    for target in targets:
        if target.get("exemplar"):
            _draw_points(axes, source.read_exemplars(target["expr"]))
    if custom.get("thresholdsStyle", {}).get("mode") == "dashed":
        limit = defaults["thresholds"]["steps"][1]["value"]
        axes.axhline(limit, color=NAMED["red"], lw=1, ls=(0, (5, 4)))
    if not lines:
        axes.text(0.5, 0.5, "no data", color=FAINT, ha="center", transform=axes.transAxes)
    _style(axes, source, unit, is_flat=not any(line.top > 0 for line in lines))
    _add_legend(axes, lines)


def _draw_lines(axes: Axes, lines: Sequence[Series]) -> None:
    for number, line in enumerate(lines):
        colour, times = COLOURS[number % len(COLOURS)], to_days(line.times)
        axes.plot(times, line.values, color=colour, lw=1.5, label=line.name)
        axes.fill_between(times, line.values, color=colour, alpha=0.06, lw=0)


def _draw_stack(axes: Axes, lines: Sequence[Series], *, is_bars: bool) -> None:
    times = sorted({at for line in lines for at in line.times})
    base, days = [0.0] * len(times), to_days(times)
    for number, line in enumerate(lines):
        known = dict(zip(line.times, line.values, strict=True))
        values = [_or_zero(known.get(at)) for at in times]
        top = [low + value for low, value in zip(base, values, strict=True)]
        colour = COLOURS[number % len(COLOURS)]
        if is_bars:
            width = 0.8 * (days[1] - days[0]) if len(days) > 1 else 1e-4
            axes.bar(days, values, width, bottom=base, color=colour, lw=0, label=line.name)
        else:
            axes.fill_between(days, base, top, color=colour, alpha=0.33, lw=0)
            axes.plot(days, top, color=colour, lw=1.3, label=line.name)
        base = top


def _or_zero(value: float | None) -> float:
    return 0.0 if value is None or value != value else value


def _draw_points(axes: Axes, points: Sequence[tuple[float, float]]) -> None:
    times, values = to_days([at for at, _ in points]), [value for _, value in points]
    axes.scatter(times, values, s=9, marker="D", color=COLOURS[2], alpha=0.5, lw=0, zorder=3)


def _style(axes: Axes, source: Source, unit: str, *, is_flat: bool) -> None:
    axes.set_facecolor(CARD)
    axes.grid(color=LINE, lw=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=FAINT, labelsize=8, length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    begin, end = to_days([source.begin, source.end])
    axes.set_xlim(begin, end)
    minutes = max(1, round((source.end - source.begin) / 60 / 5))
    axes.xaxis.set_major_locator(MultipleLocator(minutes / 1440))
    axes.xaxis.set_major_formatter(DateFormatter("%H:%M"))  # type: ignore[no-untyped-call]
    axes.set_ylim(0, 1 if is_flat else None)
    axes.yaxis.set_major_locator(MultipleLocator(choose_step(axes.get_ylim()[1], unit)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: say_value(value, unit)))


def _add_legend(axes: Axes, lines: Sequence[Series]) -> None:
    """Name the highest lines, as many as there is room for."""
    handles, names = axes.get_legend_handles_labels()
    room = axes.get_window_extent().width
    columns = max(1, int(room / (LETTER * max(map(len, names), default=1) + HANDLE)))
    shown = min(len(lines), 2 * columns)
    if shown < len(lines):
        names[shown - 1] = f"+{len(lines) - shown + 1} more"
    if lines:
        look: dict[str, Any] = {
            "fontsize": 8,
            "frameon": False,
            "labelcolor": INK,
            "handlelength": 1.0,
        }
        near: dict[str, Any] = {"columnspacing": 1.0, "borderaxespad": 0.0, "handletextpad": 0.5}
        at: dict[str, Any] = {
            "loc": "upper left",
            "bbox_to_anchor": (-0.06, -0.13),
            "ncols": columns,
        }
        axes.legend(handles[:shown], names[:shown], **at, **look, **near)


def write_text(card: Axes, content: str, letters: int) -> None:
    """Write a text, without its marks."""
    plain = " ".join(content.replace("**", "").replace("`", "").replace("*", "").split())
    said = "\n".join(textwrap.wrap(plain, letters))
    look: dict[str, Any] = {"size": 10, "linespacing": 1.5, "transform": card.transAxes}
    card.text(0.008, 0.70, said, **FRESH, **look)


def write_log(card: Axes, source: Source, most: int) -> None:
    """Write the log of a video."""
    lines = source.read_log(most) or ["(the log of the video stands here, where there is Loki)"]
    look: dict[str, Any] = {
        "size": 8.5,
        "linespacing": 1.55,
        "family": "monospace",
        "transform": card.transAxes,
    }
    card.text(0.008, 0.88, "\n".join(line[:175] for line in lines), **FRESH, **look)
