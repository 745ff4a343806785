"""Makes words fit their time: sentences are left out from the end, then clauses; never half of one.

Pure. What a user has written by hand is not shortened: it is refused with the seconds that are
missing.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from shared.story.speech.seconds import NORMAL, STRETCH, choose_voice, speaking_seconds

QUIET = 0.3
"""Seconds of a beat in which nobody speaks, so that two beats don't run into each other."""

_LEAST_QUIET = 0.1
_NEARLY = 1e-3  # times are whole milliseconds
_FEWEST = 2  # words that still say something
_FEWEST_LETTERS = 4  # of a script without spaces
_SENTENCE = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？]+(?=.)")
_CLAUSE = re.compile(
    r"\s?[,;:](?=\s)|[、，；：]|\s[—–-](?=\s)|—|"
    # before a word that joins what follows to what was said
    r"(?=\s(?:and|but|or|because|while|when|where|which|who|so that|y|pero|et|mais|und|aber|e|ma"
    r"|mas|porque|parce que|weil|perché|quando|cuando|quand|als|wenn)\s)"
)
_LOOSE = " ,;:—–-、，；："


@dataclass(frozen=True)
class Reader:
    """Who will say a text: the language, the pace of the style, the names that are known."""

    language: str
    words_a_minute: float = NORMAL
    names: Mapping[str, str] = field(default_factory=dict)
    _timed: dict[str, float] = field(default_factory=dict, compare=False, repr=False)

    def time(self, text: str) -> float:
        """Return how many seconds the words take."""
        if text not in self._timed:  # a plan asks again once its beats have their time
            self._timed[text] = speaking_seconds(
                text,
                self.language,
                choose_voice(self.language),
                words_a_minute=self.words_a_minute,
                names=self.names,
            )
        return self._timed[text]


def need_seconds(text: str, reader: Reader) -> float:
    """Return how long a beat should be for its words."""
    spoken = reader.time(text)
    return round(spoken + QUIET, 3) if spoken else 0.0


def missing_seconds(text: str, seconds: float, reader: Reader) -> float:
    """Return how many seconds these words lack, spoken as fast as may be; 0 where they fit."""
    least = reader.time(text) / STRETCH + _LEAST_QUIET
    return max(0.0, round(least - seconds + 0.05, 1)) if least > seconds else 0.0


def fit_words(text: str, seconds: float, reader: Reader) -> str:
    """Return as much of a text as fits into a beat; empty where no clause of it does."""
    room = seconds - QUIET + _NEARLY
    return next((part for part in _shorten(text.strip()) if reader.time(part) <= room), "")


def _shorten(text: str) -> Iterator[str]:
    """Yield the text and what is left of it, shorter each time."""
    yield text
    for end in _list_ends(_SENTENCE, text, lambda found: found.end()):
        yield text[:end].strip()
    first = _SENTENCE.search(text)
    sentence = text[: first.end()] if first else text
    for end in _list_ends(_CLAUSE, sentence, lambda found: found.start()):
        clause = sentence[:end].strip(_LOOSE)
        if len(clause.split()) >= _FEWEST or _is_unspaced(clause):
            yield clause + ("。" if _is_unspaced(clause) else ".")


def _list_ends(
    pattern: re.Pattern[str], text: str, place: Callable[[re.Match[str]], int]
) -> list[int]:
    return sorted({place(found) for found in pattern.finditer(text)}, reverse=True)


def _is_unspaced(clause: str) -> bool:
    return len(clause) >= _FEWEST_LETTERS and bool(
        re.search(r"[\u3040-\u30ff\u3400-\u9fff]", clause)
    )
