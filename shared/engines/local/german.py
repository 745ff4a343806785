"""German only: puts what a wish is about into the nominative. Pure.

"Ein Video über den kleinen Fuchs" is about "der kleine Fuchs". Other languages have no cases.
"""

import re

from shared.engines.local.grammar import Grammar

_POSSESSIVES = ("mein", "dein", "sein", "ihr", "unser", "euer")
_STRONG = {"einen": "ein", "einem": "ein"}
_WEAK = {"den": "der", "diesen": "dieser", "jeden": "jeder", "dem": "der", "diesem": "dieser"}
_NEUTER = re.compile(r"(?:chen|lein|um|ment)$|^(?:kind|haus|dorf|buch|land|tier|pferd|schiff|auto|"
                     r"meer|restaurant|café|bild|fahrrad|lied|schloss|boot)$")  # fmt: skip
_WEAK_NOUNS = {
    "Jungen": "Junge", "Löwen": "Löwe", "Bären": "Bär", "Hasen": "Hase", "Menschen": "Mensch",
    "Studenten": "Student", "Helden": "Held", "Prinzen": "Prinz", "Drachen": "Drache",
    "Elefanten": "Elefant", "Raben": "Rabe", "Detektiven": "Detektiv", "Astronauten": "Astronaut",
}  # fmt: skip


def nominate(phrase: str, grammar: Grammar) -> str:
    """Return the phrase in the nominative, where its first word tells its case."""
    if grammar.code != "de":
        return phrase
    head, *more = re.split(r",\s+(?=(?:einem|einen|einer)\s)", phrase)
    return ", ".join(_nominate_part(part) for part in (head, *more))


def _nominate_part(phrase: str) -> str:
    words = phrase.split(" ")
    first = words[0].lower()
    noun = next((at for at, word in enumerate(words[1:4], 1) if word[:1].isupper()), 0)
    # Between article and noun stand adjectives only; with anything else between, it stays as it is.
    between = (word.rstrip(",") for word in words[1:noun])
    if not noun or not all(re.search(r"en$|^\d+\.$", word) for word in between):
        return phrase
    neuter = bool(_NEUTER.search(words[noun].strip(",.").lower()))
    article, ending = _turn(first, neuter, dative=first.endswith("m"))
    if not article:
        return phrase
    adjectives = [re.sub(r"en(,?)$", rf"{ending}\1", word) for word in words[1:noun]]
    bare = words[noun].rstrip(",.")
    last = _WEAK_NOUNS.get(bare, bare) + words[noun][len(bare) :]
    return " ".join([article, *adjectives, last, *words[noun + 1 :]])


def _turn(first: str, neuter: bool, dative: bool) -> tuple[str, str]:
    """Return the nominative article and the ending of adjectives after it; empty if unchanged."""
    if first in _STRONG:
        return "ein", "es" if neuter else "er"
    if first in _WEAK:
        return ("das", "e") if neuter and dative else (_WEAK[first], "e")
    for stem in _POSSESSIVES:
        if first in (f"{stem}en", f"{stem}em"):
            return stem, "es" if neuter else "er"
        if first == f"{stem}er":
            return f"{stem}e", "e"
    return ("eine", "e") if first == "einer" else ("", "")
