"""Draws each dashboard from its JSON and a Prometheus, in the grid that Grafana would use.

python -m tools.observe.preview http://127.0.0.1:9090 [--minutes 10] [--to docs/dashboards]

It is for looking at a board where no Grafana can run, and for the documents.
"""

import argparse
import json
import sys
import textwrap
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import matplotlib
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from tools.observe.files import DASHBOARDS, ROOT, SCRAPE_SECONDS, fill
from tools.observe.words import say_value

INK, PAPER, CARD, FAINT, LINE = "#d8d9da", "#111217", "#181b1f", "#8e9096", "#2c3038"
COLOURS = (
    "#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#b877d9", "#ff7383", "#37c6d0", "#c8f2c2",
    "#ffee52", "#8ab8ff", "#ffb357", "#deb6f2", "#e02f44", "#1f8a70",
)  # fmt: skip
NAMED = {"green": "#73bf69", "yellow": "#f2cc0c", "red": "#f2495c"}
COLUMN, ROW = 0.72, 0.40
"""Inches of one unit of the grid."""
POINTS = 160


@dataclass(frozen=True)
class Series:
    """One line: its name, its times and values."""

    name: str
    times: Sequence[float]
    values: Sequence[float]


@dataclass(frozen=True)
class Source:
    """A Prometheus, and the stretch of time that is looked at."""

    url: str
    begin: float
    end: float
    window: int
    """Seconds over which rates are taken."""

    @property
    def step(self) -> float:
        """Return the seconds between two points."""
        return max(2.0, (self.end - self.begin) / POINTS)

    def read(self, expr: str, legend: str) -> list[Series]:
        """Return the lines of an expression."""
        known = {"query": fill(expr, self.window), "step": self.step}
        asked = {**known, "start": self.begin, "end": self.end}
        return [_read_series(found, legend) for found in self._ask("query_range", asked)]

    def read_exemplars(self, expr: str) -> list[tuple[float, float]]:
        """Return the points of single videos: time and value."""
        asked = {"query": fill(expr, self.window), "start": self.begin, "end": self.end}
        return [
            (float(each["timestamp"]), float(each["value"]))
            for found in self._ask("query_exemplars", asked)
            for each in found["exemplars"]
        ]

    def _ask(self, what: str, asked: Mapping[str, Any]) -> list[Any]:
        answer = httpx.get(f"{self.url}/api/v1/{what}", params=dict(asked), timeout=30).json()
        if answer["status"] != "success":
            raise ValueError(f"{asked['query']}: {answer['error']}")
        data = answer["data"]
        return list(data if isinstance(data, list) else data["result"])


def _read_series(found: Mapping[str, Any], legend: str) -> Series:
    labels: Mapping[str, str] = found["metric"]
    name = legend if legend != "__auto" else " ".join(labels.values())
    for label, value in labels.items():
        name = name.replace("{{" + label + "}}", value)
    pairs = [(float(at), float(value)) for at, value in found["values"]]
    return Series(name, [at for at, _ in pairs], [value for _, value in pairs])


# ── drawing ─────────────────────────────────────────────────────────────────────────────────────


def draw_board(board: Mapping[str, Any], source: Source, to: Path) -> None:
    """Draw one dashboard into a picture."""
    panels: list[Mapping[str, Any]] = board["panels"]
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels) + 2
    figure = Figure(figsize=(24 * COLUMN, height * ROW), facecolor=PAPER)
    figure.text(
        0.008,
        1 - 0.35 * 1 / height,
        board["title"],
        color="white",
        size=17,
        weight="bold",
        va="top",
    )
    figure.text(0.008, 1 - 1.25 / height, board["description"], color=FAINT, size=10.5, va="top")
    for panel in panels:
        _draw_panel(figure, panel, source, height)
    figure.savefig(to, dpi=72, facecolor=PAPER)


def _draw_panel(figure: Figure, panel: Mapping[str, Any], source: Source, height: float) -> None:
    place = panel["gridPos"]
    left, width = place["x"] / 24, place["w"] / 24
    top, tall = 1 - (place["y"] + 2) / height, place["h"] / height
    if panel["type"] == "row":
        figure.text(left + 0.008, top - 0.7 * tall, f"⌄  {panel['title']}", color="white", size=12)
        return
    gap = 0.0022
    card = figure.add_axes((left + gap, top - tall + gap, width - 2 * gap, tall - 2 * gap))
    card.set_facecolor(CARD)
    card.set_xticks([])
    card.set_yticks([])
    for spine in card.spines.values():
        spine.set_color(LINE)
    inch = 1 / (height * ROW)
    figure.text(
        left + 0.008,
        top - 0.16 * inch,
        panel["title"],
        color=INK,
        size=10,
        va="top",
        weight="medium",
    )
    match panel["type"]:
        case "stat":
            _draw_number(card, panel, source)
        case "timeseries":
            inner = (left + 0.035, top - tall + 0.78 * inch, width - 0.045, tall - 1.28 * inch)
            _draw_graph(figure.add_axes(inner), panel, source)
        case "text":
            _write(card, panel["options"]["content"], width)
        case _:
            said = f"(needs Loki)   {panel['targets'][0]['expr']}"
            card.text(0.5, 0.5, said, color=FAINT, size=10, ha="center", family="monospace")


def _draw_number(card: Axes, panel: Mapping[str, Any], source: Source) -> None:
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


