"""Writes a title: a few words of what a video is about. Pure."""

import re
from collections.abc import Sequence

from shared.engines.local.grammar import Grammar, grammar_of
from shared.engines.local.language import ENGLISH
from shared.engines.local.reading import Reading
from shared.engines.local.sentences import ENDS

_SHORT = 3  # words of an item of a list
_WHOLE = 7  # up to this many words, a clause may be a title as it is
_ENOUGH = (6, 5, 4, 3, 7, 8, 9)  # lengths to try for a longer one, the best first
# Letters of a title: in a language whose phrases we do not know, and in any.
_LETTERS, _AT_MOST = 40, 60
_JOINS = re.compile(r"\s+(?:and|&|y|e|et|und)\s")
_SMALL_ENDS = re.compile(r"(?:\s+[\w’']{1,3})+$", re.IGNORECASE)
_QUOTES = re.compile('["“”«»„]')
_CLAUSE_END = re.compile(
    r"[,;:—–(、，；：（]\s|\s-\s|[、，；：（]|\sand\s(?=(?:how|why|what|who|when|where)\s)"
)


def title_of(reading: Reading) -> str:
    """Return a few words for a title card: a whole phrase, never half of one."""
    names = [name for name in (*reading.characters, reading.name) if name]
    clause = _cut_clause(reading.topic.strip(), names).strip(ENDS + '"“”«»„')
    if len(_QUOTES.findall(clause)) % 2:  # one of a pair was at its end
        clause = _QUOTES.sub("", clause)
    clause = next((name for name in reading.characters if clause[1:].strip() == name), clause)
    if reading.language != ENGLISH:
        title = _cut_words(clause, reading.characters)
    else:
        clause = _end_with_name(clause, reading.characters)
        words = re.sub(r"^(?:an?|the|our)\s+", "", clause, flags=re.IGNORECASE).split()
        # Half of a question asks nothing: it is kept whole, if there is room.
        whole = reading.kind == "question" and len(clause) <= _AT_MOST
        title = " ".join(map(_capitalise, words if whole else _cut_phrase(words)))
        title = title[:_AT_MOST].strip()
    return title[:1].upper() + title[1:]


def _cut_clause(topic: str, names: Sequence[str]) -> str:
    """Return the first clause; of a list, "a knight, a baker and a goose", all of it."""
    clause, *others = _CLAUSE_END.split(topic)
    if others and len(clause.split()) == 1 and topic[len(clause)] == ":" and clause not in names:
        return _cut_clause(topic[len(clause) + 1 :].strip(), names)  # "Reminder: the play is on"
    article = r"(?:an?|the|un[ae]?|une|eine?|uma?)\s"
    is_list = others and re.match(article, clause, re.I) and re.match(article, others[0], re.I)
    is_named = any(name in clause for name in names)  # "Mia, a girl" is no list
    whole = re.match(rf".*?\s(?:and|y|e|et|und)\s+{article}\w+", topic, re.I)
    is_short = not is_named and len(clause.split()) <= _SHORT
    return whole[0] if whole and is_list and is_short else clause


def _end_with_name(clause: str, names: Sequence[str]) -> str:
    """Return a long clause up to the first of these names after which it is a phrase."""
    ends = sorted(clause.find(name) + len(name) for name in names if name in clause)
    wholes = (end for end in ends if clause[:end].count(" ") and not _JOINS.match(clause[end:]))
    end = next(wholes, 0)
    if end > _AT_MOST or not end:
        end = max((each for each in ends if each <= _AT_MOST), default=0)
    is_short = len(clause.split()) <= _WHOLE or not 0 < end <= _AT_MOST
    return clause if is_short else clause[:end]


def _cut_words(clause: str, names: Sequence[str]) -> str:
    """Return as many whole words as there is room for, without small ones at the end."""
    clause = clause if len(clause) <= _AT_MOST else _end_with_name(clause, names)
    if len(clause) <= (_AT_MOST if " " in clause else _LETTERS):
        return clause
    cut = clause[: _LETTERS + 1].rpartition(" ")[0] or clause[:_LETTERS]
    return _SMALL_ENDS.sub("", cut)


def _cut_phrase(words: Sequence[str]) -> Sequence[str]:
    """Return the first words, up to the end of a phrase."""
    if len(words) <= _WHOLE:
        return words
    lower = [word.lower() for word in words]
    ends = (end for end in _ENOUGH if _ends_phrase(lower, end) and not _is_pair(words, end))
    end = next(ends, _ENOUGH[0])
    # No length ended a phrase: at least the last word must not need another one.
    while end > 1 and (lower[end - 1] in _waiting() or lower[end - 1].isdigit()):
        end -= 1
    return words[:end]


def _ends_phrase(words: Sequence[str], end: int) -> bool:
    """Return whether the first words, up to this number, are a phrase of their own."""
    may_cut = end == len(words) or (end < len(words) and words[end] in _english().words("joining"))
    return may_cut and words[end - 1] not in _waiting()


def _is_pair(words: Sequence[str], at: int) -> bool:
    """Tell whether a place is between two names: "Lena and Paul"."""
    beside = (*words[at - 1 : at], *words[at + 1 : at + 2])
    joins = _JOINS.fullmatch(f" {words[at]} ") if at < len(words) else None
    return joins is not None and all(word[:1].isupper() for word in beside)


def _waiting() -> frozenset[str]:
    return _english().words("joining") | _english().words("dangling")


def _english() -> Grammar:
    found = grammar_of(ENGLISH)
    assert found is not None, "English is there"
    return found


def _capitalise(word: str) -> str:
    small = word.lower() in _english().words("title_small")
    return word if small else word[:1].upper() + word[1:]
