"""The last touch, which makes a style: what is done to a whole picture. Pixels in, pixels out."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from shared.engines.local.paper import Mask, Paper, Pixels, cloudy, mix, wavy
from shared.engines.local.styles import Palette

Finish = Callable[[Paper, Palette, np.random.Generator], None]


def cinematic(paper: Paper, palette: Palette, chance: np.random.Generator) -> None:
    _bloom(paper, 0.28)
    _vignette(paper, palette, 0.75)
    _grain(paper, chance, 7)


def anime(paper: Paper, palette: Palette, chance: np.random.Generator) -> None:
    _bloom(paper, 0.1)
    for x, y, size in chance.uniform(0, 1, (9, 3)):
        _sparkle(paper, palette, (float(x), float(y) * 0.7), 0.012 + 0.02 * float(size))


def noir(paper: Paper, palette: Palette, chance: np.random.Generator) -> None:
    _keep_one_colour(paper, palette)
    _slats(paper, palette, chance)
    _vignette(paper, palette, 1.0)
    _grain(paper, chance, 13)


def watercolor(paper: Paper, palette: Palette, chance: np.random.Generator) -> None:
    _bleed(paper, chance)
    _blotches(paper, chance)
    _edge_of_paper(paper, chance)


def minimal(paper: Paper, palette: Palette, chance: np.random.Generator) -> None:
    """Nothing to add."""


def playful(paper: Paper, palette: Palette, chance: np.random.Generator) -> None:
    colours = (palette.accent, palette.light, palette.far, palette.mid, (255, 255, 255))
    for x, y, turn in chance.uniform(0, 1, (46, 3)):
        _confetti(paper, (float(x), float(y) * 0.45), float(turn), colours[int(turn * 5)])


def luxury(paper: Paper, palette: Palette, chance: np.random.Generator) -> None:
    for x, y, size in chance.uniform(0, 1, (16, 3)):
        paper.glow(float(x), float(y), 0.03 + 0.09 * float(size), palette.accent, 0.3)
    _bloom(paper, 0.25)
    _vignette(paper, palette, 0.9)
    _gold_frame(paper, palette)
    _grain(paper, chance, 4)


def bold(paper: Paper, palette: Palette, chance: np.random.Generator) -> None:
    _halftone(paper)
    corner = chance.integers(2)
    for step in range(3):
        low = 0.12 + 0.06 * step
        stripe = [(0.0, low), (low / paper.tall * 1.6 * paper.tall, 0.0)]
        points = stripe if corner else [(1 - x, y) for x, y in stripe]
        paper.line(points, (palette.accent, palette.light, palette.ink)[step], 0.022)


FINISHES: Mapping[str, Finish] = {
    "cinematic": cinematic,
    "anime": anime,
    "noir": noir,
    "watercolor": watercolor,
    "minimal": minimal,
    "playful": playful,
    "luxury": luxury,
    "bold": bold,
}


# ── what finishes are made of ───────────────────────────────────────────────────────────────────


def _bloom(paper: Paper, strength: float) -> None:
    """What is bright shines over its edges."""
    small = cv2.resize(
        paper.pixels, (paper.width // 8, paper.height // 8), interpolation=cv2.INTER_AREA
    )
    bright = cv2.subtract(small, np.full_like(small, 130))
    soft = cv2.GaussianBlur(bright, (0, 0), max(1.0, paper.short / 90))
    light = cv2.resize(soft, (paper.width, paper.height), interpolation=cv2.INTER_LINEAR)
    paper.pixels[:] = cv2.addWeighted(paper.pixels, 1.0, light, 2 * strength, 0)


def _vignette(paper: Paper, palette: Palette, strength: float) -> None:
    axis = np.linspace(-1, 1, 48, dtype=np.float32)
    away = np.sqrt(0.8 * (axis[:, None] ** 2 + axis[None, :] ** 2))
    mask: Mask = np.clip((away - 0.5) * 0.8 * strength, 0, 0.9).astype(np.float32)
    paper.veil(palette.ink, mask)


def _grain(paper: Paper, chance: np.random.Generator, strength: float) -> None:
    """Film grain about as large as in a scan; tiled, because drawing noise takes long."""
    size = 256
    tile = chance.normal(0, strength, (size, size)).astype(np.float32)
    soft = cv2.GaussianBlur(tile, (0, 0), 0.7) * 1.6
    up, down = np.clip(soft, 0, 60).astype(np.uint8), np.clip(-soft, 0, 60).astype(np.uint8)
    paper.pixels[:] = cv2.subtract(cv2.add(paper.pixels, _tiled(paper, up)), _tiled(paper, down))


def _tiled(paper: Paper, tile: Pixels) -> Pixels:
    high, wide = tile.shape[:2]
    plane = np.tile(tile, (paper.height // high + 1, paper.width // wide + 1))
    plane = plane[: paper.height, : paper.width]
    return np.asarray(cv2.merge([plane, plane, plane]), np.uint8)


def _sparkle(paper: Paper, palette: Palette, place: tuple[float, float], size: float) -> None:
    x, y = place
    paper.glow(x, y, size * 3, palette.light, 0.4)
    for across, up in ((1.0, 0.12), (0.12, 1.0)):
        a, b = paper.across(size * across), paper.up(size * up)
        paper.shape([(x - a, y), (x, y - b), (x + a, y), (x, y + b)], (255, 255, 255))


def _keep_one_colour(paper: Paper, palette: Palette) -> None:
    """Grey, but for what has the accent's hue."""
    pixels = paper.pixels
    grey = cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    hues = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
    wanted = int(cv2.cvtColor(np.array([[palette.accent]], np.uint8), cv2.COLOR_RGB2HSV)[0, 0, 0])
    likeness = np.zeros((256, 1), np.float32)
    likeness[[(wanted + step) % 180 for step in range(-9, 10)]] = 1
    strong = (np.arange(256, dtype=np.float32) > 120).astype(np.float32)
    keep = np.asarray(cv2.LUT(hues[:, :, 0], likeness) * cv2.LUT(hues[:, :, 1], strong))
    contrast = np.clip((np.arange(256) - 118) * 1.22 + 112, 0, 255).astype(np.uint8)
    pixels[:] = cv2.blendLinear(pixels, cv2.LUT(grey, contrast), keep, 1 - keep)


