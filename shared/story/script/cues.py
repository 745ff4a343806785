"""Lines that say who speaks, and lines that only direct the film. Pure."""

import re
from collections import Counter
from collections.abc import Sequence

from shared.story.script.words import NO_NAMES

_EXTENSION = re.compile(r"\s*[(\[][^()\[\]]*[)\]]?")
_UNSEEN = re.compile(
    r"\((?:V\.? ?O|O\.? ?[SC]|VOICE[- ]?OVER|OFF|OFF[- ]?(?:SCREEN|CAMERA)|EN OFF|FUERA)\b",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W\d_]")
_DIRECTIONS = re.compile(
    r"(?:FADE|CUT|SMASH|DISSOLVE|MATCH|WIPE|BACK|INTERCUT|MONTAGE|SERIES OF|BEGIN|END|THE END|FIN"
    r"|SUPER|TITLE|CARD|INSERT|ANGLE|CLOSE|WIDE|POV|FLASH|LATER|CONTINUED|OMITTED|ACT|TEASER|TAG"
    r"|VARIOUS SHOTS|SINGLE SHOT|SHOT|CURTAIN|SCENE|MOMENTS|CREDITS|FREEZE|STOCK|ESTABLISHING|BLACK"
    r"|OPENING)S?\b"
)
_TRANSITION = re.compile(r"[^a-zà-ÿ]{2,40}(?:TO|À|A|ZU):|FADE (?:IN|OUT)[.:]?|FADE TO BLACK[.:]?")
_PAGE = re.compile(r"(?:page )?\d{1,4}\.?|\(?continued\)?:?(?:\s*\(\d+\))?|\(more\)", re.IGNORECASE)
_INLINE = re.compile(
    r"(?P<name>[^\W\d_][\w .'’-]{0,39}?)(?P<ext>\s*\([^()]{1,60}\))?(?P<end>[.:])\s+(?P<words>\S.*)"
)
_MOST_WORDS, _MOST_LETTERS = 6, 40


def is_transition(line: str) -> bool:
    """Tell whether a line says how the film goes on to the next scene."""
    return _TRANSITION.fullmatch(line) is not None


def is_page_mark(line: str) -> bool:
    """Tell whether a line is only there because a page ends."""
    return _PAGE.fullmatch(line) is not None


def read_cue(line: str) -> str | None:
    """Return the name in a line that stands over a speech; None where it is no such line."""
    forced = line.startswith("@")
    text = line.lstrip("@").rstrip("^ ").strip()
    # what a name is followed by, as (V.O.), may be in small letters
    name = drop_extensions(text)
    if not _LETTER.search(name):
        return None
    if forced:
        return name
    if any(c.islower() for c in name) or is_transition(text) or _DIRECTIONS.match(name):
        return None
    if name.endswith(("!", "?", ":", "…", "...", ",", "--", "—")) or len(name) > _MOST_LETTERS:
        return None
    ends_sentence = name.endswith(".") and len(name.split()[-1]) > 4
    return None if ends_sentence or len(name.split()) > _MOST_WORDS else name


def is_unseen(line: str) -> bool:
    """Tell whether a line over a speech says that who speaks is only heard."""
    return _UNSEEN.search(line) is not None


def drop_extensions(name: str) -> str:
    """Return a name without what stands in brackets behind it, such as (V.O.) or (CONT'D)."""
    return " ".join(_EXTENSION.sub(" ", name).split())


def find_inline_names(lines: Sequence[str]) -> frozenset[str]:
    """Return the names that stand before speeches in the same line, as "NORA: …" or "NORA. …".

    In capitals once is enough before a colon; else a name must come more than once.
    """
    found: Counter[str] = Counter()
    loud = set()
    for line in lines:
        match = _INLINE.match(line)
        name = match["name"].strip() if match else ""
        if not match or len(name.split()) > 4 or name.lower().split()[0] in NO_NAMES:
            continue
        is_loud = not any(c.islower() for c in name)
        if _DIRECTIONS.match(name):
            continue
        if match["end"] == "." and not (is_loud and any(c.islower() for c in match["words"])):
            continue
        if not is_loud and not all(word[0].isupper() for word in name.split()):
            continue
        found[name] += 1
        if is_loud and match["end"] == ":":
            loud.add(name)
    return frozenset(loud | {name for name, count in found.items() if count > 1})


def split_inline(line: str, names: frozenset[str]) -> tuple[str, str] | None:
    """Return the name and the words of a speech in one line; None where it is none."""
    match = _INLINE.match(line)
    if match and match["name"].strip() in names:
        return match["name"].strip(), match["words"]
    return None
