"""Draws the background of the end card: calm, in the video's colours, with room for words."""

from pathlib import Path

import numpy as np

from shared.engines.local.finish import FINISHES
from shared.engines.local.images import save
from shared.engines.local.paper import Paper, mix
from shared.engines.local.styles import Palette, palette_of, style_of
from shared.story.formats import Canvas


def draw_card_background(style: str, seed: int, canvas: Canvas, out: Path, take: int = 0) -> None:
    """Write the background as PNG; the same style, seed and take give the same bytes."""
    chosen = style_of(style)
    palette = palette_of(chosen, seed)
    paper = Paper(canvas.width, canvas.height)
    paper.gradient(mix(palette.sky_top, palette.ink, 0.12), mix(palette.sky_top, palette.far, 0.55))
    _draw_arcs(paper, palette, np.random.default_rng([seed, 13, take]))
    FINISHES[chosen.name](paper, palette, np.random.default_rng([seed, 14, take]))
    # Light behind the words, added last: no finish may darken the middle.
    paper.glow(0.5, 0.48, 0.72, palette.light, 0.14)
    save(paper, out)


def _draw_arcs(paper: Paper, palette: Palette, rng: np.random.Generator) -> None:
    """Draw large rings that come in from two corners."""
    left = bool(rng.integers(2))
    for corner, colour in (
        (0.0 if left else 1.0, palette.accent),
        (1.0 if left else 0.0, palette.mid),
    ):
        low = 1.0 if colour == palette.mid else 0.0
        for step in range(4):
            radius = 0.2 + 0.13 * step + float(rng.uniform(0, 0.04))
            turns = np.linspace(0, 2 * np.pi, 120)
            ring = [
                (corner + paper.across(radius * np.cos(t)), low + paper.up(radius * np.sin(t)))
                for t in turns
            ]
            paper.line(ring, mix(palette.sky_top, colour, 0.75 - 0.17 * step), 0.03 - 0.006 * step)
