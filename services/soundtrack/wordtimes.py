"""When each word of a recording sounds, where whoever made it does not say. Pure.

Words take time by their letters, and only where something is heard; the ends of phrases are drawn
to the pauses near them.
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from shared.story.beats import Word

STEP = 0.01
"""Seconds in a block of sound."""
QUIET_DB = 32.0
"""So far below the loudest speech nobody speaks."""
STOP = 8
"""Blocks: the stop of a consonant is not a pause."""
PAUSE = 12
"""Blocks: from here on a silence may be the end of a phrase."""

SHORT, LAST = 0.5, 3.0
"""Letters' worth of time beside its letters, of a word within a phrase and of its last one."""

_PHRASE_END = re.compile(r"[.!?…,;:。！？、，；：—–]['\"”’)\]]*$")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_TOGETHER = 4
"""Letters of a script without spaces that are shown as one."""


def estimated(sound: NDArray[np.float32], rate: int, text: str) -> list[Word]:
    """The words of a text on the clock of its recording (mono), each within what is heard."""
    heard = _heard(sound, rate)
    tokens = list(_tokens(text))
    if not tokens or not heard.any():
        return []
    places = np.flatnonzero(heard)
    ends = _spoken_ends(tokens, heard)
    starts = np.concatenate([[0.0], ends[:-1]])
    firsts = places[np.minimum(starts.astype(int), len(places) - 1)]
    lasts = places[np.clip(np.ceil(ends).astype(int) - 1, 0, len(places) - 1)]
    return [
        Word(text=token, start=round(first * STEP, 3), end=round((last + 1) * STEP, 3))
        for token, first, last in zip(tokens, firsts, np.maximum(lasts, firsts), strict=True)
    ]


def _heard(sound: NDArray[np.float32], rate: int) -> NDArray[np.bool_]:
    """For each block, whether somebody speaks."""
    size = round(rate * STEP)
    blocks = sound[: len(sound) // size * size].reshape(-1, size)
    if not len(blocks):
        return np.zeros(0, bool)
    levels = 10 * np.log10(np.mean(blocks.astype(np.float64) ** 2, axis=1) + 1e-12)
    heard: NDArray[np.bool_] = levels > max(float(np.percentile(levels, 95)) - QUIET_DB, -60.0)
    for first, length in _silences(heard):
        if length < STOP:
            heard[first : first + length] = True
    return heard


def _silences(heard: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Between the first sound and the last one: where each begins, and how long it is."""
    places = np.flatnonzero(heard)
    for at in np.flatnonzero(np.diff(places) > 1):
        yield int(places[at]) + 1, int(places[at + 1] - places[at]) - 1


def _tokens(text: str) -> Iterator[str]:
    for word in text.split():
        if _UNSPACED.search(word):
            yield from (word[i : i + _TOGETHER] for i in range(0, len(word), _TOGETHER))
        else:
            yield word


def _spoken_ends(tokens: Sequence[str], heard: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Where each word ends, counted in blocks that are heard."""
    weights = np.cumsum([_weight(token) for token in tokens])
    total = float(np.count_nonzero(heard))
    guesses = weights / weights[-1] * total
    phrases = [i for i, token in enumerate(tokens[:-1]) if _PHRASE_END.search(token)]
    anchors = _anchored([float(guesses[i]) for i in phrases], _pauses(heard))
    known = [0.0, *(guesses[phrases[i]] for i in anchors), total]
    ends: NDArray[np.float64] = np.interp(guesses, known, [0.0, *anchors.values(), total])
    return ends


def _weight(token: str) -> float:
    """Digits are spoken as words, short words take their time, and the last one is drawn out."""
    letters = sum(3.0 if char.isdigit() else float(char.isalpha()) for char in token)
    return letters + (LAST if _PHRASE_END.search(token) else SHORT)


def _pauses(heard: NDArray[np.bool_]) -> list[tuple[float, int]]:
    """Where on the clock of heard blocks there is a pause, and how long it is."""
    return [
        (float(np.count_nonzero(heard[:first])), length)
        for first, length in _silences(heard)
        if length >= PAUSE
    ]


def _anchored(guesses: Sequence[float], pauses: Sequence[tuple[float, int]]) -> dict[int, float]:
    """The pause that each end of a phrase most likely is: near, long, and in order."""
    if len(pauses) == len(guesses):
        return dict(enumerate(at for at, _ in pauses))
    found: dict[int, float] = {}
    for i, guess in enumerate(guesses):
        near = 0.5 * min(abs(guess - other) for other in [*guesses[:i], *guesses[i + 1 :], 0.0])
        after = max(found.values(), default=0.0)
        fits = [(at, long) for at, long in pauses if at > after and abs(at - guess) <= near]
        if fits:
            found[i] = min(fits, key=lambda pause: abs(pause[0] - guess) - pause[1])[0]
    return found
