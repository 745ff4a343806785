"""From any text to its sentences, and from a sentence to parts that can be said in a beat. Pure."""

import html
import math
import re
from collections.abc import Sequence
from itertools import pairwise

from shared.engines.local.grammar import Grammar
from shared.engines.local.language import UNSPACED, language_of
from shared.engines.local.pace import speaking_seconds

LONGEST_LINE = 8.2  # seconds; a sentence that takes longer to say is split
FEWEST_WORDS = 4  # of a part of a sentence: fewer say nothing by themselves
ENDS = " .,;:!?…。、！？¿¡؟"

_PAUSES = (",", ";", ":", "—", "–", "、", "，", "；", "،", " ")
_WORDS_A_LINE = 18
_FULL_WORD = 4  # letters
_COMMAS_OF_LIST = 3
_SHOUT, _LOUD = 25, 0.85  # letters of a text in capitals, and their share of it
_LETTERS_A_LINE = 54
_SHORT_LINE = 40
_GOES_ON = re.compile(r"[ \t]*[a-zà-ÿ]")
_SENTENCE_END = re.compile(r"(?<=[.!?…؟۔।])\s+|(?<=[.!?…؟۔।][\"'”’»)])\s+|(?<=[。！？])")
_INITIAL = re.compile(r"(?:^|[\s(])[A-ZÀ-Þ]\.$")
_ORDINAL = re.compile(r"(?:^|[\s(])\d{1,2}\.$")
_WHOLE_END = re.compile(
    r"(?:(?=\w*[aeiouyà-ÿ])\w{3,}|[^\s.]*\d[^\s.]{2,}|[$€£]\d+)\.$|^[^\"“«„'‘]*[!?]$"
)
"""No short form, a number with its unit, a mark outside of quotation: a sentence ends with it."""
_UNSPACED_END = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]$")
_STEP = re.compile(r"(?:^|(?<=[\s:]))\(?(\d{1,2})[.)][ \t]+(?=[^\W\d_])", re.M)
_ITEM = re.compile(r"^\s*(?:- ?\[[ xX]\]|[-*+•]|\d{1,3}[.)]|[✅✔☑➡👉]\ufe0f?)\s+(\W{0,3}\w)", re.M)
_SIGNS = re.compile(r"(?:[ \t]*[\u231a-\u23ff\u2600-\u27bf\u2b50\u2b55\U0001f000-\U0001faff]"
                    r"[\ufe0f\u200d]*)+[ \t]*(?P<after>[.,;:!?]|$)?", re.M)  # fmt: skip
_TAGS = re.compile(r"(?:(?<=\s)#[^\W\d]\w*[ \t]*)+$|(?<![\w&#])#(?=[^\W\d_])", re.M)

# Marks of Markdown and HTML that are no part of what is said, each with what stays.
_MARKUP = (
    (re.compile(r"^\s*(?:```|~~~).*?(?:^\s*(?:```|~~~)\s*$|\Z)", re.M | re.S), "\n"),
    (re.compile(r"<!--.*?-->|</?[a-zA-Z][^<>]{0,200}>", re.S), " "),
    (re.compile(r"!\[([^\[\]\n]{0,300})\]\([^()\n]{0,2000}\)"), r"\1"),
    (re.compile(r"\[([^\[\]\n]{1,300})\]\([^()\n]{0,2000}\)"), r"\1"),
    (
        re.compile(r"^\s*(?:[-*_]\s*){3,}$|^\s*\|?(?:\s*:?-{2,}:?\s*\|)+\s*(?::?-+:?)?\s*$", re.M),
        "",
    ),
    (re.compile(r"^\s*(?:#{1,6}|>+)\s+", re.M), ""),
    (re.compile(r"^\s*\|(.*)\|\s*$", re.M), r"\1"),
    (re.compile(r"(?<=\S)[ \t]*\|[ \t]*(?=\S)"), ", "),
    (re.compile(r"(\*{1,3}|_{2,3}|~~|`+)(?=[^\s*_~`])(.{1,300}?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<![\w])_(?=\S)([^_\n]{1,300})(?<=\S)_(?![\w])"), r"\1"),
)


