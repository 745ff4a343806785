"""Words between which stands every sign that Unicode has to do harm with."""

from itertools import cycle
from random import Random

SIGNS = [
    *map(chr, range(0x20)),
    *map(chr, range(0x7F, 0xA1)),
    *"\u00ad\u034f\u061c\u115f\u1680\u180e\u2800\u3000\u3164\ufe0f\ufeff",
    *map(chr, range(0x2000, 0x2010)),
    *map(chr, range(0x2028, 0x2030)),
    *map(chr, range(0x205F, 0x2070)),
    *map(chr, range(0xFFF9, 0x10000)),
    *"\u0301\u0489\u20e3\ue000\U000e0001\U000e0041\U000e007f\U0010ffff",
]
"""What ends lines, turns directions, is not seen, joins or stands on what is before it."""

CLUSTERS = [
    "\x1b[31m",
    "\x1b]0;title\a",
    "\r\n",
    "e" + "\u0301" * 40,
    "👩\u200d👩\u200d👧",
    "🇩",
    "﷽",
]
CLUSTERS += ["שלום", "سلام", "字" * 30, "{0}", "%n%s", "<b>&amp;", "\\N{dagger}", "'; --", "W" * 60]

STORY = (
    "A lighthouse keeper wakes before dawn and lights the lamp. The storm throws a bottle onto the "
    "rocks below. She reads the letter inside it by the fire. They watch the sunset together."
)


def write_prompt() -> str:
    """Return a story with every sign in it, each after a word."""
    words = cycle(STORY.split())
    return "".join(f"{next(words)}{sign} " for sign in SIGNS)


def write_lines() -> list[str]:
    """Return four lines for end cards, which together hold every sign."""
    return ["".join(f"{sign}W" for sign in SIGNS[n::4]) for n in range(4)]


def write_text(rng: Random, most: int = 30) -> str:
    """Return a few words with signs and clusters among them."""
    words = STORY.split()
    return " ".join(
        rng.choice(words) + rng.choice([*rng.choices(SIGNS, k=3), rng.choice(CLUSTERS)])
        for _ in range(rng.randint(1, most))
    )
