"""Fits a voice into its beat: a little faster, then shorter pauses, then a cut tail. Pure.

The planned duration rules: a beat is never stretched for its voice. Captions and mix both follow
the fit made here, so a word is lit exactly when it is heard. All times are seconds; source times
count from the voice file's start, placed times from the beat's start.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

FASTEST = 1.15
LEAD = 0.15  # silence before the first word, given up when the beat is full
TAIL = 0.20  # silence after the last word, likewise
_BEFORE_WORD, _AFTER_WORD = 0.04, 0.12  # a word's sound spills over its marks by this much
_SHORTEST_PAUSE = 0.08
_Run = tuple[float, float]


@dataclass(frozen=True)
class Word:
    """One spoken word and when it sounds."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Piece:
    """A stretch of the voice file and where it is heard in the beat."""

    start: float
    end: float
    at: float


@dataclass(frozen=True)
class VoiceFit:
    """How a voice is heard in its beat."""

    rate: float
    pieces: tuple[Piece, ...]
    words: tuple[Word, ...]
    dropped: tuple[str, ...] = ()

    @property
    def offset(self) -> float:
        """When the voice starts."""
        return self.pieces[0].at if self.pieces else 0.0


def fit_voice(seconds: float, words: Sequence[Word], beat_seconds: float) -> VoiceFit:
    """Fit a voice of this length, with these word times, into a beat of this length."""
    if seconds <= 0 or beat_seconds <= 0:
        return VoiceFit(1.0, (), (), tuple(word.text for word in words))
    runs = _runs(seconds, words)
    comfortable = max(beat_seconds - LEAD - TAIL, beat_seconds / 2)
    rate = min(FASTEST, max(1.0, _span(runs) / comfortable))
    pieces = _laid_out(runs, rate, comfortable)
    lead = max(0.0, min(LEAD, beat_seconds - pieces[-1].at - _heard(pieces[-1], rate)))
    placed = tuple(replace(piece, at=piece.at + lead) for piece in pieces)
    return _cut_at(beat_seconds, placed, words, rate)


def _runs(seconds: float, words: Sequence[Word]) -> list[_Run]:
    """The stretches of speech between pauses; the whole file when no word times are known."""
    if not words:
        return [(0.0, seconds)]
    runs: list[_Run] = []
    for word in words:
        start = max(0.0, word.start - _BEFORE_WORD)
        end = max(start, min(seconds, word.end + _AFTER_WORD))
        if runs and start - runs[-1][1] <= _SHORTEST_PAUSE:
            runs[-1] = (runs[-1][0], max(runs[-1][1], end))
        else:
            runs.append((start, end))
    return runs


def _span(runs: Sequence[_Run]) -> float:
    return runs[-1][1] - runs[0][0]


def _laid_out(runs: Sequence[_Run], rate: float, room: float) -> list[Piece]:
    """Place the runs one after another, with pauses shortened as far as the room demands."""
    spoken = sum(end - start for start, end in runs)
    pauses = _span(runs) - spoken
    kept = 1.0 if pauses <= 0 else min(1.0, max(0.0, (room * rate - spoken) / pauses))
    pieces = [Piece(*runs[0], at=0.0)]
    for (_, before), run in pairwise(runs):
        pause = max(_SHORTEST_PAUSE, (run[0] - before) * kept)
        if kept == 1.0:
            pieces[-1] = replace(pieces[-1], end=run[1])
        else:
            at = pieces[-1].at + _heard(pieces[-1], rate) + pause / rate
            pieces.append(Piece(*run, at=at))
    return pieces


def _heard(piece: Piece, rate: float) -> float:
    return (piece.end - piece.start) / rate


def _cut_at(limit: float, pieces: Sequence[Piece], words: Sequence[Word], rate: float) -> VoiceFit:
    """Drop the words that would run over the beat, and the sound after the last one kept."""
    placed = [(_placed(word, pieces, rate), word) for word in words]
    kept = tuple(moved for moved, _ in placed if moved.end <= limit + 1e-6)
    dropped = tuple(word.text for moved, word in placed if moved.end > limit + 1e-6)
    end = min(limit, kept[-1].end + _AFTER_WORD) if kept and dropped else limit
    heard = tuple(
        replace(piece, end=min(piece.end, piece.start + (end - piece.at) * rate))
        for piece in pieces
        if piece.at < end
    )
    return VoiceFit(rate, heard, kept, dropped)


def _placed(word: Word, pieces: Sequence[Piece], rate: float) -> Word:
    """The word's times in the beat."""
    piece = next((p for p in reversed(pieces) if p.start <= word.start + 1e-9), pieces[0])
    start = piece.at + (max(word.start, piece.start) - piece.start) / rate
    return Word(word.text, start, start + max(0.0, word.end - word.start) / rate)


def shifted(words: Sequence[Word], seconds: float) -> tuple[Word, ...]:
    """The words on another clock: a beat's words in one of its chunks, or in the whole video."""
    return tuple(Word(w.text, w.start + seconds, w.end + seconds) for w in words)
