"""The finish of each style: what is done to a whole picture at the end. Pixels in, pixels out."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from shared.engines.local.paper import Mask, Paper, Pixels, cloudy, mix, wavy
from shared.engines.local.styles import Palette

Finish = Callable[[Paper, Palette, np.random.Generator], None]


def finish_cinematic(paper: Paper, palette: Palette, rng: np.random.Generator) -> None:
    _add_bloom(paper, 0.28)
    _add_vignette(paper, palette, 0.75)
    _add_grain(paper, rng, 7)


def finish_anime(paper: Paper, palette: Palette, rng: np.random.Generator) -> None:
    _add_bloom(paper, 0.1)
    for x, y, size in rng.uniform(0, 1, (9, 3)):
        _draw_sparkle(paper, palette, (float(x), float(y) * 0.7), 0.012 + 0.02 * float(size))


def finish_noir(paper: Paper, palette: Palette, rng: np.random.Generator) -> None:
    _keep_one_colour(paper, palette)
    _draw_slats(paper, palette, rng)
    _add_vignette(paper, palette, 1.0)
    _add_grain(paper, rng, 13)


def finish_watercolor(paper: Paper, palette: Palette, rng: np.random.Generator) -> None:
    _blur_edges(paper, rng)
    _add_blotches(paper, rng)
    _draw_paper_edge(paper, rng)


def finish_minimal(paper: Paper, palette: Palette, rng: np.random.Generator) -> None:
    """Add nothing: that is the style."""


def finish_playful(paper: Paper, palette: Palette, rng: np.random.Generator) -> None:
    colours = (palette.accent, palette.light, palette.far, palette.mid, (255, 255, 255))
    for x, y, turn in rng.uniform(0, 1, (46, 3)):
        _draw_confetti(paper, (float(x), float(y) * 0.45), float(turn), colours[int(turn * 5)])


def finish_luxury(paper: Paper, palette: Palette, rng: np.random.Generator) -> None:
    # Spots of light out of focus, as on a photograph at night.
    for x, y, size in rng.uniform(0, 1, (16, 3)):
        paper.glow(float(x), float(y), 0.03 + 0.09 * float(size), palette.accent, 0.3)
    _add_bloom(paper, 0.25)
    _add_vignette(paper, palette, 0.9)
    _draw_gold_frame(paper, palette)
    _add_grain(paper, rng, 4)


def finish_bold(paper: Paper, palette: Palette, rng: np.random.Generator) -> None:
    _print_dots(paper)
    corner = rng.integers(2)
    for step in range(3):
        low = 0.12 + 0.06 * step
        stripe = [(0.0, low), (low / paper.tall * 1.6 * paper.tall, 0.0)]
        points = stripe if corner else [(1 - x, y) for x, y in stripe]
        paper.line(points, (palette.accent, palette.light, palette.ink)[step], 0.022)


def finish_warm(paper: Paper, palette: Palette, rng: np.random.Generator) -> None:
    """Let late sun fall through a window on all of it."""
    x = float(rng.uniform(0.1, 0.9))
    paper.glow(x, 0.0, 1.1, palette.light, 0.3)
    lean = 0.5 - x
    for step in range(3):
        left = x - 0.2 + 0.15 * step
        pane = [
            (left, 0.0),
            (left + 0.1, 0.0),
            (left + 0.16 + lean, 0.8),
            (left + 0.02 + lean, 0.8),
        ]
        paper.translucent(pane, palette.light, 0.08)
    _add_bloom(paper, 0.18)
    _add_vignette(paper, palette, 0.55)
    _add_grain(paper, rng, 4)


def finish_technical(paper: Paper, palette: Palette, rng: np.random.Generator) -> None:
    """Draw the fine lines and the corner marks of a drawing board over it."""
    _draw_grid(paper, palette)
    colour = mix(palette.accent, palette.light, 0.35)
    for x, y in ((0.06, 0.06), (0.94, 0.06), (0.06, 0.94), (0.94, 0.94)):
        _draw_corner(paper, (x, y), colour)
    _add_vignette(paper, palette, 0.6)


FINISHES: Mapping[str, Finish] = {
    "cinematic": finish_cinematic,
    "anime": finish_anime,
    "noir": finish_noir,
    "watercolor": finish_watercolor,
    "minimal": finish_minimal,
    "playful": finish_playful,
    "luxury": finish_luxury,
    "bold": finish_bold,
    "warm": finish_warm,
    "technical": finish_technical,
}


# ── what finishes are made of ───────────────────────────────────────────────────────────────────


def _add_bloom(paper: Paper, strength: float) -> None:
    """Let bright places shine over their edges."""
    # Worked out at an eighth of the size, which is much faster; a blur hides the difference.
    small = cv2.resize(
        paper.pixels, (paper.width // 8, paper.height // 8), interpolation=cv2.INTER_AREA
    )
    bright = cv2.subtract(small, np.full_like(small, 130))
    soft = cv2.GaussianBlur(bright, (0, 0), max(1.0, paper.short / 90))
    light = cv2.resize(soft, (paper.width, paper.height), interpolation=cv2.INTER_LINEAR)
    paper.pixels[:] = cv2.addWeighted(paper.pixels, 1.0, light, 2 * strength, 0)


def _add_vignette(paper: Paper, palette: Palette, strength: float) -> None:
    axis = np.linspace(-1, 1, 48, dtype=np.float32)
    away = np.sqrt(0.8 * (axis[:, None] ** 2 + axis[None, :] ** 2))
    mask: Mask = np.clip((away - 0.5) * 0.8 * strength, 0, 0.9).astype(np.float32)
    paper.veil(palette.ink, mask)


def _add_grain(paper: Paper, rng: np.random.Generator, strength: float) -> None:
    """Add noise as large as the grain of a scanned film."""
    # One tile, repeated: to draw random numbers for every pixel takes long, and nobody sees it.
    size = 256
    tile = rng.normal(0, strength, (size, size)).astype(np.float32)
    soft = cv2.GaussianBlur(tile, (0, 0), 0.7) * 1.6
    # OpenCV adds and subtracts bytes without running over 0 or 255, so the noise comes in two.
    up, down = np.clip(soft, 0, 60).astype(np.uint8), np.clip(-soft, 0, 60).astype(np.uint8)
    paper.pixels[:] = cv2.subtract(cv2.add(paper.pixels, _tile(paper, up)), _tile(paper, down))


def _tile(paper: Paper, tile: Pixels) -> Pixels:
    high, wide = tile.shape[:2]
    plane = np.tile(tile, (paper.height // high + 1, paper.width // wide + 1))
    plane = plane[: paper.height, : paper.width]
    return np.asarray(cv2.merge([plane, plane, plane]), np.uint8)


def _draw_sparkle(paper: Paper, palette: Palette, place: tuple[float, float], size: float) -> None:
    x, y = place
    paper.glow(x, y, size * 3, palette.light, 0.4)
    for across, up in ((1.0, 0.12), (0.12, 1.0)):
        a, b = paper.across(size * across), paper.up(size * up)
        paper.shape([(x - a, y), (x, y - b), (x + a, y), (x, y + b)], (255, 255, 255))


def _keep_one_colour(paper: Paper, palette: Palette) -> None:
    """Make the picture grey, except for places in the hue of the accent colour."""
    pixels = paper.pixels
    grey = cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    hues = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
    wanted = int(cv2.cvtColor(np.array([[palette.accent]], np.uint8), cv2.COLOR_RGB2HSV)[0, 0, 0])
    likeness = np.zeros((256, 1), np.float32)
    likeness[[(wanted + step) % 180 for step in range(-9, 10)]] = 1
    strong = (np.arange(256, dtype=np.float32) > 120).astype(np.float32)
    keep = np.asarray(cv2.LUT(hues[:, :, 0], likeness) * cv2.LUT(hues[:, :, 1], strong))
    # Stronger darks and lights: grey alone would look washed out.
    contrast = np.clip((np.arange(256) - 118) * 1.22 + 112, 0, 255).astype(np.uint8)
    pixels[:] = cv2.blendLinear(pixels, cv2.LUT(grey, contrast), keep, 1 - keep)


def _draw_slats(paper: Paper, palette: Palette, rng: np.random.Generator) -> None:
    """Draw light that falls through a blind."""
    top, lean = float(rng.uniform(0.05, 0.4)), float(rng.uniform(-0.12, 0.12))
    for step in range(7):
        y = top + 0.042 * step
        bar = [(-0.1, y - lean), (1.1, y + lean), (1.1, y + lean + 0.017), (-0.1, y - lean + 0.017)]
        paper.translucent(bar, palette.light, 0.1)


def _blur_edges(paper: Paper, rng: np.random.Generator) -> None:
    """Move edges about, as wet paint does, and make them darker."""
    width, height = paper.width, paper.height
    shift = []
    for _ in range(2):
        coarse = rng.uniform(-1, 1, (40, 40)).astype(np.float32)
        shift.append(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR))
    xs, ys = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    reach = np.float32(paper.short * 0.006)
    moved = cv2.remap(
        paper.pixels, xs + shift[0] * reach, ys + shift[1] * reach, cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )  # fmt: skip
    # Taking a blurred copy away makes edges stronger: pigment gathers there.
    soft = cv2.resize(moved, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    wide = cv2.resize(cv2.GaussianBlur(soft, (0, 0), 2.5), (width, height))
    paper.pixels[:] = cv2.addWeighted(moved, 1.45, wide, -0.45, 0)


def _add_blotches(paper: Paper, rng: np.random.Generator) -> None:
    """Make the colour thinner in places, as where water stood, and the paper rough."""
    mask = np.clip(cloudy(rng, 96) * 0.5 - 0.14, 0, 1)
    paper.veil((255, 252, 244), mask.astype(np.float32))
    _add_grain(paper, rng, 6)


def _draw_paper_edge(paper: Paper, rng: np.random.Generator) -> None:
    """Draw ragged white margins."""
    white = (253, 250, 243)
    side, turns = 0.028, np.linspace(-0.05, 1.05, 60)
    for edge in range(4):
        ragged = side * (0.7 + 0.5 * wavy(rng, 60, 0.7))
        near, far = turns[0], turns[-1]
        if edge < 2:
            rows = [(float(t), float(paper.up(r))) for t, r in zip(turns, ragged, strict=True)]
            strip = [*rows, (far, -0.1), (near, -0.1)]
            paper.shape(strip if edge == 0 else [(x, 1 - y) for x, y in strip], white)
        else:
            rows = [(float(paper.across(r)), float(t)) for t, r in zip(turns, ragged, strict=True)]
            strip = [*rows, (-0.1, far), (-0.1, near)]
            paper.shape(strip if edge == 2 else [(1 - x, y) for x, y in strip], white)


def _draw_confetti(
    paper: Paper, place: tuple[float, float], turn: float, colour: tuple[int, int, int]
) -> None:
    x, y = place
    if turn < 0.4:
        return paper.disc(x, y, 0.006 + 0.014 * turn, colour)
    along = np.array([np.cos(turn * 12), np.sin(turn * 12)]) * 0.02
    ends = [(x + paper.across(s * along[0]), y + paper.up(s * along[1])) for s in (-1, 1)]
    return paper.line(ends, colour, 0.012)


def _draw_gold_frame(paper: Paper, palette: Palette) -> None:
    gold = mix(palette.accent, palette.light, 0.25)
    for inset, thick in ((0.045, 0.0045), (0.06, 0.0018)):
        a, b = paper.across(inset), paper.up(inset)
        paper.line([(a, b), (1 - a, b), (1 - a, 1 - b), (a, 1 - b)], gold, thick, closed=True)


def _draw_grid(paper: Paper, palette: Palette) -> None:
    lines = np.zeros((paper.height, paper.width), np.float32)
    # odd, so that the lines never lie where a decoder's blocks meet: they would look like damage
    pitch = max(11, paper.short // 16) | 1
    for step, share in ((pitch, 0.10), (4 * pitch, 0.12)):
        lines[::step] += share
        lines[:, ::step] += share
    paper.veil(palette.light, lines)


def _draw_corner(paper: Paper, place: tuple[float, float], colour: tuple[int, int, int]) -> None:
    x, y = place
    right, down = (1 if x < 0.5 else -1), (1 if y < 0.5 else -1)
    a, b = right * paper.across(0.05), down * paper.up(0.05)
    paper.line([(x + a, y), (x, y), (x, y + b)], colour, 0.004)


def _print_dots(paper: Paper) -> None:
    """Show fewer tones, with dots over them, as in a cheap print."""
    steps = (np.rint(np.arange(256) / 255 * 6) / 6 * 255).astype(np.uint8)
    paper.pixels[:] = cv2.addWeighted(cv2.LUT(paper.pixels, steps), 0.75, paper.pixels, 0.25, 0)
    pitch = max(6, paper.short // 90)
    axis = np.arange(pitch * 2)
    waves = np.cos(2 * np.pi * axis / pitch)
    dots = ((waves[:, None] + waves[None, :]) * 11).astype(np.float32)
    paper.pixels[:] = cv2.subtract(
        paper.pixels, _tile(paper, np.clip(dots, 0, 40).astype(np.uint8))
    )
