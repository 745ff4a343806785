"""Captions: words gathered into phrases, and the caption files beside the video. Pure.

Times are seconds on the clock of the words given: a segment's for burning in, the whole video's
for .srt and .vtt.
"""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import zip_longest

from services.stitcher.voicefit import Word
from shared.story.texts import make_one_line

_PAUSE = 0.6  # a silence this long ends a phrase
_LINGER = 0.35  # a phrase stays this long after its last word, if nothing follows
_MIN_PHRASE_WORDS = 2  # so that a comma after one word does not make it flash
_ENDS = tuple(".!?…。！？।")
_BREAKS = (*_ENDS, ",", ";", ":", "—", "、", "，")
_SMALL = 3  # letters: articles and prepositions have so many in most languages
_SUBTITLE_CHARS = 64


@dataclass(frozen=True)
class Phrase:
    """A few words shown together."""

    words: tuple[Word, ...]
    start: float
    end: float

    @property
    def text(self) -> str:
        """Return its words as one line."""
        return " ".join(word.text for word in self.words)

    def active(self, seconds: float) -> int:
        """Return the index of the word heard now, or heard last; -1 before the first."""
        return sum(word.start <= seconds for word in self.words) - 1


# ── phrases ─────────────────────────────────────────────────────────────────────────────────────


def gather_phrases(
    words: Sequence[Word], max_chars: int, max_words: int = 99
) -> tuple[Phrase, ...]:
    """Return the words in phrases by length, punctuation and pauses, each up to the next one."""
    thoughts = _split(list(_split_long_words(words, max_chars)), _ends_thought)
    groups = [group for thought in thoughts for group in _balance(thought, max_chars, max_words)]
    return tuple(
        Phrase(tuple(group), group[0].start, _find_end(group, following))
        for group, following in zip_longest(groups, groups[1:])
    )


def _find_end(group: Sequence[Word], following: Sequence[Word] | None) -> float:
    """Return when a phrase goes: as the next one comes, or a little after its last word."""
    end = group[-1].end + _LINGER
    if following is None:
        return end
    following_start = following[0].start
    # no gap between two phrases of one breath: an empty picture would flicker
    return following_start if following_start - group[-1].end < _PAUSE else end


def _balance(words: Sequence[Word], max_chars: int, max_words: int) -> list[list[Word]]:
    """Return a thought in as few parts as fit, of like length: no last word stands alone."""

    def fill(chars: int) -> list[list[Word]]:
        return list(_split(words, lambda part, word: _is_full(part, [word], chars, max_words)))

    fewest = fill(max_chars)
    # the narrowest parts that still make no more of them are the most even
    narrower = (fill(chars) for chars in range(1, max_chars))
    even = next((parts for parts in narrower if len(parts) == len(fewest)), fewest)
    for part, following in zip(reversed(even[:-1]), reversed(even[1:]), strict=True):
        while _leads_on(part) and not _is_full(part[-1:], following, max_chars, max_words):
            following.insert(0, part.pop())
    return even


def _leads_on(part: Sequence[Word]) -> bool:
    """Tell whether the last word most likely begins what comes next: "flowers in", "tienda de"."""
    last = part[-1].text
    return len(part) > _MIN_PHRASE_WORDS and len(last) <= _SMALL and last.isalpha()


def _split(
    words: Sequence[Word], ends: Callable[[Sequence[Word], Word], bool]
) -> Iterator[list[Word]]:
    """Return the words in parts; one is closed where it ends before the next word."""
    part: list[Word] = []
    for word in words:
        if part and ends(part, word):
            yield part
            part = []
        part.append(word)
    if part:
        yield part


def _ends_thought(part: Sequence[Word], word: Word) -> bool:
    """Tell whether a thought ends before this word: at punctuation, or at a pause."""
    breaks = _BREAKS if len(part) > _MIN_PHRASE_WORDS else _ENDS
    return part[-1].text.endswith(breaks) or word.start - part[-1].end >= _PAUSE


def _is_full(part: Sequence[Word], more: Sequence[Word], max_chars: int, max_words: int) -> bool:
    """Tell whether more words don't fit behind those of a part."""
    both = [*part, *more]
    return len(both) > max_words or sum(len(w.text) + 1 for w in both) - 1 > max_chars


def _split_long_words(words: Sequence[Word], max_chars: int) -> Iterator[Word]:
    """Return the words, any too long for a phrase in timed parts: some scripts have no spaces."""
    for word in words:
        whole = make_one_line(word.text)  # a line break would end a subtitle in the middle
        count = -(-len(whole) // max_chars)
        step = (word.end - word.start) / max(count, 1)
        for index in range(count):
            text = whole[index * max_chars : (index + 1) * max_chars].strip()
            start = word.start + index * step
            if text:
                yield Word(text, start, start + step)


# ── letters ─────────────────────────────────────────────────────────────────────────────────────

JOINERS = "\ufe0e\ufe0f\u200d\u20e3"
"""Characters that join and colour emoji, and mean nothing without them."""


def is_right_to_left(text: str) -> bool:
    """Tell whether the first letter that has a direction runs right to left."""
    kinds = (unicodedata.bidirectional(letter) for letter in text)
    return next((kind in {"R", "AL"} for kind in kinds if kind in {"L", "R", "AL"}), False)


def drop_symbols(text: str) -> str:
    """Return the text without emoji and the like, which no caption font draws."""
    kept = (c for c in text if unicodedata.category(c) not in {"So", "Sk", "Cn", "Co"})
    return "".join(c for c in kept if c not in JOINERS).strip()


# ── files ───────────────────────────────────────────────────────────────────────────────────────


def format_srt(words: Sequence[Word], length: float) -> str:
    """Return the SubRip text of the whole video."""
    return "".join(
        f"{number}\n{_format_span(phrase, length, ',')}\n{phrase.text}\n\n"
        for number, phrase in enumerate(gather_subtitles(words, length), 1)
    )


def format_vtt(words: Sequence[Word], length: float) -> str:
    """Return the WebVTT text of the whole video."""
    # in WebVTT a text may hold tags, so what looks like one is spelt out
    return "WEBVTT\n\n" + "".join(
        f"{_format_span(phrase, length, '.')}\n{escape(phrase.text, quote=False)}\n\n"
        for phrase in gather_subtitles(words, length)
    )


def gather_subtitles(words: Sequence[Word], length: float) -> tuple[Phrase, ...]:
    """Return the phrases of the files and the soft track."""
    return tuple(p for p in gather_phrases(words, _SUBTITLE_CHARS) if p.start < length)


def _format_span(phrase: Phrase, length: float, point: str) -> str:
    # a phrase stays a little after its last word, but never beyond the end of the video
    start, end = _format_clock(phrase.start), _format_clock(min(phrase.end, length))
    return f"{start} --> {end}".replace(".", point)


def _format_clock(seconds: float) -> str:
    millis = max(0, round(seconds * 1000))
    minutes, millis = divmod(millis, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{millis // 1000:02}.{millis % 1000:03}"
