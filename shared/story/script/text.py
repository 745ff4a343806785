"""From the bytes of a text file to its text; what is no text is refused with what to do. Pure."""

import codecs
import re

from shared.story.errors import BadInput
from shared.story.texts import clean_text

MAX_TEXT = 2 << 20
"""Bytes: ten times a script of 120 pages."""

_FEWEST_PRINTABLE = 0.95
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""What files begin with that say themselves how they are written."""


def read_text(data: bytes) -> str:
    """Return the text in these bytes."""
    if len(data) > MAX_TEXT:
        raise BadInput(
            f"the script is larger than {MAX_TEXT >> 20} MiB: give the part that the trailer is of"
        )
    text = _decode(data)
    check_text(text)
    return text


def check_text(text: str) -> None:
    """Refuse a text without words, or one that is none."""
    if not text.strip():
        raise BadInput("the script is empty: give its scenes, as text")
    sample = text[:20_000]
    printable = sum(c.isprintable() or c.isspace() for c in sample)
    if "\x00" in text or printable < _FEWEST_PRINTABLE * len(sample):
        raise BadInput("the script is no text but binary: save it as Fountain, plain text or FDX")
    if not clean_text(sample):
        raise BadInput("nothing in the script can be read: give its scenes, as text")


def _decode(data: bytes) -> str:
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        if b"\x00" in data[:4096]:
            raise BadInput(
                "the script is no text but binary: save it as Fountain, plain text or FDX"
            ) from error
        line = data.count(b"\n", 0, error.start) + 1
        raise BadInput(
            f"the script is not written in UTF-8 (see its line {line}): save it again as UTF-8"
        ) from error


def drop_comments(text: str) -> str:
    """Return a text without the notes and the cut passages of Fountain, its lines cleaned."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").expandtabs(4)
    text = _drop_between(text, "/*", "*/")
    return _NOTE.sub("", text)


_NOTE = re.compile(r"\[\[[^\[\]]{0,5000}\]\]")


def _drop_between(text: str, start: str, end: str) -> str:
    """Return a text without all that stands between two marks; one that is not closed stays."""
    kept, at = [], 0
    while (first := text.find(start, at)) >= 0 and (last := text.find(end, first)) >= 0:
        kept.append(text[at:first])
        at = last + len(end)
    return "".join([*kept, text[at:]])
