"""A voice for each character of a film: another speaker, at another pitch, than the narrator's; and
what each of them wears, by which they are known again.
"""

from collections.abc import Sequence
from dataclasses import replace

from shared.engines.local.reading import Reading
from shared.engines.local.styles import VoiceChoice, palette_of, style_of
from shared.story.product import name_colour

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


_SLOW, _FAST = 138, 172  # words a minute
_PACES = {
    **dict.fromkeys(("calm", "tender", "cosy", "elegant", "dark"), (0, _SLOW)),
    **dict.fromkeys(("happy", "bright", "driving"), (_FAST, 999)),
}
"""Tone → the slowest and the fastest that a voice speaks in it."""
_GENDERS = {"female": ("f2", 58, 1.2), "male": ("m3", 38, 0.93)}


def change_voice(voice: VoiceChoice, tones: Sequence[str]) -> VoiceChoice:
    """Return the narrator's voice in these tones; one that says nothing of a voice is left out."""
    for tone in tones:
        if tone in _PACES:
            least, most = _PACES[tone]
            pace = min(max(voice.words_a_minute, least), most)
            voice = replace(voice, words_a_minute=pace)
        if tone in _GENDERS:
            variant, pitch, shift = _GENDERS[tone]
            voice = replace(voice, variant=variant, pitch=pitch, shift=shift)
    return voice


_COLOURS = ("red", "green", "yellow", "blue", "white", "orange")


def describe_characters(reading: Reading, style: str, seed: int) -> dict[str, str]:
    """Return how each character looks, by name: the first one as it is drawn here."""
    worn = name_colour(bytes(palette_of(style_of(style), seed).accent))
    colours = [worn, *(colour for colour in _COLOURS if colour != worn)]
    pairs = zip(reading.drawn.items(), colours, strict=False)
    return {name: f"{words}, with {_name_scarf(colour)}" for (name, words), colour in pairs}


def _name_scarf(colour: str) -> str:
    return f"{'an' if colour[0] in 'aeiou' else 'a'} {colour} scarf"