def _draw_graph(axes: Axes, panel: Mapping[str, Any], source: Source) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    custom, unit = defaults.get("custom", {}), defaults.get("unit", "short")
    lines = [s for t in panel["targets"] for s in source.read(t["expr"], t.get("legendFormat", ""))]
    lines = sorted((s for s in lines if any(v == v for v in s.values)), key=lambda s: s.name)
    _style(axes, source, unit)
    if custom.get("stacking", {}).get("mode") == "normal":
        _draw_stack(axes, lines, custom.get("drawStyle") == "bars", source)
    else:
        for number, line in enumerate(lines):
            colour = COLOURS[number % len(COLOURS)]
            axes.plot(_dates(line.times), line.values, color=colour, lw=1.5, label=line.name)
            axes.fill_between(_dates(line.times), line.values, color=colour, alpha=0.06, lw=0)
    for target in panel["targets"]:
        if target.get("exemplar"):
            points = source.read_exemplars(target["expr"])
            axes.scatter(
                _dates([at for at, _ in points]),
                [v for _, v in points],
                s=9,
                marker="D",
                color="#5794f2",
                alpha=0.55,
                lw=0,
                zorder=3,
            )
    for step in defaults.get("thresholds", {}).get("steps", ())[1:] if _has_limit(custom) else ():
        axes.axhline(step["value"], color=NAMED["red"], lw=1, ls=(0, (5, 4)))
    axes.set_ylim(bottom=0)
    if not lines:
        axes.text(0.5, 0.5, "no data", color=FAINT, ha="center", transform=axes.transAxes)
    elif not any(v > 0 for line in lines for v in line.values):
        axes.set_ylim(0, 1)
    _add_legend(axes, lines)


def _has_limit(custom: Mapping[str, Any]) -> bool:
    return bool(custom.get("thresholdsStyle", {}).get("mode") == "dashed")


def _draw_stack(axes: Axes, lines: Sequence[Series], bars: bool, source: Source) -> None:
    times = sorted({at for line in lines for at in line.times})
    base = [0.0] * len(times)
    for number, line in enumerate(lines):
        known = dict(zip(line.times, line.values, strict=True))
        values = [
            known.get(at, 0.0) if known.get(at, 0.0) == known.get(at, 0.0) else 0.0 for at in times
        ]
        top = [low + value for low, value in zip(base, values, strict=True)]
        colour = COLOURS[number % len(COLOURS)]
        if bars:
            width = source.step / 86_400 * 0.8
            axes.bar(
                _dates(times),
                values,
                width,
                bottom=base,
                color=colour,
                alpha=0.8,
                lw=0,
                label=line.name,
            )
        else:
            axes.fill_between(_dates(times), base, top, color=colour, alpha=0.33, lw=0)
            axes.plot(_dates(times), top, color=colour, lw=1.3, label=line.name)
        base = top


def _style(axes: Axes, source: Source, unit: str) -> None:
    axes.set_facecolor(CARD)
    axes.grid(color=LINE, lw=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=FAINT, labelsize=8, length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xlim(*_dates([source.begin, source.end]))
    axes.xaxis.set_major_formatter(DateFormatter("%H:%M"))  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: say_value(value, unit)))


def _add_legend(axes: Axes, lines: Sequence[Series]) -> None:
    if not lines:
        return
    columns = min(len(lines), max(2, int(axes.get_window_extent().width / 105)))
    shown = min(len(lines), 2 * columns)
    handles, names = axes.get_legend_handles_labels()
    more = [*names[: shown - 1], f"+{len(lines) - shown + 1} more"] if len(lines) > shown else names
    axes.legend(
        handles[:shown],
        more[:shown],
        loc="upper left",
        bbox_to_anchor=(-0.06, -0.13),
        ncols=columns,
        fontsize=8,
        frameon=False,
        labelcolor=INK,
        handlelength=1.0,
        columnspacing=1.0,
        borderaxespad=0.0,
        handletextpad=0.5,
    )


def _write(card: Axes, content: str, width: float) -> None:
    plain = " ".join(content.replace("**", "").replace("`", "").replace("*", "").split())
    lines = textwrap.wrap(plain, int(width * 205))
    card.text(
        0.008,
        0.74,
        "\n".join(lines),
        color=INK,
        size=10,
        va="top",
        linespacing=1.5,
        transform=card.transAxes,
    )


def _dates(times: Sequence[float]) -> list[float]:
    # as the clock of this machine would show it, as Grafana does
    return [(at - time.timezone) / 86_400 for at in times]


def main(arguments: Sequence[str]) -> int:
    """Draw all dashboards, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.observe.preview")
    parser.add_argument("url")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--window", type=int, default=4 * SCRAPE_SECONDS)
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "dashboards")
    given = parser.parse_args(arguments)
    now = time.time()
    draw_all(given.url, now - 60 * given.minutes, now, given.to, given.window)
    return 0


def draw_all(url: str, begin: float, end: float, to: Path, window: int) -> None:
    """Draw every dashboard that is written, of this stretch of time."""
    matplotlib.use("agg")
    to.mkdir(parents=True, exist_ok=True)
    for file in sorted(DASHBOARDS.glob("*.json")):
        draw_board(
            json.loads(file.read_text()), Source(url, begin, end, window), to / f"{file.stem}.png"
        )
        print(f"drawn: {to / file.stem}.png")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
