"""A voice for each character of a film: another speaker, at another pitch, than the narrator's."""

from dataclasses import replace

from shared.engines.local.styles import VoiceChoice

_SPEAKERS = (
    ("m3", 34),
    ("f2", 62),
    ("m7", 52),
    ("f4", 74),
    ("m1", 22),
    ("f5", 46),
    ("m8", 44),
    ("f3", 84),
)
"""Variant of espeak-ng and pitch: neighbours differ most, since few films need them all."""


def choose_voice(narrator: VoiceChoice, place: int) -> VoiceChoice:
    """Return the voice of a film's speaker by its place among them; 0 is the narrator."""
    if place == 0:
        return narrator
    others = [each for each in _SPEAKERS if each[0] != narrator.variant]
    again, n = divmod(place - 1, len(others))
    variant, pitch = others[n]
    # beyond the list the same speakers come again, each time a little higher
    return replace(narrator, variant=variant, pitch=min(99, pitch + 7 * again))
