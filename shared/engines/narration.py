"""Fits narration to its beats before anything is paid, by the measured rates of voices. Pure.

Words that we made are shortened. Words that a user gave by hand are refused where they can't fit.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import cache, partial

from shared.engines.local.cast import change_voice
from shared.engines.local.language import language_of
from shared.engines.local.styles import style_of
from shared.story.beats import Beat
from shared.story.brief import Brief
from shared.story.drafts import Draft, find_missing
from shared.story.errors import BadInput
from shared.story.speech.fitting import Reader, fit_words, missing_seconds, need_seconds

_SLACK = 0.01  # seconds: what rounding may take from a beat

Readers = Callable[[str], Reader]
"""Returns who will say a text."""


def find_readers(brief: Brief) -> Readers:
    """Return who will say the texts of one plan, which are timed more than once."""
    return cache(partial(_find_reader, brief))


def ask_for_time(
    drafts: Sequence[Draft], brief: Brief, readers: Readers, seconds: float
) -> tuple[Draft, ...]:
    """Return the drafts, each asking for as many seconds as its words take, or more.

    Where there is time for all of their words, they can't be with less.
    """
    if not brief.voice:
        return tuple(drafts)
    needs = [need_seconds(draft.narration, readers(draft.narration)) for draft in drafts]
    asking = [replace(d, seconds=max(d.seconds, n)) for d, n in zip(drafts, needs, strict=True)]
    firm = [
        replace(draft, least=max(draft.least, need + _SLACK if need else 0.0))
        for draft, need in zip(asking, needs, strict=True)
    ]
    return tuple(firm if find_missing(firm, seconds) <= 0 else asking)


def shorten_narration(
    beats: Sequence[Beat], brief: Brief, readers: Readers, keep: Collection[int]
) -> tuple[Beat, ...]:
    """Return the beats, with as much of their words as their time holds.

    The words of those to `keep` are what is heard in a recording: they stay as they are.
    """
    if not brief.voice:
        return tuple(beats)
    return tuple(beat if beat.index in keep else _shorten(beat, readers) for beat in beats)


def _shorten(beat: Beat, readers: Readers) -> Beat:
    said = fit_words(beat.narration, beat.duration, readers(beat.narration))
    return beat if said == beat.narration else beat.model_copy(update={"narration": said})


def refuse_narration(text: str, seconds: float, brief: Brief, field: str = "narration") -> None:
    """Refuse words by hand that their beat can't hold, with the seconds that they lack."""
    missing = missing_seconds(text, seconds, _find_reader(brief, text)) if brief.voice else 0.0
    if missing:
        raise BadInput(
            f"these words take {missing:g} s more than the {seconds:g} s of their beat: shorten "
            "them, or make the beat longer",
            field,
        )


def _find_reader(brief: Brief, text: str) -> Reader:
    pace = change_voice(style_of(brief.style).voice, brief.tones).words_a_minute
    return Reader(language_of(text), pace, brief.say)
