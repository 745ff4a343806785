"""How long a text takes to say. The one place that knows: whoever plans, asks here. Pure."""

from shared.engines.local.language import UNSPACED, language_of

WORDS_A_SECOND = 2.3
LETTERS_A_SECOND = 13.5  # as slow as the slowest voice of the styles; spaces are counted too
BREATH = 0.3  # seconds around a line


def speaking_seconds(text: str) -> float:
    """Return the seconds that a voice needs for this text, with a breath around it."""
    if not any(c.isalnum() for c in text):
        return 0.0
    if not text.isascii() and language_of(text) in UNSPACED:
        return len(text) / 3 / WORDS_A_SECOND + BREATH
    # a number is said in more letters than it is written in: each figure is about a word
    letters = len(text) + 5 * (sum(map(str.isdigit, text)) + sum(map(text.count, "%€$£₹¥")))
    return max(len(text.split()) / WORDS_A_SECOND, letters / LETTERS_A_SECOND) + BREATH
