"""Finds the words with which a film opens that has only one sentence: whom it is about. Pure.

"A fox learns to fly." opens with "A fox." So there is something to hear at once, and the sentence
itself can come at the turn. They are always words of the sentence; where it is not sure what they
are, there are none.
"""

import re
from collections.abc import Sequence

from shared.engines.local.grammar import Grammar
from shared.engines.local.sentences import ENDS, finish

_MORE = 2  # words that the sentence must have beside them
_ADJECTIVES = 2
_VERB = re.compile(r"[a-z]{2,}(?:s|ed)")
_OF = re.compile(r"of|de|del|della|dello|dei|des|du|do|da|dos|das|di|d|von|and|y|e|et|und")


def find_opening(sentence: str, names: Sequence[str], g: Grammar) -> str:
    """Return the words with which the film of this sentence opens; empty where there are none."""
    text = sentence.strip(ENDS + '"“”«»¿¡')
    found = _find_named(text, names, g) or _find_subject(text, g) or _find_thing(text, g)
    named = next((f"{found} {name}" for name in names if f"{found} {name}" in text), found)
    found = named if found else ""  # "My grandmother Carmen."
    found = re.sub(r"\W+$", "", found)
    is_part = len(found.split()) + _MORE <= len(text.split())
    return finish(found) if found and is_part else ""


def _find_named(text: str, names: Sequence[str], g: Grammar) -> str:
    """Return the names that a text begins with: "Mia and Tom"."""
    one = "|".join(re.escape(name) for name in names)
    match = re.match(rf"(?:{one})(?:\s+\w+\s+(?:{one}))?(?!\w)", text) if names else None
    return match[0] if match else ""


def _find_subject(text: str, g: Grammar) -> str:
    """Return whom a text is about, where a small word or the German capitals tell it."""
    if g.code == "de":
        noun = rf"^{g.any_of('articles')}\s+(?:[a-zäöüß]+\s+){{0,2}}(?-i:[A-ZÄÖÜ][\w-]+)(?=\s|$)"
        match = re.match(noun, text, re.IGNORECASE)
        return match[0] if match else ""
    match = re.match(
        rf"^{g.any_of('articles')}\s+(?:[\w’'-]+\s+){{0,3}}?[\w’'-]+(?=\s+{g.any_of('relative')}\s)",
        text,
        re.IGNORECASE,
    )
    return match[0] if match else ""


def _find_thing(text: str, g: Grammar) -> str:
    """Return the first thing of a text that is known by its word, with what stands before it."""
    words = re.findall(r"[\w’'-]+|[^\w\s]", text)
    asks = g.has("ask", words[0].lower()) if words else False
    at = next((n for n, word in enumerate(words) if g.is_thing(word)), None)
    if at is None:
        return ""
    end = at + 1
    while end < len(words) and g.is_thing(words[end]):
        end += 1
    start = next((n for n in range(at - 1, -1, -1) if g.has("articles", words[n].lower())), at)
    if at - start > _ADJECTIVES + 1 or (start and not asks):
        return ""
    return " ".join(words[start:end]) if _is_whole(words[end:], g) else ""


def _is_whole(after: Sequence[str], g: Grammar) -> bool:
    """Tell whether a thing ends where these words begin: "a bakery owner" is no bakery."""
    word = after[0].lower() if after else "."
    if _OF.fullmatch(word) or "'" in word or "’" in word:
        return False
    if g.code != "en-us" or not word[0].isalnum():
        return True
    joins = word in g.words("joining") or g.has("relative", word) or g.has("auxiliary", word)
    return joins or _VERB.fullmatch(word) is not None
