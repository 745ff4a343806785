"""Estimates when each word of a recording sounds, for voices that come without word times. Pure.

Words take time by their letters, and only where something is heard. Then the ends of phrases are
moved to the pauses near them, because that is where speakers pause.

The recording is looked at in blocks of 10 ms. Places of words are counted on a clock that runs
only in blocks where something is heard, so that pauses take no word's time.
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from shared.story.beats import Word

STEP = 0.01  # seconds in a block of sound
QUIET_DB = 32.0  # so far below the loudest speech, nobody speaks
STOP = 8  # blocks: silence up to here is within a word, as before the sound of a t or k
PAUSE = 12  # blocks: a silence from here on may be the end of a phrase

# The time that a word takes beside its letters, in letters: within a phrase, and as its last word.
SHORT, LAST = 0.5, 3.0

_PHRASE_END = re.compile(r"[.!?…,;:。！？、，；：—–]['\"”’)\]]*$")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_TOGETHER = 4  # letters of a script without spaces that are shown as one word


def estimate_words(sound: NDArray[np.float32], rate: int, text: str) -> list[Word]:
    """Return the words of a text with their times in a mono recording of it."""
    heard = _find_speech(sound, rate)
    tokens = list(_split(text))
    if not tokens or not heard.any():
        return []
    places = np.flatnonzero(heard)
    ends = _find_ends(tokens, heard)
    starts = np.concatenate([[0.0], ends[:-1]])
    # From the clock of heard blocks back to the clock of the recording.
    firsts = places[np.minimum(starts.astype(int), len(places) - 1)]
    lasts = places[np.clip(np.ceil(ends).astype(int) - 1, 0, len(places) - 1)]
    return [
        Word(text=token, start=round(first * STEP, 3), end=round((last + 1) * STEP, 3))
        for token, first, last in zip(tokens, firsts, np.maximum(lasts, firsts), strict=True)
    ]


def _find_speech(sound: NDArray[np.float32], rate: int) -> NDArray[np.bool_]:
    """Tell for each block whether somebody speaks in it."""
    size = round(rate * STEP)
    blocks = sound[: len(sound) // size * size].reshape(-1, size)
    if not len(blocks):
        return np.zeros(0, bool)
    levels = 10 * np.log10(np.mean(blocks.astype(np.float64) ** 2, axis=1) + 1e-12)
    # Measured from the loudest twentieth, not from the peak: a single click must not decide.
    heard: NDArray[np.bool_] = levels > max(float(np.percentile(levels, 95)) - QUIET_DB, -60.0)
    for first, length in _find_silences(heard):
        if length < STOP:
            heard[first : first + length] = True
    return heard


def _find_silences(heard: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield the first block and the length of each silence between the first and the last sound."""
    places = np.flatnonzero(heard)
    for at in np.flatnonzero(np.diff(places) > 1):
        yield int(places[at]) + 1, int(places[at + 1] - places[at]) - 1


def _split(text: str) -> Iterator[str]:
    """Yield the words of a text; a few letters at a time where its script has no spaces."""
    for word in text.split():
        if _UNSPACED.search(word):
            yield from (word[i : i + _TOGETHER] for i in range(0, len(word), _TOGETHER))
        else:
            yield word


def _find_ends(tokens: Sequence[str], heard: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return where each word ends, counted in blocks that are heard."""
    weights = np.cumsum([_weigh(token) for token in tokens])
    total = float(np.count_nonzero(heard))
    guesses = weights / weights[-1] * total
    phrases = [i for i, token in enumerate(tokens[:-1]) if _PHRASE_END.search(token)]
    matches = _match_pauses([float(guesses[i]) for i in phrases], _find_pauses(heard))
    # Where a phrase's end is known, all words between two such places are moved along with them.
    known = [0.0, *(guesses[phrases[i]] for i in matches), total]
    ends: NDArray[np.float64] = np.interp(guesses, known, [0.0, *matches.values(), total])
    return ends


def _weigh(token: str) -> float:
    """Return the time that a word takes, in letters."""
    # A digit is spoken as a whole word, which has about three letters.
    letters = sum(3.0 if char.isdigit() else float(char.isalpha()) for char in token)
    # Even the shortest word takes some time, and the last one of a phrase is drawn out.
    return letters + (LAST if _PHRASE_END.search(token) else SHORT)


def _find_pauses(heard: NDArray[np.bool_]) -> list[tuple[float, int]]:
    """Return where each pause is on the clock of heard blocks, and how long it is."""
    return [
        (float(np.count_nonzero(heard[:first])), length)
        for first, length in _find_silences(heard)
        if length >= PAUSE
    ]


def _match_pauses(
    guesses: Sequence[float], pauses: Sequence[tuple[float, int]]
) -> dict[int, float]:
    """Return for each end of a phrase the place of the pause that it most likely is."""
    # As many pauses as phrases: the speaker paused at each, wherever the guesses are.
    if len(pauses) == len(guesses):
        return dict(enumerate(at for at, _ in pauses))
    found: dict[int, float] = {}
    for i, guess in enumerate(guesses):
        # Not farther than half of the way to the next phrase's end: that pause is the other's.
        near = 0.5 * min(abs(guess - other) for other in [*guesses[:i], *guesses[i + 1 :], 0.0])
        after = max(found.values(), default=0.0)
        fits = [(at, long) for at, long in pauses if at > after and abs(at - guess) <= near]
        if fits:
            # A long pause wins over a nearer short one.
            found[i] = min(fits, key=lambda pause: abs(pause[0] - guess) - pause[1])[0]
    return found
