"""Which ink can be read on which ground, by the contrast that accessibility guidelines ask."""

from collections.abc import Sequence

from shared.media.picture import Rgb

LEGIBLE = 4.5
DARK: Rgb = (18, 18, 20)
WHITE: Rgb = (255, 255, 255)
_BLACK: Rgb = (0, 0, 0)


def measure_contrast(one: Rgb, other: Rgb) -> float:
    """Return 1 for two colours alike, up to 21 for black and white."""
    dark, light = sorted((_measure_light(one), _measure_light(other)))
    return (light + 0.05) / (dark + 0.05)


def choose_ink(ink: Rgb, ground: Rgb) -> Rgb:
    """Return the ink where it can be read on this ground, else the neutral one that can."""
    if measure_contrast(ink, ground) >= LEGIBLE:
        return ink
    soft = _choose_farthest((DARK, WHITE), ground)
    # on a medium ground only pure black or white is far enough
    is_enough = measure_contrast(soft, ground) >= LEGIBLE
    return soft if is_enough else _choose_farthest((_BLACK, WHITE), ground)


def _choose_farthest(inks: Sequence[Rgb], ground: Rgb) -> Rgb:
    return max(inks, key=lambda ink: measure_contrast(ink, ground))


def _measure_light(colour: Rgb) -> float:
    """Return how bright a colour looks, 0 to 1: the eye sees green best and blue least."""
    # stored values are not proportional to light: the guidelines' own formula undoes that
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
        for part in (value / 255 for value in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
