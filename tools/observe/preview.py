"""Draws each dashboard from its JSON and a Prometheus, in the grid that Grafana would use.

python -m tools.observe.preview http://127.0.0.1:9090 [--minutes 10] [--to docs/dashboards]

It is for looking at a board where no Grafana can run, and for the documents.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from tools.observe.drawing import (
    CARD,
    FAINT,
    INK,
    LINE,
    PAPER,
    draw_graph,
    draw_number,
    write_log,
    write_text,
)
from tools.observe.files import DASHBOARDS, ROOT, SCRAPE_SECONDS
from tools.observe.source import Source

COLUMN, ROW = 0.72, 0.40
"""Inches of one unit of the grid."""
HEAD = 2
"""Units of the grid above the panels."""


def draw_all(source: Source, to: Path) -> None:
    """Draw every dashboard that is written."""
    matplotlib.use("agg")
    to.mkdir(parents=True, exist_ok=True)
    for file in sorted(DASHBOARDS.glob("*.json")):
        picture = to / f"{file.stem}.png"
        draw_board(json.loads(file.read_text()), source, picture)
        print(f"drawn: {picture}")


def draw_board(board: Mapping[str, Any], source: Source, to: Path) -> None:
    """Draw one dashboard into a picture."""
    panels: list[Mapping[str, Any]] = board["panels"]
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels) + HEAD
    figure = Figure(figsize=(24 * COLUMN, height * ROW), facecolor=PAPER)
    head: dict[str, Any] = {"size": 17, "weight": "bold", "color": "white", "va": "top"}
    figure.text(0.008, 1 - 0.35 / height, board["title"], **head)
    figure.text(0.008, 1 - 1.25 / height, board["description"], color=FAINT, size=10.5, va="top")
    for panel in panels:
        _draw_panel(figure, panel, source, height)
    figure.savefig(to, dpi=72, facecolor=PAPER)
    few: dict[str, Any] = {
        "colors": 256,
        "method": Image.Quantize.MAXCOVERAGE,
        "dither": Image.Dither.NONE,
    }
    Image.open(to).convert("RGB").quantize(**few).save(to, optimize=True)  # a third of the bytes


def _draw_panel(figure: Figure, panel: Mapping[str, Any], source: Source, height: float) -> None:
    place = panel["gridPos"]
    left, width = place["x"] / 24, place["w"] / 24
    top, tall = 1 - (place["y"] + HEAD) / height, place["h"] / height
    if panel["type"] == "row":
        figure.text(left + 0.008, top - 0.7 * tall, f"⌄  {panel['title']}", color="white", size=12)
        return
    card, inch = _add_card(figure, (left, top - tall, width, tall)), 1 / (height * ROW)
    figure.text(left + 0.008, top - 0.16 * inch, panel["title"], color=INK, size=10, va="top")
    match panel["type"]:
        case "stat":
            draw_number(card, panel, source)
        case "timeseries":
            inner = (left + 0.035, top - tall + 0.78 * inch, width - 0.045, tall - 1.28 * inch)
            draw_graph(figure.add_axes(inner), panel, source)
        case "text":
            write_text(card, panel["options"]["content"], int(190 * width))
        case "logs":
            write_log(card, source, 2 * place["h"])


def _add_card(figure: Figure, place: tuple[float, float, float, float]) -> Axes:
    left, bottom, width, height = place
    gap = 0.0022
    card = figure.add_axes((left + gap, bottom + gap, width - 2 * gap, height - 2 * gap))
    card.set_facecolor(CARD)
    card.set_xticks([])
    card.set_yticks([])
    for spine in card.spines.values():
        spine.set_color(LINE)
    return card


def main(arguments: Sequence[str]) -> int:
    """Draw all dashboards, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.observe.preview")
    parser.add_argument("url")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--window", type=int, default=4 * SCRAPE_SECONDS)
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "dashboards")
    given = parser.parse_args(arguments)
    now = time.time()
    draw_all(Source(given.url, now - 60 * given.minutes, now, given.window), given.to)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
