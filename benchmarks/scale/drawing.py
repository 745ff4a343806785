"""The run as a picture: replicas, what waits, and how many videos are finished, over time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from benchmarks.scale.run import Row

SIZE = (1200, 900)
LEFT, RIGHT, TOP, GAP = 70, 170, 50, 60
COLOURS = ("#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#a463f2")
INK, FAINT, PAPER = "#1f2430", "#d9dce3", "#ffffff"

Read = Callable[[Row], float]


@dataclass(frozen=True)
class Panel:
    """One of the drawings under each other."""

    title: str
    read: Read
    steps: bool = False
    of_all: bool = False
    """The same for every service: one line."""


PANELS = (
    Panel("replicas", lambda row: row.replicas, steps=True),
    Panel("jobs that wait or are at work", lambda row: row.backlog),
    Panel("events that wait (lag)", lambda row: row.lag),
    Panel("videos finished, of all", lambda row: row.finished, of_all=True),
)


def draw(rows: Sequence[Row], load_seconds: float, path: Path) -> None:
    """Write the picture."""
    image = Image.new("RGB", SIZE, PAPER)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(15)
    names = list(dict.fromkeys(row.service for row in rows))
    end = max(row.at for row in rows)
    height = (SIZE[1] - TOP) // len(PANELS)
    for number, panel in enumerate(PANELS):
        box = (LEFT, TOP + number * height, SIZE[0] - RIGHT, TOP + (number + 1) * height - GAP)
        _draw_panel(pen, font, panel, rows, names, box, end, load_seconds)
    for number, name in enumerate(names):
        y = TOP + 22 * number
        pen.rectangle((SIZE[0] - RIGHT + 20, y, SIZE[0] - RIGHT + 34, y + 14), COLOURS[number])
        pen.text((SIZE[0] - RIGHT + 42, y - 2), name, INK, font)
    pen.text((LEFT, 12), f"load for {load_seconds:.0f} s, then its end", INK, font)
    image.save(path, optimize=True)


def _draw_panel(
    pen: ImageDraw.ImageDraw,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    panel: Panel,
    rows: Sequence[Row],
    names: Sequence[str],
    box: tuple[int, int, int, int],
    end: float,
    load_seconds: float,
) -> None:
    left, top, right, bottom = box
    most = max(1.0, *(panel.read(row) for row in rows))

    def place(at: float, value: float) -> tuple[float, float]:
        return left + (right - left) * at / end, bottom - (bottom - top) * value / most

    pen.rectangle((left, top, place(load_seconds, 0)[0], bottom), fill="#f4f6fa")
    for part in (0, 0.5, 1):
        _, y = place(0, most * part)
        pen.line((left, y, right, y), FAINT)
        pen.text((left - 8, y), f"{most * part:g}", INK, font, anchor="rm")
    pen.text((left, top - 20), panel.title, INK, font)
    for second in range(0, int(end) + 1, 20):
        pen.text((place(second, 0)[0], bottom + 6), f"{second} s", INK, font, anchor="mt")
    for number, name in enumerate(names[:1] if panel.of_all else names):
        points = [place(row.at, panel.read(row)) for row in rows if row.service == name]
        _draw_line(pen, points, COLOURS[number], number, steps=panel.steps)


def _draw_line(
    pen: ImageDraw.ImageDraw,
    points: Sequence[tuple[float, float]],
    colour: str,
    number: int,
    *,
    steps: bool,
) -> None:
    if steps:  # lines upon each other would hide all but one
        points = [(x, y - 2 * number) for x, y in points]
        ways = [[(x2, y1), (x2, y2)] for (_, y1), (x2, y2) in pairwise(points)]
        points = [*points[:1], *chain.from_iterable(ways)]
    pen.line(list(points), colour, 2)
