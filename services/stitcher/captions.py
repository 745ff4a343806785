"""What captions say and when: words gathered into phrases, and the files beside the video. Pure.

Times are seconds on the clock of the words given: a segment's for burning in, the whole video's
for .srt and .vtt.
"""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from services.stitcher.voicefit import Word
from shared.story.texts import one_line

_PAUSE = 0.6  # a silence this long ends a phrase
_LINGER = 0.35  # a phrase stays this long after its last word, if nothing follows
_MIN_PHRASE_WORDS = 2  # so that a comma after one word does not make it flash
_ENDS = tuple(".!?…。！？।")
_BREAKS = (*_ENDS, ",", ";", ":", "—", "、", "，")


@dataclass(frozen=True)
class Phrase:
    """A few words shown together."""

    words: tuple[Word, ...]
    start: float
    end: float

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    def active(self, seconds: float) -> int:
        """The index of the word heard now, or heard last; -1 before the first."""
        return sum(word.start <= seconds for word in self.words) - 1


def phrases(words: Sequence[Word], max_chars: int, max_words: int = 99) -> tuple[Phrase, ...]:
    """Words gathered by length, punctuation and pauses; each stays until the next one comes."""
    groups = list(_groups(list(_pieces(words, max_chars)), max_chars, max_words))
    return tuple(
        Phrase(tuple(group), group[0].start, _end(group, following))
        for group, following in zip_longest(groups, groups[1:])
    )


def _end(group: Sequence[Word], following: Sequence[Word] | None) -> float:
    end = group[-1].end + _LINGER
    if following is None:
        return end
    following_start = following[0].start
    return following_start if following_start - group[-1].end < _PAUSE else end


def _groups(words: Sequence[Word], max_chars: int, max_words: int) -> Iterator[list[Word]]:
    """Thoughts, and those that are too long in parts of like length: no last word stands alone."""
    for thought in _cut(words, _ends_thought):
        yield from _balanced(thought, max_chars, max_words)


def _balanced(words: Sequence[Word], max_chars: int, max_words: int) -> list[list[Word]]:
    """As few parts as fit, in the narrowest lines that still make no more of them."""

    def filled(chars: int) -> list[list[Word]]:
        return list(_cut(words, lambda part, word: _is_full(part, word, chars, max_words)))

    fewest = filled(max_chars)
    narrower = (filled(chars) for chars in range(1, max_chars))
    return next((parts for parts in narrower if len(parts) == len(fewest)), fewest)


def _cut(
    words: Sequence[Word], ends: Callable[[Sequence[Word], Word], bool]
) -> Iterator[list[Word]]:
    """Parts in order; one is closed where it ends before the next word."""
    part: list[Word] = []
    for word in words:
        if part and ends(part, word):
            yield part
            part = []
        part.append(word)
    if part:
        yield part


def _ends_thought(part: Sequence[Word], word: Word) -> bool:
    breaks = _BREAKS if len(part) > _MIN_PHRASE_WORDS else _ENDS
    return part[-1].text.endswith(breaks) or word.start - part[-1].end >= _PAUSE


def _is_full(part: Sequence[Word], word: Word, max_chars: int, max_words: int) -> bool:
    length = sum(len(w.text) + 1 for w in part) + len(word.text)
    return len(part) >= max_words or length > max_chars


def _pieces(words: Sequence[Word], max_chars: int) -> Iterator[Word]:
    """Words, with any too long for a phrase (scripts without spaces) split, each part timed."""
    for word in words:
        whole = one_line(word.text)  # a line break would end a subtitle in the middle
        count = -(-len(whole) // max_chars)
        step = (word.end - word.start) / max(count, 1)
        for index in range(count):
            text = whole[index * max_chars : (index + 1) * max_chars]
            start = word.start + index * step
            if text.strip():
                yield Word(text.strip(), start, start + step)


def right_to_left(text: str) -> bool:
    """Whether the first letter with a direction runs right to left."""
    kinds = (unicodedata.bidirectional(letter) for letter in text)
    return next((kind in {"R", "AL"} for kind in kinds if kind in {"L", "R", "AL"}), False)


JOINERS = "\ufe0e\ufe0f\u200d\u20e3"
"""What joins and colours emoji, and is nothing without them."""


def without_symbols(text: str) -> str:
    """The text without emoji and the like, which no caption font draws."""
    kept = (c for c in text if unicodedata.category(c) not in {"So", "Sk", "Cn", "Co"})
    return "".join(c for c in kept if c not in JOINERS).strip()


_SUBTITLE_CHARS = 64


def srt(words: Sequence[Word], length: float) -> str:
    """SubRip text of the whole video."""
    return "".join(
        f"{number}\n{_clock(p.start, ',')} --> {_clock(min(p.end, length), ',')}\n{p.text}\n\n"
        for number, p in enumerate(subtitles(words, length), 1)
    )


def vtt(words: Sequence[Word], length: float) -> str:
    """WebVTT text of the whole video."""
    return "WEBVTT\n\n" + "".join(
        f"{_clock(p.start, '.')} --> {_clock(min(p.end, length), '.')}\n{_escaped(p.text)}\n\n"
        for p in subtitles(words, length)
    )


def subtitles(words: Sequence[Word], length: float) -> tuple[Phrase, ...]:
    """The phrases of the files and the soft track."""
    return tuple(p for p in phrases(words, _SUBTITLE_CHARS) if p.start < length)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(seconds: float, point: str) -> str:
    millis = max(0, round(seconds * 1000))
    minutes, millis = divmod(millis, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{millis // 1000:02}{point}{millis % 1000:03}"