def _slats(paper: Paper, palette: Palette, chance: np.random.Generator) -> None:
    """Light through a blind."""
    top, lean = float(chance.uniform(0.05, 0.4)), float(chance.uniform(-0.12, 0.12))
    for step in range(7):
        y = top + 0.042 * step
        bar = [(-0.1, y - lean), (1.1, y + lean), (1.1, y + lean + 0.017), (-0.1, y - lean + 0.017)]
        paper.translucent(bar, palette.light, 0.1)


def _bleed(paper: Paper, chance: np.random.Generator) -> None:
    """Edges wander as wet paint does, and pigment gathers at them."""
    width, height = paper.width, paper.height
    shift = []
    for _ in range(2):
        coarse = chance.uniform(-1, 1, (40, 40)).astype(np.float32)
        shift.append(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR))
    xs, ys = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    reach = np.float32(paper.short * 0.006)
    moved = cv2.remap(
        paper.pixels, xs + shift[0] * reach, ys + shift[1] * reach, cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )  # fmt: skip
    soft = cv2.resize(moved, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    wide = cv2.resize(cv2.GaussianBlur(soft, (0, 0), 2.5), (width, height))
    paper.pixels[:] = cv2.addWeighted(moved, 1.45, wide, -0.45, 0)


def _blotches(paper: Paper, chance: np.random.Generator) -> None:
    """Where water stood, colour is thinner; and the paper's tooth."""
    mask = np.clip(cloudy(chance, 96) * 0.5 - 0.14, 0, 1)
    paper.veil((255, 252, 244), mask.astype(np.float32))
    _grain(paper, chance, 6)


def _edge_of_paper(paper: Paper, chance: np.random.Generator) -> None:
    """Unpainted, ragged margins."""
    white = (253, 250, 243)
    side, turns = 0.028, np.linspace(-0.05, 1.05, 60)
    for edge in range(4):
        ragged = side * (0.7 + 0.5 * wavy(chance, 60, 0.7))
        near, far = turns[0], turns[-1]
        if edge < 2:
            rows = [(float(t), float(paper.up(r))) for t, r in zip(turns, ragged, strict=True)]
            strip = [*rows, (far, -0.1), (near, -0.1)]
            paper.shape(strip if edge == 0 else [(x, 1 - y) for x, y in strip], white)
        else:
            rows = [(float(paper.across(r)), float(t)) for t, r in zip(turns, ragged, strict=True)]
            strip = [*rows, (-0.1, far), (-0.1, near)]
            paper.shape(strip if edge == 2 else [(1 - x, y) for x, y in strip], white)


def _confetti(
    paper: Paper, place: tuple[float, float], turn: float, colour: tuple[int, int, int]
) -> None:
    x, y = place
    if turn < 0.4:
        return paper.disc(x, y, 0.006 + 0.014 * turn, colour)
    along = np.array([np.cos(turn * 12), np.sin(turn * 12)]) * 0.02
    ends = [(x + paper.across(s * along[0]), y + paper.up(s * along[1])) for s in (-1, 1)]
    return paper.line(ends, colour, 0.012)


def _gold_frame(paper: Paper, palette: Palette) -> None:
    gold = mix(palette.accent, palette.light, 0.25)
    for inset, thick in ((0.045, 0.0045), (0.06, 0.0018)):
        a, b = paper.across(inset), paper.up(inset)
        paper.line([(a, b), (1 - a, b), (1 - a, 1 - b), (a, 1 - b)], gold, thick, closed=True)


def _halftone(paper: Paper) -> None:
    """Fewer tones, and printer's dots where it is dark."""
    steps = (np.rint(np.arange(256) / 255 * 6) / 6 * 255).astype(np.uint8)
    paper.pixels[:] = cv2.addWeighted(cv2.LUT(paper.pixels, steps), 0.75, paper.pixels, 0.25, 0)
    pitch = max(6, paper.short // 90)
    axis = np.arange(pitch * 2)
    waves = np.cos(2 * np.pi * axis / pitch)
    dots = ((waves[:, None] + waves[None, :]) * 11).astype(np.float32)
    paper.pixels[:] = cv2.subtract(
        paper.pixels, _tiled(paper, np.clip(dots, 0, 40).astype(np.uint8))
    )
