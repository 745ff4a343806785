"""Finds who is named in a text, and what a product is called. Pure.

A capital alone makes no name: there must be something that only a name has, such as "called"
before it, a title, a verb after it, or another name beside it.
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import takewhile

from shared.engines.local.grammar import Grammar
from shared.engines.local.topics import LIVING

_LONGEST_NAME = 4  # words of a product's name in quotation marks
_SELLER = re.compile(r"(?<=@ )[A-ZÀ-Þ][\w’'&-]+(?: [A-ZÀ-Þ][\w’'&-]+)*")
_STREET = re.compile(r"(?<!\w)(?:St|Street|Road|Rd|Lane|Avenue|Ave|Square|Way|Row|Hill)$")
_LISTED = re.compile(r"(?:^|[.!?:\s])[a-zäöüß]+(?:\s+[A-ZÄÖÜ]\w+,)+\s+$")
"""The end of a text before a noun of a list: "Es gibt Waffeln, Kuchen"; but not "Mia, Tom"."""
_CLAN = re.compile(r"(?:Ma?c|D[eiu]|L[aeo]|Van|Fitz|O['’])[A-Z]")
_FIRM_NAME = re.compile(
    r"(?<!^)(?<![.!?] )\b([A-ZÀ-Þ][\w’'-]+ & (?:Co|Cia|Cie|Sons?|Partners?|Figli|Hijos|Söhne)\b)"
)
_FIRM_OF_TWO = re.compile(r"(?<!^)(?<![.!?] )\b([A-ZÀ-Þ][\w’'-]+ & [A-ZÀ-Þ][\w’'-]+)(?!\w)")
_FIRM = r"(?!Co\b|Sons?\b|Partners?\b|Company\b)"
_WHO = re.compile(
    r"(?:who|quién|qui|wer|chi|quem)(?:\s+(?:was|is|fue|era|es|est|était|war|ist|è|foi|é))?\s+$",
    re.IGNORECASE,
)

MOST = 4  # each of them costs a picture of its own

_PLACE_WORDS = re.compile(
    r"new|san|los|las|mount|grand|great|north|south|east|west|lake|river|saint|united|black|cape|"
    r"port|big|wall|world|middle|industrial|civil|red|golden|st"
)
_CAPITALS = re.compile(
    r"(?<![\w@#./-])(?:(?:Dr|Mr|Mrs|Ms|Prof|Sr|Sra|Dra|Hr|Fr|Mme|M)\.\s+)?"
    r"[A-ZÀ-ÖØ-Þ][\w’'&-]*\+?(?:\s+(?:[A-ZÀ-ÖØ-Þ][\w’'-]+|(?:de|da|di|von|van)\s+"
    r"[A-ZÀ-ÖØ-Þ][\w’'-]+))*"
)
_COINED = re.compile(
    r"(?<![\w/.@])(?=\w*[a-zà-ÿ])[A-ZÀ-Þa-z]?[a-zà-ÿ]+[A-Z]\w*|(?<!\w)[A-Z]\w*\d\w*"
)
_ELIDED = re.compile(r"[A-ZÀ-Þ]\w?['’][a-zà-ÿ]")  # "C'era", "L'ape"
_OF = re.compile(r"d[eioua]s?|del|dell[aeo]|al|all[aeo]|a[gi]li?|nel|nell[aeo]|col|aux?|ao")
_AND = re.compile(r"and|y|e|et|und")
_AND_WHO = re.compile(r"and|y|e|et|und|qu[ei]|che|quem|who")
_QUOTED = re.compile(r"[\"“«„]\s*([^\"“”«»„]{2,30}?)\s*[\"”»“]")


def find_characters(text: str, g: Grammar, with_people: bool) -> tuple[str, ...]:
    """Return the names of those who act in a text, in the order in which they come."""
    found: dict[str, None] = {}
    held: list[tuple[str, int]] = []
    for name, start, end in _candidates(text, g):
        if _is_named(text, start, end, name, g, with_people):
            found[name] = None
        else:
            held.append((name, start))
    # Beside a name, another one needs no other sign: "Mia and Tom".
    for name, start in held:
        if _is_beside(text, name, start, found, g):
            found[name] = None
    first = {name: text.find(name) for name in found}
    return tuple(_merge(sorted(found, key=lambda name: first[name])))[:MOST]


def describe(name: str, text: str, g: Grammar) -> str:
    """Return the word that says what somebody with this name is: "fox"; empty without one.

    A title says it too, "Grandma Rosa", where no other word does.
    """
    word = r"[\w’'-]+"
    before = rf"({word})\s*,?\s+(?:{g.any_of('named')}\s+)?{re.escape(name)}(?!\w)"
    article = rf"{g.any_of('articles')}(?:\s+|(?<=['’]))"  # not the first letters of "and"
    after = rf"{re.escape(name)}(?:\s*,)?\s+{article}((?:{word}\s+){{0,3}}{word})"
    for pattern in (before, after):
        if match := re.search(pattern, text, re.IGNORECASE):
            words = [each.lower() for each in match.group(1).split()]
            if found := next((each for each in words if each in g.hero_of), ""):
                return found
    title, _, rest = name.lower().partition(" ")
    if rest and g.hero_of.get(title) in LIVING:
        return title
    named = rf"(?:{g.any_of('named')}\s+)?{re.escape(name)}(?!\w)"
    noun = re.search(rf"(?<!\w){article}(?:{word}\s+){{0,2}}?({word}),?\s+{named}", text, re.I)
    small = g.words("joining") | g.words("dangling") | {"name"}
    told = noun.group(1) if noun else ""
    return told if told.islower() and told not in small else ""


def is_ware(name: str, text: str, g: Grammar) -> bool:
    """Tell whether a text says that what has this name is a thing: "Lumo, a small lamp that …".

    The noun ends it, and in Romance languages begins it: "a bakery owner" is no bakery.
    """
    told = rf"(?<!\w){re.escape(name)},\s+{g.any_of('indefinite')}\s+((?:[\w’'-]+\s?){{1,4}})"
    match = re.search(told, text)
    words = match.group(1).split() if match else []
    ends = g.words("joining")
    noun = [
        *takewhile(lambda each: each.lower() not in ends and not g.has("relative", each), words)
    ]
    hero = g.hero_of.get(noun[-1 if g.noun_is_last else 0].lower()) if noun else None
    return hero is not None and hero not in LIVING


def find_product(text: str, g: Grammar, *, opens: bool) -> str:
    """Return the name that a text gives to a product or a place; empty if it gives none.

    `opens` tells that its first word has a capital of its own, and not from where it stands.
    """
    if match := re.search(_named_pattern(g), text):
        return match.group(1).rstrip("'’-")
    if (match := _QUOTED.search(text)) and len(match.group(1).split()) <= _LONGEST_NAME:
        return match.group(1).strip()
    # in German all nouns have capitals: "Kaffee & Kuchen" is no name
    firm = _FIRM_NAME if g.code == "de" else _FIRM_OF_TWO
    if match := firm.search(text):
        return match.group(1)
    if match := _COINED.search(text) or _SELLER.search(text):
        return match.group()
    names = (_find_brand(text, match, g, opens) for match in _CAPITALS.finditer(text))
    return next(filter(None, names), "")


def find_coined(text: str) -> str:
    """Return the first word of a text that looks like a brand: "FocusFlow"; empty without one."""
    match = _COINED.search(text)
    return match.group() if match else ""


def _find_brand(text: str, match: re.Match[str], g: Grammar, opens: bool) -> str:
    """Return the name of a product in a run of words with capitals; empty where there is none."""
    name, before = match.group(), _word_before(text, match.start())
    if g.code == "de":
        # All nouns have a capital: only what comes directly after one may be a name.
        name = " ".join(name.split()[1:]) if g.shows(name.split()[0]) else ""
    starts = not before and not (opens and not match.start())
    name = _clean(name, g) if not before else name
    if starts and name != text.strip(" .!"):
        return ""  # any word has a capital there
    if before.isdigit() and _STREET.search(name):  # "12 High St"
        return ""
    if _AND.fullmatch(before):  # "by Rita and Nuno"
        return ""
    return name if name and not g.has("near", before) and not _is_no_name(name, g) else ""


def _named_pattern(g: Grammar) -> str:
    capital = r"[A-ZÀ-Þ][\w’'&+-]*"
    return rf"\b(?i:{g.any_of('named')})\s+[\"“«„]?({capital}(?:\s+(?:&\s+)?{capital}){{0,2}})"


def _candidates(text: str, g: Grammar) -> Iterator[tuple[str, int, int]]:
    """Yield every run of words with capitals that may be a name, and where it is."""
    for match in _CAPITALS.finditer(text):
        words, start = match.group().split(), match.start()
        while words and (_opens_sentence(words[0], g) or g.has("named", words[0])):
            start += len(words[0]) + 1
            words = words[1:]
        if g.code == "de":
            aside = _is_aside(text, start, match.end(), g)
            while len(words) > 1 and (aside or g.shows(words[0])):
                start += len(words[0]) + 1
                words = words[1:]
        name = re.sub(r"['’]s$", "", " ".join(words))
        if name and not _is_no_name(name, g):
            yield name, start, match.end()


def _opens_sentence(word: str, g: Grammar) -> bool:
    """Tell whether a word has its capital from the start of a sentence only."""
    lower = re.sub(r"['’]s$", "", word.lower())  # "What's"
    small = g.words("joining") | g.words("dangling") | g.words("small")
    return (
        lower in small
        or g.has("starters", lower)
        or g.has("articles", lower)
        or g.has("ask", lower)
        or g.has("make", lower)
    )


def _is_no_name(name: str, g: Grammar) -> bool:
    words = name.lower().split()
    if _PLACE_WORDS.fullmatch(words[0]) or all(g.has("not_names", word) for word in words):
        return True
    if g.has("titles", words[0].rstrip(".")) and len(words) > 1:
        return False
    if g.has("pronouns", words[0]):
        return True
    if len(words) == 1 and (g.has("titles", words[0]) or len(name) < 2 or name.isupper()):
        return True
    # "Bees make honey": a word with a capital at the start of a sentence, and a usual one
    return len(words) == 1 and g.shows(name)


def _is_named(text: str, start: int, end: int, name: str, g: Grammar, with_people: bool) -> bool:
    before = _word_before(text, start)
    if _is_introduced(text, start, name, before, g) or _is_told_of(text, start, end, g):
        return True
    if _is_coined(name) or re.search(r"[@/+]\s*$", text[:start]):
        return False
    return not g.has("near", before) and _does_something(text, start, end, before, g, with_people)


def _is_introduced(text: str, start: int, name: str, before: str, g: Grammar) -> bool:
    """Tell whether something before a name, or in it, says that it is one."""
    words = name.split()
    if g.has("titles", words[0].lower().rstrip(".")) or g.has("titles", before):
        return True
    if re.search(rf"\b{g.any_of('named')}\s+[\"“«„]?$", text[:start], re.IGNORECASE):
        return True
    if len(words) > 1 and _WHO.search(text[:start]):
        return True
    # "Ada Lovelace" alone is whom it is about; "the fox Pip"
    alone = len(words) > 1 and name == text.strip(" .!")
    return alone or (g.hero_of.get(before) in LIVING and not g.has("near", before))


def _is_coined(name: str) -> bool:
    """Tell whether a name looks like that of a product: "FocusFlow", but not "McKay"."""
    return _COINED.fullmatch(name) is not None and not _CLAN.match(name)


def _is_told_of(text: str, start: int, end: int, g: Grammar) -> bool:
    """Tell whether commas say who it is: "a small mouse, Lila, knocks", "Inês, a girl"."""
    kind = re.match(rf"\s*,\s+{g.any_of('articles')}\s+((?:[\w-]+\s+){{0,2}}[\w-]+)", text[end:])
    if kind and any(g.hero_of.get(word) in LIVING for word in kind[1].lower().split()):
        return True
    if g.code == "de":
        noun = re.search(r"[A-ZÄÖÜ][\w-]+\s+$", text[:start])
        return noun is not None and _is_aside(text, noun.start(), end, g)
    noun = re.search(
        rf"(?<!\w){g.any_of('articles')}\s+(?:[\w-]+\s+){{0,3}}?([\w-]+),\s+$",
        text[:start],
        re.IGNORECASE,
    )
    is_thing = noun and (noun[1][0].isupper() or noun[1].lower() in g.scene_of)
    return noun is not None and not is_thing and text[end : end + 1] == ","


def _is_aside(text: str, start: int, end: int, g: Grammar) -> bool:
    """Tell whether commas stand around an article with what it belongs to: ", der Dachs Bruno,"."""
    opens = re.search(rf",\s+{g.any_of('articles')}\s+$", text[:start], re.IGNORECASE)
    return opens is not None and text[end : end + 1] == ","


def _does_something(
    text: str, start: int, end: int, before: str, g: Grammar, with_people: bool
) -> bool:
    """Tell whether what follows a name follows only names: a verb, or who it is."""
    after, opens = text[end:], not before
    pair = rf"\s+(?:and|y|e|et|und|&)\s+{_FIRM}(?-i:[A-ZÀ-Þ])"
    if re.match(rf"\s*,\s+{g.any_of('articles')}(?!\w)", after, re.IGNORECASE):
        return True  # "Nora, a retired thief"
    if opens and re.match(pair, after):
        return True  # "Mia and Tom"
    if opens and _is_verb(text[start:end], after, g):
        return False
    acts = re.match(rf"(?:['’]s)?\s+(?-i:{g.any_of('acts')})(?!\w)", after) is not None
    if g.code == "de":
        opens = opens and not _LISTED.search(text[:start])
        return acts and (opens or before in g.words("joining"))
    owns = text[start:end].endswith(("'s", "’s"))
    return (acts or owns) and (opens or with_people)


def _is_verb(word: str, after: str, g: Grammar) -> bool:
    """Tell whether a sentence begins with what somebody does: "Construyó unas alas"."""
    if _ELIDED.match(word) or g.has("told", word.lower()):
        return True
    ending = re.match(r"\s+(\w+)\s*[.!]", after)
    if ending and g.has("starters", ending[1]):  # "Prenotate ora!"
        return True
    following = re.match(r"\s+([^\W\d_]+)(?![\w'’])", after)  # not "Hugo l'a manqué"
    next_word = following.group(1).lower() if following else ""
    # after a name comes a verb; after a verb, or a noun, an article or where, how, with whom
    joins = _OF.fullmatch(next_word) or next_word in g.words("joining")
    return g.has("articles", next_word) or (bool(joins) and not _AND_WHO.fullmatch(next_word))


def _is_beside(text: str, name: str, start: int, found: dict[str, None], g: Grammar) -> bool:
    """Tell whether another name stands next to it, joined by a word or a comma."""
    joined = r"(?:\s*,\s*(?:and\s+)?|\s+(?:and|y|e|et|und|with|&|or|con|com|avec|mit)\s+)"
    kin = rf"(?:{g.any_of('articles')}\s+[\w-]+\s+)?"  # "and his daughter Hana"
    most = r"(?:,[^,.!?]{0,40},)?"  # "Kenji, a chef in Osaka, and"
    return any(
        re.search(rf"{re.escape(other)}{most}{joined}{kin}{re.escape(name)}\b", text)
        or re.search(rf"\b{re.escape(name)}{joined}{re.escape(other)}\b", text)
        for other in found
    )


def _word_before(text: str, start: int) -> str:
    """Return the word before a place in small letters; empty at the start of a sentence."""
    match = re.search(r"([\w'’]+)[\"“«„]?\s+$", text[:start])
    word = match.group(1).lower() if match else ""
    return re.sub(r"^.*['’]", "", word) if "’" in word or "'" in word else word


def _clean(name: str, g: Grammar) -> str:
    words = name.split()
    while words and (_opens_sentence(words[0], g) or g.has("not_names", words[0].lower())):
        words = words[1:]
    return re.sub(r"['’]s$", "", " ".join(words)).rstrip(".,'’-")


def _merge(names: list[str]) -> Iterator[str]:
    """Yield each person once: "Nora" is also "Nora Vega"."""
    for name in names:
        longer = (other for other in names if other != name)
        if not any(_is_within(name, other) for other in longer):
            yield name


@cache
def _is_within(name: str, other: str) -> bool:
    return {*name.split()} < {*other.split()}
