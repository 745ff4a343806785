"""The music of each mood: tempo, chords, instruments. Pure data; pitches are MIDI notes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from shared.engines.local.styles import Mood

Chord = tuple[int, ...]
Beat = Literal["none", "soft", "steady", "driving"]

_MAJOR, _MINOR = (0, 4, 7), (0, 3, 7)


def _chords(*names: str) -> tuple[Chord, ...]:
    """Return chords by their names: "Am" is A minor, "F" F major, "C7" has a seventh on top."""
    return tuple(_read_chord(name) for name in names)


def _read_chord(name: str) -> Chord:
    root = 48 + {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[name[0]]
    root += name.count("#") - name.count("b")
    shape = _MINOR if "m" in name else _MAJOR
    seventh = ((10 if "m" in name else 11),) if "7" in name else ()
    notes = tuple(root + step for step in (*shape, *seventh))
    # High notes go an octave down: chords then lie close together and change without jumps.
    return tuple(note - 12 if note > 62 else note for note in notes)


@dataclass(frozen=True)
class Score:
    """One mood's music. `bright` is how many overtones the pad has; chords last a bar each."""

    beats_a_minute: int
    verses: tuple[tuple[Chord, ...], ...]
    bright: float
    beat: Beat
    plucks: int
    """Plucked notes a bar."""
    pluck_octave: int
    bass: float


# Four chords a verse, one a bar, and two verses to choose from: simple songs are built so, and any
# melody of a chord's own notes fits them.
SCORES: Mapping[Mood, Score] = {
    "epic": Score(
        84,
        (_chords("Am", "F", "C", "G"), _chords("Dm", "Bb", "F", "C")),
        0.55, "steady", 4, 1, 0.9,
    ),
    "bright": Score(
        112,
        (_chords("C", "G", "Am7", "F7"), _chords("F7", "G", "Em7", "Am")),
        0.6, "steady", 8, 2, 0.7,
    ),
    "dark": Score(
        68,
        (_chords("Dm7", "Dm", "Bb7", "A"), _chords("Em7", "C7", "Am", "B")),
        0.3, "soft", 2, 1, 1.0,
    ),
    "tender": Score(
        76,
        (_chords("F7", "C", "Dm7", "Bb7"), _chords("C7", "Em7", "Am7", "F7")),
        0.3, "none", 4, 2, 0.45,
    ),
    "calm": Score(
        80,
        (_chords("C7", "Am7", "F7", "G"), _chords("D7", "Bm7", "G7", "A")),
        0.25, "soft", 2, 2, 0.5,
    ),
    "happy": Score(
        124,
        (_chords("C", "F", "G", "C"), _chords("G", "C", "D", "G")),
        0.7, "steady", 8, 2, 0.7,
    ),
    "elegant": Score(
        88,
        (_chords("Dm7", "G7", "C7", "Am7"), _chords("Am7", "Dm7", "F7", "E")),
        0.35, "soft", 3, 2, 0.7,
    ),
    "driving": Score(
        128,
        (_chords("Em", "C", "G", "D"), _chords("Am", "F", "C", "G")),
        0.8, "driving", 8, 1, 1.0,
    ),
    "cosy": Score(
        92,
        (_chords("C", "Em7", "F7", "G"), _chords("G", "Em", "C7", "D")),
        0.32, "soft", 6, 2, 0.6,
    ),
    "precise": Score(
        108,
        (_chords("Am7", "Em7", "Dm7", "Em7"), _chords("Em7", "Bm7", "C7", "D")),
        0.62, "steady", 16, 2, 0.75,
    ),
}  # fmt: skip