def drop_markup(text: str) -> str:
    """Return the text without what is not said: marks of Markdown and HTML, small pictures."""
    # an item of a list is a sentence of its own, also in small letters
    text = _ITEM.sub(lambda item: item[1].upper(), _split_steps(_TAGS.sub("", text)))
    if not text.isascii():
        text = _SIGNS.sub(lambda sign: " " if sign["after"] is None else sign["after"], text)
    if not re.search(r"[#*_`<\[|>~+•-]", text):
        return text.strip()
    for pattern, stays in _MARKUP:
        text = pattern.sub(stays, text)
    return html.unescape(text)


def calm_capitals(text: str) -> str:
    """Return a text that shouts throughout in small letters, with a capital for each sentence."""
    letters = [c for c in text if c.isalpha()]
    loud = sum(c.isupper() for c in letters)
    if len(letters) < _SHOUT or loud < _LOUD * len(letters):
        return text
    return re.sub(r"(?:^|[.!?…]\s+|\n\s*)\w", lambda begin: begin[0].upper(), text.lower())


def _split_steps(text: str) -> str:
    """Return a text with a line for each of the steps that it numbers: "1) fry, 2) stir"."""
    marks = [*_STEP.finditer(text)]
    if len(marks) < 2 or [int(mark[1]) for mark in marks] != [*range(1, len(marks) + 1)]:
        return text
    last = text.find("\n", marks[-1].end())
    ends = [*(mark.start() for mark in marks[1:]), last if last >= 0 else len(text)]
    steps = (text[mark.end() : end] for mark, end in zip(marks, ends, strict=True))
    head = text[: marks[0].start()].rstrip(" ,;:\n")
    return "\n".join(map(finish, (head, *steps))) + text[ends[-1] :]


def split_sentences(text: str, grammar: Grammar | None) -> tuple[str, ...]:
    """Return the sentences of a text, in order."""
    found: list[str] = []
    for line in _join_wrapped(text.split("\n")):
        begun = len(found)
        for part in (part.strip() for part in _SENTENCE_END.split(line) if part):
            rest = len(found) > begun and _is_rest(part, found[-1])
            if found and (rest or _goes_on(found[-1], grammar)):
                found[-1] = f"{found[-1]} {part}"
            elif any(c.isalnum() for c in part):
                found.append(part)
    return tuple(found)


def _join_wrapped(lines: Sequence[str]) -> list[str]:
    """Return lines that were only wrapped as one: a long one that goes on in small letters.

    Short ones are a list, or a poem.
    """
    whole = [lines[0]]
    for before, line in pairwise(lines):
        end = before.rstrip()
        if len(end) > _SHORT_LINE and end[-1] not in ".!?…:" and _GOES_ON.match(line):
            whole[-1] = f"{whole[-1].rstrip()} {line}"
        else:
            whole.append(line)
    return whole


def _is_rest(part: str, before: str) -> bool:
    """Tell whether a part in small letters belongs to what is before it: "'Who?' she said".

    Some write all of their sentences so.
    """
    own = before[0].islower() or _WHOLE_END.search(before)
    return part[0].islower() and part.split()[0].islower() and not own


def _goes_on(before: str, grammar: Grammar | None) -> bool:
    """Tell whether the dot at the end of a text only shortens a word: "Dr.", "J."."""
    if not before.endswith(".") or "\n" in before:
        return False
    last = before.split()[-1][:-1]
    shortened = grammar is not None and grammar.has("abbreviations", last.lower())
    ordinal = grammar is not None and grammar.code == "de" and _ORDINAL.search(before)
    return bool(shortened or ordinal or _INITIAL.search(before))


