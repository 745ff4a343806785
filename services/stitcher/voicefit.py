"""Fits a voice into its beat: speak a little faster, then shorten pauses, then hurry. Pure.

Narration is planned to fit, so a little faster is nearly always enough. What is too long all the
same ends after a whole word. A voice that is shorter than its beat is left as it is: the rest is a
pause, which music fills. The planned duration rules: a beat is never made longer for its voice.
Captions and mix both follow the fit made here, so a word lights up exactly when it is heard.

All times are seconds, on two clocks: times of the source count from the start of the voice file,
placed times (`at`, and the words of a fit) from the start of the beat.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

FASTEST = 1.08  # up to here, nobody hears that a voice was made faster
HURRIED = 1.15  # sooner than words are lost
LEAD = 0.15  # silence before the first word, given up when the beat is full
TAIL = 0.20  # silence after the last word, likewise
_BEFORE_WORD, _AFTER_WORD = 0.04, 0.12  # a word's sound goes beyond its marks by this much
_SHORTEST_PAUSE = 0.08
_EPSILON = 1e-6  # what sums of floats may be off by
_Run = tuple[float, float]


@dataclass(frozen=True)
class Word:
    """One spoken word and when it sounds."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Passage:
    """A part of the voice file, from start to end, and when it begins in the beat."""

    start: float
    end: float
    at: float


@dataclass(frozen=True)
class VoiceFit:
    """A voice as it is heard in its beat."""

    rate: float
    passages: tuple[Passage, ...]
    words: tuple[Word, ...]
    dropped: tuple[str, ...] = ()

    @property
    def offset(self) -> float:
        """Return when the voice starts."""
        return self.passages[0].at if self.passages else 0.0


def fit_voice(seconds: float, words: Sequence[Word], beat_seconds: float) -> VoiceFit:
    """Return how a voice of this length, with these word times, is heard in a beat."""
    if seconds <= 0 or beat_seconds <= 0:
        return VoiceFit(1.0, (), (), tuple(word.text for word in words))
    runs = _find_runs(seconds, words)
    # The rate aims at a beat with silence at both ends. A beat so short that they would take more
    # than half of it gives them up.
    comfortable = max(beat_seconds - LEAD - TAIL, beat_seconds / 2)
    rate = min(FASTEST, max(1.0, _span(runs) / comfortable))
    passages = _place_runs(runs, rate, comfortable)
    if rate == FASTEST and _end_of(passages, rate) > beat_seconds:
        rate = min(HURRIED, rate * _end_of(passages, rate) / beat_seconds)
        passages = _place_runs(runs, rate, comfortable)
    lead = max(0.0, min(LEAD, beat_seconds - _end_of(passages, rate)))
    moved = tuple(replace(passage, at=passage.at + lead) for passage in passages)
    return _cut_to(beat_seconds, moved, words, rate)


def _find_runs(seconds: float, words: Sequence[Word]) -> list[_Run]:
    """Return the runs of speech between pauses; the whole file where no word times are known."""
    if not words:
        return [(0.0, seconds)]
    runs: list[_Run] = []
    for word in words:
        start = max(0.0, word.start - _BEFORE_WORD)
        end = max(start, min(seconds, word.end + _AFTER_WORD))
        # A gap this short is part of the speech: shortening it would clip a consonant.
        if runs and start - runs[-1][1] <= _SHORTEST_PAUSE:
            runs[-1] = (runs[-1][0], max(runs[-1][1], end))
        else:
            runs.append((start, end))
    return runs


def _span(runs: Sequence[_Run]) -> float:
    """Return the seconds from the first word to the last."""
    return runs[-1][1] - runs[0][0]


def _place_runs(runs: Sequence[_Run], rate: float, room: float) -> list[Passage]:
    """Return the runs one after another, their pauses as much shorter as the room demands."""
    spoken = sum(end - start for start, end in runs)
    pauses = _span(runs) - spoken
    # The same share of every pause stays, so that a long one is still longer than a short one.
    share = 1.0 if pauses <= 0 else min(1.0, max(0.0, (room * rate - spoken) / pauses))
    passages = [Passage(*runs[0], at=0.0)]
    for (_, before), run in pairwise(runs):
        pause = max(_SHORTEST_PAUSE, (run[0] - before) * share)
        if share == 1.0:
            # Nothing to shorten: one passage with its pauses in it sounds best, without any seam.
            passages[-1] = replace(passages[-1], end=run[1])
        else:
            at = passages[-1].at + _length(passages[-1], rate) + pause / rate
            passages.append(Passage(*run, at=at))
    return passages


def _length(passage: Passage, rate: float) -> float:
    """Return how long a passage is heard at this rate."""
    return (passage.end - passage.start) / rate


def _end_of(passages: Sequence[Passage], rate: float) -> float:
    """Return when the last passage is over."""
    return passages[-1].at + _length(passages[-1], rate)


def _cut_to(
    limit: float, passages: Sequence[Passage], words: Sequence[Word], rate: float
) -> VoiceFit:
    """Drop the words that would run over the beat, and the sound after the last one kept."""
    placed = [(_place_word(word, passages, rate), word) for word in words]
    kept = tuple(moved for moved, _ in placed if moved.end <= limit + _EPSILON)
    dropped = tuple(word.text for moved, word in placed if moved.end > limit + _EPSILON)
    # Only where words are dropped does the sound end early: half a word must not be heard.
    end = min(limit, kept[-1].end + _AFTER_WORD) if kept and dropped else limit
    heard = tuple(
        replace(passage, end=min(passage.end, passage.start + (end - passage.at) * rate))
        for passage in passages
        if passage.at < end
    )
    return VoiceFit(rate, heard, kept, dropped)


def _place_word(word: Word, passages: Sequence[Passage], rate: float) -> Word:
    """Return the word with its times in the beat, by the passage that it is in."""
    # A word may begin exactly where its passage does: less than a rounding error decides nothing.
    passage = next((p for p in reversed(passages) if p.start <= word.start + 1e-9), passages[0])
    start = passage.at + (max(word.start, passage.start) - passage.start) / rate
    return Word(word.text, start, start + max(0.0, word.end - word.start) / rate)


def spread_words(text: str, beat_seconds: float) -> tuple[Word, ...]:
    """Return the words of a beat that nobody speaks, each as long as it takes to read."""
    words = text.split()
    room = max(beat_seconds / 2, beat_seconds - LEAD - TAIL - _BEFORE_WORD - _AFTER_WORD)
    ends = list(accumulate(len(word) for word in words))
    step = room / max(1, sum(map(len, words)))
    return tuple(
        Word(word, (end - len(word)) * step, end * step)
        for word, end in zip(words, ends, strict=True)
    )


def shift_words(words: Sequence[Word], seconds: float) -> tuple[Word, ...]:
    """Return the words on another clock: that of a chunk of their beat, or of the whole video."""
    return tuple(Word(w.text, w.start + seconds, w.end + seconds) for w in words)
