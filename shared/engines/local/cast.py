"""A voice for each character of a film: another speaker, at another pitch, than the narrator's."""

from dataclasses import replace

from shared.engines.local.styles import VoiceChoice

_SPEAKERS = (
    ("m3", 34, 0.90),
    ("f2", 62, 1.15),
    ("m7", 52, 0.95),
    ("f4", 74, 1.22),
    ("m1", 22, 0.85),
    ("f5", 46, 1.10),
    ("m8", 44, 1.05),
    ("f3", 84, 1.28),
)
"""Variant of espeak-ng, its pitch, and how much the neural voice is shifted: neighbours differ
most, since few films need them all.
"""


def choose_voice(narrator: VoiceChoice, place: int) -> VoiceChoice:
    """Return the voice of a film's speaker by its place among them; 0 is the narrator."""
    if place == 0:
        return narrator
    others = [each for each in _SPEAKERS if each[0] != narrator.variant]
    again, n = divmod(place - 1, len(others))
    variant, pitch, shift = others[n]
    # beyond the list the same speakers come again, each time a little higher
    return replace(
        narrator, variant=variant, pitch=min(99, pitch + 7 * again), shift=shift + 0.02 * again
    )
