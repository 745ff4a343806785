"""Headings of scenes: how one is known, and the place and the time of day in it. Pure."""

import re
from dataclasses import dataclass

from shared.story.script.parts import Side
from shared.story.script.words import SMALL, TIMES

LONGEST = 160  # letters

_INSIDE = "INTERIOR|INTÉRIEUR|INTERNO|INNEN|INT"
_OUTSIDE = "EXTERIOR|EXTÉRIEUR|ESTERNO|AUSSEN|AUßEN|EXT|EST"
_SIDE = rf"(?:{_INSIDE}|{_OUTSIDE}|I)"
_PREFIX = re.compile(
    rf"(?P<side>(?:I/E|E/I|{_SIDE}\.?\s?/\s?{_SIDE}|{_INSIDE}|{_OUTSIDE}))"
    r"(?P<end>\.\s*|\s+-\s+|\s+)(?=\S)",
    re.IGNORECASE,
)
_ROMAN = r"(?:\d{1,3}|[IVXLC]{1,7}|ONE|TWO|THREE|FOUR|FIVE|FIRST|SECOND|THIRD)"
_SCENE = re.compile(
    rf"(?:ACTE?|ACTO|AKT|ATTO)?\s*{_ROMAN}?\s*[,.:—–-]*\s*"
    r"(?:SCENE|SCÈNE|ESCENA|SZENE|SCENA|CENA)\b\s*"
    rf"(?:(?P<number>{_ROMAN}\b)\s*[.,:—–-]*|[.:—–])\s*(?P<place>.*)$",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\s*#[\w.-]{1,12}#\s*$|\s{2,}\d+[A-Z]?\.?\s*$")
_BRACKETS = re.compile(r"\s*\([^()]*\)")
_DASH = re.compile(r"\s+[-–—]+\s+|\s*[–—]\s*")


@dataclass(frozen=True)
class Heading:
    """A scene's heading, taken apart."""

    text: str
    place: str
    time: str = ""
    side: Side = ""


def read_heading(line: str, *, after_gap: bool = True) -> Heading | None:
    """Return the heading that a line is; None where it is none.

    A line that does not stand alone must be plainer: in capitals, with its full stop.
    """
    text = _drop_numbers(line.strip())
    if not text or len(text) > LONGEST:
        return None
    if text[0] == "." and text[1:2].strip(".") and after_gap:
        return read_heading(text[1:]) or _take_apart(text[1:], "")
    found = _PREFIX.match(text)
    if found and _is_plain(text, found["end"], after_gap=after_gap):
        return _take_apart(text[found.end() :], _find_side(found["side"]), text)
    scene = _SCENE.match(text) if after_gap else None
    if scene:
        place = scene["place"].strip()
        named = _take_apart(place, "", text) if place else None
        return named or Heading(text, text)
    return None


def _drop_numbers(text: str) -> str:
    """Return a line without the number of its scene, which scripts put at both ends."""
    if not (first := re.match(r"(\d+[A-Z]?)[.)]?\s+", text)):
        return text
    rest = text[first.end() :]
    return re.sub(rf"\s+{first[1]}\.?$", "", rest) if _PREFIX.match(rest) else text


def _is_plain(text: str, end: str, *, after_gap: bool) -> bool:
    """Tell whether a line is surely a heading: "Est" and "Int" also begin sentences."""
    dotted, loud = end.startswith(".") or "-" in end, not any(c.islower() for c in text)
    return (dotted or loud) if after_gap else (dotted and loud)


def _find_side(prefix: str) -> Side:
    upper = prefix.upper()
    if "/" in upper:
        return ""
    return "interior" if upper.startswith("IN") else "exterior"


def _take_apart(rest: str, side: Side, whole: str = "") -> Heading:
    """Return the heading with what follows its first word."""
    rest = _NUMBER.sub("", rest.strip())
    parts = [part.strip(" .,;:-") for part in _DASH.split(_BRACKETS.sub("", rest))]
    parts = [part for part in parts if part]
    time = ""
    if len(parts) > 1 and _is_time(parts[-1]):
        time = parts.pop()
    elif (
        parts
        and side
        and (cut := re.fullmatch(r"(.+?)[.,]\s*(\S+)", parts[-1]))
        and _is_time(cut[2])
    ):
        parts[-1], time = cut[1], cut[2]
    place = calm(", ".join(parts)) or calm(rest) or "a place"
    return Heading((whole or rest).strip(), place, time.lower(), side)


def _is_time(part: str) -> bool:
    words = re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)?", part.lower())
    return 0 < len(words) <= 4 and any(word in TIMES for word in words)


def calm(text: str) -> str:
    """Return a text in capitals as a name is written; any other text as it is."""
    if any(c.islower() for c in text):
        return text
    words = text.lower().split()
    return " ".join(word if word in SMALL and n else _raise(word) for n, word in enumerate(words))


def _raise(word: str) -> str:
    """Return a word with capitals where a name has them: Jean-Luc, O'Brien."""
    begins = r"(?:^|(?<=[-/.(\"“])|(?<=^[do]['’]))[^\W\d_]"
    return re.sub(begins, lambda found: found[0].upper(), word)
