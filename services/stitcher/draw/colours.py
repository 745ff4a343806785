"""Which ink can be read on which ground, by the contrast that accessibility guidelines ask."""

from collections.abc import Sequence

from shared.media.picture import Rgb

LEGIBLE = 4.5
DARK: Rgb = (18, 18, 20)
WHITE: Rgb = (255, 255, 255)
_BLACK: Rgb = (0, 0, 0)


def contrast(one: Rgb, other: Rgb) -> float:
    """From 1 for two alike to 21 for black and white."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def legible(ink: Rgb, ground: Rgb) -> Rgb:
    """The ink where it can be read on this ground, else the neutral one that can."""
    if contrast(ink, ground) >= LEGIBLE:
        return ink
    soft = _farthest((DARK, WHITE), ground)
    # on a medium ground only pure black or white is far enough
    return soft if contrast(soft, ground) >= LEGIBLE else _farthest((_BLACK, WHITE), ground)


def _farthest(inks: Sequence[Rgb], ground: Rgb) -> Rgb:
    return max(inks, key=lambda ink: contrast(ink, ground))


def _luminance(colour: Rgb) -> float:
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
