"""Makes texts from outside harmless: to keep, to draw, and to show on a terminal. Pure.

Unicode has signs that are not seen and still do something: they end a line, turn the direction of
what follows, or lay themselves over the letter before. In a text they come from pasting or from
malice. A library for drawing fails on some of them, and a terminal obeys others.
"""

import re
import unicodedata

VISIBLE = (
    r"[^\s\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
"""A character that can be seen, as a pattern that JSON Schema takes too. (It leaves out halves of
characters: not every reader of schemas knows them, and no valid text holds one.)
"""

_LINE_ENDS = re.compile("\r\n|[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")
_SPACES = re.compile("[ \t\n]+")
_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_NOISE = frozenset("\u206a\u206b\u206c\u206d\u206e\u206f\ufeff\ufff9\ufffa\ufffb")
"""Signs that Unicode itself advises against: byte order marks, notes between the lines."""

_POP, _END = "\u202c", "\u2069"
_CLOSED_BY = {
    **dict.fromkeys("\u202a\u202b\u202d\u202e", _POP),
    **dict.fromkeys("\u2066\u2067\u2068", _END),
}
"""A sign that turns the direction of a text → the sign that ends this."""
_TURNS = frozenset(_CLOSED_BY) | {_POP, _END}
_OVERRIDES = frozenset("\u202d\u202e")
"""Signs that show letters in another order than they are written in: no language needs them."""

_JOINERS = frozenset("\u200c\u200d")
_MOST_MARKS = 8
"""So many marks may stand on one letter: no script uses more, and a picture of hundreds has no
limit to its height."""

_UNWRITTEN = frozenset(("Cc", "Cs", "Cn", "Co"))
"""Categories of what nobody writes: controls, halves of characters, unassigned and private ones."""
_MOST_ODD = 0.3  # of a text, before it is none


def clean_text(text: str) -> str:
    """Return a text of one or more lines, without all that can be neither seen nor said.

    It is never longer than before, and cleaning it again changes nothing.
    """
    lines = _LINE_ENDS.sub("\n", text).split("\n")
    # a turn of direction ends with its line, so each line is looked at alone
    return "\n".join(_pair_turns(_drop_controls(line)) for line in lines).strip()


def looks_like_file(text: str) -> bool:
    """Tell whether a text is the bytes of a file that something took for text."""
    if text.lstrip().startswith(("%PDF-", "PK\x03\x04")):
        return True
    if _is_plain(text):
        return False
    odd = sum(c == "\ufffd" or unicodedata.category(c) in _UNWRITTEN for c in text)
    return odd - sum(map(text.count, "\n\r\t")) > _MOST_ODD * len(text)


def make_one_line(text: str) -> str:
    """Return a clean text on one line; empty where no character of it can be seen."""
    line = _SPACES.sub(" ", _drop_loose_marks(clean_text(text))).strip()
    return line if re.search(VISIBLE, line) else ""


def cut_line(line: str, longest: int) -> str:
    """Return as much of a line as has so many letters, cut between words where there are some."""
    if len(line) <= longest:
        return line
    words, space, _ = line[: longest + 1].rpartition(" ")
    return words if space and len(words) > longest // 2 else line[:longest]


def escape_controls(text: str) -> str:
    r"""Return the text with all that a terminal would obey spelt out, as in \u001b."""
    # spelt as in JSON, so that a document in JSON still means the same
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def escape_line(text: str) -> str:
    """Return the text as one line that a terminal shows and never obeys."""
    # a tab too would break a table; other spaces stay, since some lines are indented
    return escape_controls(_LINE_ENDS.sub(" ", text).replace("\t", " "))


def _is_plain(text: str) -> bool:
    """Tell whether a text is of letters, figures and signs of ASCII alone, as many are."""
    return text.isascii() and text.isprintable()


def _drop_controls(line: str) -> str:
    """Return the line without control characters, lone surrogates and noise; tabs stay."""
    if _is_plain(line):
        return line
    controls = {"Cc", "Cs"}
    return "".join(
        c
        for c in line
        if c == "\t" or (unicodedata.category(c) not in controls and c not in _NOISE)
    )


def _pair_turns(line: str) -> str:
    """Return the line without overrides, and without turns of direction that stand alone."""
    if line.isascii():
        return line
    kept: set[int] = set()
    begun: list[int] = []
    for place, sign in enumerate(line):
        if sign in _CLOSED_BY:
            begun.append(place)
        if sign == _END:  # it also ends every turn that was begun after its own
            while begun and _CLOSED_BY[line[begun[-1]]] != _END:
                begun.pop()
        if begun and sign == _CLOSED_BY[line[begun[-1]]]:
            start = begun.pop()
            # an override goes with its end: the end alone would close a turn around it
            kept |= set() if line[start] in _OVERRIDES else {start, place}
    return "".join(c for place, c in enumerate(line) if c not in _TURNS or place in kept)


def _drop_loose_marks(line: str) -> str:
    """Return the line without marks that stand on no letter, or are too many on one."""
    kept: list[str] = []
    room = 0  # for marks on the letter before
    for c in line:
        if _is_mark(c):
            room -= 1
        else:
            # spaces and signs that are not seen carry no mark
            carries_none = c.isspace() or unicodedata.category(c) == "Cf"
            room = 0 if carries_none else _MOST_MARKS
        if room >= 0:
            kept.append(c)
    return "".join(kept)


def _is_mark(c: str) -> bool:
    """Tell whether this is nothing without the character before it."""
    is_tag = "\U000e0020" <= c <= "\U000e007f"  # the flags of regions are spelt with them
    return c in _JOINERS or is_tag or unicodedata.category(c).startswith("M")