def split_clauses(sentence: str, grammar: Grammar) -> list[str]:
    """Return a sentence in clauses that can be heard one after another."""
    words = sentence.split()
    starts = [0]
    breaks = re.compile(rf"(?:{grammar.any_of('breaks')})\b", re.IGNORECASE)
    # "no screens, a cool room, no coffee after noon": a list has its own pauses
    is_list = sum(word.endswith(",") for word in words) >= _COMMAS_OF_LIST
    for at in range(FEWEST_WORDS, len(words) - FEWEST_WORDS + 2):
        pause = words[at - 1].endswith((",", ";", ":", "—", "–")) or words[at] in "—–-"
        pause = pause and not _is_within(words, at)
        rest = " ".join(words[at : at + 3])
        # a comma alone may be one of a list: "apples, pears and plums"
        if (pause and at - starts[-1] >= FEWEST_WORDS) or (
            breaks.match(rest) and at - starts[-1] > FEWEST_WORDS and not is_list
        ):
            starts.append(at)
    ends = [*starts[1:], len(words)]
    return [" ".join(words[a:b]) for a, b in zip(starts, ends, strict=True)]


def split_long(sentence: str, grammar: Grammar | None) -> list[str]:
    """Return the sentence in parts that can each be said within a beat."""
    if speaking_seconds(sentence) <= LONGEST_LINE:
        return [sentence]
    if language_of(sentence) in UNSPACED:
        # No spaces, no words to count: three letters take as long as an English word.
        letters = _split_evenly(list(sentence), _LETTERS_A_LINE, FEWEST_WORDS * 3, grammar)
        return [part for run in letters if (part := "".join(run).strip())]
    words = sentence.split()
    longest = max(FEWEST_WORDS * 2, int(len(words) * LONGEST_LINE / speaking_seconds(sentence)))
    runs = _split_evenly(words, min(longest, _WORDS_A_LINE), FEWEST_WORDS, grammar)
    return [" ".join(run) for run in runs]


def _split_evenly(
    words: Sequence[str], longest: int, shortest: int, grammar: Grammar | None
) -> list[Sequence[str]]:
    """Return the words in parts of about the same length, split where a speaker might pause."""
    if len(words) <= longest:
        return [words] if words else []
    even = len(words) / math.ceil(len(words) / longest)
    # The cheapest of all ways, found word by word: for the words up to each place, the cost of the
    # best way to split them, and where its last part starts.
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(words) + 1):
        starts = range(max(0, end - longest), max(0, end - shortest + 1))
        ways = ((best[at][0] + ((end - at) / even - 1) ** 2, at) for at in starts)
        cost, at = min(ways, default=(math.inf, 0))
        best.append((cost + _cost_of_split(words, end, grammar), at))
    runs, end = [], len(words)
    while end:
        start = best[end][1]
        runs.append(words[start:end])
        end = start
    return runs[::-1]


def _cost_of_split(words: Sequence[str], at: int, grammar: Grammar | None) -> float:
    """Return what it costs to split before this word: nothing at the end, little at a pause."""
    if at == len(words):
        return 0.0
    if _is_within(words, at):
        return 0.9
    if words[at - 1].endswith(_PAUSES):
        return 0.1
    if grammar is None:  # in most languages short words go with what follows them
        return 0.8 if len(words[at - 1]) < _FULL_WORD else 0.6
    joining = grammar.words("joining")
    if words[at - 1].lower() in joining | grammar.words("dangling"):
        return 0.8
    return 0.25 if words[at].lower() in joining else 0.6


def _is_within(words: Sequence[str], at: int) -> bool:
    """Tell whether a place is within brackets."""
    near = " ".join(words[max(0, at - _WORDS_A_LINE) : at])
    return near.rfind("(") > near.rfind(")")


def finish(text: str) -> str:
    """Return the text as a sentence: with a capital at its start and a mark at its end."""
    text = text.strip().strip(",;:–— ")
    if not text:
        return ""
    if _UNSPACED_END.search(text):
        return f"{text}。"
    if re.match(r"[a-z][A-Z]", text):  # iPhone
        return text if text.endswith((".", "!", "?", "…")) else f"{text}."
    opens = 1 if text[0] in "¿¡\"“«'(" and len(text) > 1 else 0
    text = text[:opens] + text[opens].upper() + text[opens + 1 :]
    return (
        text if text.endswith((".", "!", "?", "…", "。", "！", "？", '"', "”", "»")) else f"{text}."
    )
