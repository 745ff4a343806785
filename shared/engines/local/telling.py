"""Turns what a video is about into sentences that can be said. Pure.

Nothing is added: a sentence has the user's words, in another order at most. "How is glass made"
becomes a question, "a fox who learns to fly" a sentence, an offer stands alone.
"""

import re
from collections.abc import Sequence
from functools import cache, partial

from shared.engines.local.grammar import Grammar
from shared.engines.local.sentences import ENDS, finish

_AMOUNT = r"\d+(?:[.,\s]\d{2,3})*"
_MONEY = (
    rf"(?:(?:[$€£₹¥]|R\$|CHF\b)\s?{_AMOUNT}"
    rf"|{_AMOUNT}\s?(?:[€$£₹]|euros?\b|dollars?\b|reais\b|EUR\b|USD\b|CHF\b|pounds\b))"
)
_GERMAN_VERBS = frozenset(("ist", "sind", "war", "waren", "kann", "können", "wird", "werden"))
_GERMAN_PREFIX = re.compile(
    r"(?:an|auf|aus|ab|ein|vor|zu|nach|her|hin|mit|weg|um|zurück|zusammen|unter|über|los|bei)\w{4}"
)
_QUESTION_ALREADY = re.compile(r"many|much|long|far|fast|old|big|often|deep|happens", re.I)
_SEVERAL = re.compile(
    r"(?:two|three|four|five|these|those|dos|tres|deux|trois|zwei|due|tre|dois|os|as|los|las|les|i"
    r"|gli|le)\b",
    re.IGNORECASE,
)
# not within "80,000 km" or "7:30"
_PART_END = re.compile(r"\s*(?:[,;:](?!\d)|(?<!\d)[,;:]|\s[–—-]\s)\s*")
_SHORT_HEAD = 2  # up to so many words are a name, not yet something to say
_FEATURE_WORDS = 3
_SHORT_OFFER = 5  # words
_ANDS = re.compile(r"^(?:\S+\s+){1,3}(?:and|y|e|et|und)\s", re.IGNORECASE)


@cache
def offer_pattern(g: Grammar) -> re.Pattern[str]:
    """Return the pattern of an offer: a discount, something free, a price."""
    lead = rf"(?:{g.any_of('offer_lead')}\s+)?"
    offer = rf"{lead}(?:{g.any_of('percent', 'free')}|{_MONEY})"
    return re.compile(rf"(?<![\w.,]){offer}", re.IGNORECASE)


@cache
def gift_pattern(g: Grammar) -> re.Pattern[str]:
    """Return the pattern of what is on offer beside the price: a discount, something free."""
    lead = rf"(?:{g.any_of('offer_lead')}\s+)?"
    return re.compile(rf"(?<![\w.,]){lead}{g.any_of('percent', 'free')}", re.IGNORECASE)


def is_price_only(offer: str, g: Grammar) -> bool:
    """Tell whether an offer only says what it costs: then it stays in its sentence."""
    return not re.search(rf"(?<!\w){g.any_of('percent', 'free')}", offer, re.IGNORECASE)


def split_offer(text: str, g: Grammar, pattern: re.Pattern[str] | None = None) -> tuple[str, str]:
    """Return a text without the offer in it, and the offer with all that is said of it."""
    match = (pattern or offer_pattern(g)).search(text)
    if not match:
        return text, ""
    head, offer = text[: match.start()], text[match.start() :].strip(ENDS)
    link = re.compile(rf"(?:[\s,:;–—-]+|(?<!\w){g.any_of('offer_link')})$", re.IGNORECASE)
    while (shorter := link.sub("", head)) != head:
        head = shorter
    return head, offer


def tell_question(clause: str, g: Grammar) -> list[str]:
    """Return what is asked or explained as a sentence."""
    clause = clause.strip(ENDS)
    if re.search(r":\s", clause):  # "how to save water: five tips": that is a heading
        return [finish(clause)]
    if g.code == "en-us":
        # "who she was and how she did it" asks twice
        both = re.split(rf",?\s+and\s+(?={g.any_of('ask')}\s+\w+\s+\w)", clause, maxsplit=1)
        return [said for one in both for said in _ask_english(one, g)]
    if g.code == "de":
        clause, asks = _ask_german(clause)
        return [finish(clause + ("?" if asks else ""))]
    ask = re.match(rf"{g.any_of('factive')}(?=\s+{g.any_of('articles')}(?!\w))", clause, re.I)
    if ask:  # "cómo las abejas hacen la miel": that they make it is said with it
        opens = "¿" if g.code == "es" else ""
        asked = ask[0][0].upper() + ask[0][1:]
        return [finish(clause[ask.end() :]), f"{opens}{asked}?"]
    first = clause[:1].upper() + clause[1:]
    return [f"¿{first}?" if g.code == "es" else f"{first}?"]


def _ask_english(clause: str, g: Grammar) -> list[str]:
    ask, _, rest = clause.partition(" ")
    words = rest.split()
    if not words:
        return [finish(clause)]
    helps = [g.has("auxiliary", word) for word in words]
    if helps[0] or _QUESTION_ALREADY.fullmatch(words[0]):
        return [finish(f"{clause}?")]
    if words[0].lower() == "to":
        return [finish(clause)]
    at = helps.index(True) if True in helps else 0
    if at and not any(w.lower() in g.words("joining") | g.words("pronouns") for w in words[1:at]):
        # "how glass is made" → "How is glass made?"
        return [finish(" ".join([ask, words[at], *words[:at], *words[at + 1 :]]) + "?")]
    if g.has("factive", ask):
        # "how bees make honey": that they make it is said with it
        return [finish(" ".join(words)), finish(f"{ask}?")]
    return [finish(f"{clause}?" if ask.lower() in ("who", "what") and len(words) > 1 else clause)]


def _ask_german(clause: str) -> tuple[str, bool]:
    """Return the clause with its verb in second place where that is safe, and if it asks now."""
    ask, _, rest = clause.partition(" ")
    words = rest.split()
    if len(words) < 2:
        return clause, False
    last = words[-1]
    if last[0].isupper() or not last.endswith(("t", "en", "ist", "war", "wird", "kann")):
        return clause, True  # the verb is not at the end: it is a question already
    splits = _GERMAN_PREFIX.match(last)
    if splits and last not in _GERMAN_VERBS:
        return clause, False
    return " ".join([ask, last, *words[:-1]]), True


def tell_subject(text: str, g: Grammar) -> str:
    """Return a phrase as a sentence, where only a small word keeps it from being one.

    "A fox who learns to fly" → "A fox learns to fly."
    """
    text = text.strip()
    relative = re.match(
        rf"^(?P<who>[^,;:.]{{2,60}}?),?\s+{g.any_of('relative')}\s+(?P<does>.+)$", text, re.I
    )
    if relative and _is_subject(relative["who"], relative["does"], g):
        return finish(f"{relative['who']} {relative['does']}")
    return finish(text)


def _is_subject(who: str, does: str, g: Grammar) -> bool:
    """Tell whether a clause after "that" has its verb first, so that "that" was its subject."""
    first = does.split()[0].lower()
    if g.has("articles", first) or g.has("pronouns", first) or first == "you":
        return False
    if g.code in ("es", "pt") and first.endswith("s"):
        return False  # "que controlas": somebody else does it
    return g.has("articles", re.split(r"['’\s]", who)[0]) or _has_elision(who)


def _has_elision(who: str) -> bool:
    return bool(re.match(r"(?i)(?:l|un)['’]", who))


def tell_with_offer(text: str, name: str, g: Grammar, *, is_about: bool) -> list[str]:
    """Return what is said of a product, and then what is on offer: a price stays where it is."""
    head, offer = split_offer(text, g)
    if offer and not is_about and len(text.split()) <= _SHORT_OFFER:
        return [finish(text)]  # "Second lamp half price"
    if offer and is_price_only(offer, g):
        head, offer = text if head.strip(ENDS) or not name else f"{name}: {offer}", ""
        if not text.startswith(head):
            return [finish(head)]
    elif head.strip(ENDS):  # a price stays with what it is the price of
        head, offer = split_offer(text, g, gift_pattern(g))
    said = tell_product(head, name, g)
    offers = [part for part in re.split(r"\s*[,;]\s+", offer) if part.strip(ENDS)]
    return [*said, *(finish(part) for part in offers)]


def tell_product(text: str, name: str, g: Grammar) -> list[str]:
    """Return what is said of a product: what it is, and one sentence for each thing it has."""
    parts = [part.strip() for part in _PART_END.split(text) if part.strip(ENDS)]
    if not parts:
        return []
    if len(parts) > 1 and (parts[0] == name or len(parts[0].split()) <= _SHORT_HEAD):
        # "Our shop: eggs, honey" stays so; "Lumo: a lamp" is "Lumo, a lamp"
        is_listed = g.has("articles", parts[0].split()[0]) and text.startswith(f"{parts[0]}:")
        parts[:2] = [f"{parts[0]}{':' if is_listed else ','} {parts[1]}"]
    parts = _join_lists(parts, g)
    # one word more is no sentence: "in Hove, Sussex", "fresh, warm"
    for at in range(len(parts) - 1, 0, -1):
        if len(parts[at].split()) == 1 and not any(c.isdigit() for c in parts[at]):
            parts[at - 1 : at + 1] = [f"{parts[at - 1]}, {parts[at]}"]
    head, features = _split_features(parts[0], g)
    said = _split_relative(head, name, g)
    return [*said, *features, *(finish(_drop_link(part, g)) for part in parts[1:])]


def _join_lists(parts: Sequence[str], g: Grammar) -> list[str]:
    """Return the parts with those together that are one list: "for boats, tents and cars".

    Such a list begins where a part ends soon after the word that all of it belongs to, and its last
    part has an "and".
    """
    begins = rf"(?<!\w)(?:{g.any_of('relative', 'list_lead')})(?:\s+\S+){{1,2}}$"
    if len(parts) < 2 or not re.search(begins, parts[0], re.IGNORECASE):
        return [*parts]
    last = next((n for n, part in enumerate(parts[1:], 1) if _ANDS.search(part)), 0)
    few = all(len(part.split()) <= _FEATURE_WORDS for part in parts[1:last])
    return [", ".join(parts[: last + 1]), *parts[last + 1 :]] if last and few else [*parts]


def _split_relative(head: str, name: str, g: Grammar) -> list[str]:
    """Return "Hydra, a bottle." and "Hydra keeps drinks cold." for one that keeps drinks cold."""
    match = re.match(
        rf"^(?P<who>.+?),?\s+{g.any_of('relative')}\s+(?P<does>.+)$", head, re.IGNORECASE
    )
    who = match["who"].replace(name, "").strip(" ,") if match and name else ""
    # one thing, so that its name and the verb agree: "Vento" for headphones would not
    one = bool(who) and g.has("articles", who.split()[0]) and not _SEVERAL.match(who)
    subject = "the" if g.code == "en-us" else "la"  # a name needs no article to be a subject
    if match and one and name in match["who"] and _is_subject(subject, match["does"], g):
        return [finish(match["who"]), finish(f"{name} {match['does']}")]
    return [tell_subject(head, g)]


def _split_features(head: str, g: Grammar) -> tuple[str, list[str]]:
    """Return what the product is, and what it comes with, if that is long enough to stand alone."""
    match = re.match(
        r"^(?P<head>(?:\S+\s+){1,7}?\S+)\s+(?P<link>with|con|avec|mit|com)\s+(?P<has>.+)$", head
    )
    if match and len(match["has"].split()) >= _FEATURE_WORDS and g.has("feature", match["link"]):
        return match["head"], [] if not match["has"] else [finish(match["has"])]
    return head, []


def _drop_link(part: str, g: Grammar) -> str:
    return re.sub(r"^(?:and|y|e|et|und)\s+", "", part, flags=re.IGNORECASE)


def speak_for_us(text: str, g: Grammar) -> str:
    """Return the text with "our" for "my": a narrator speaks for the people behind the video."""
    for old, new in g.pairs("ours"):
        text = re.sub(rf"(?<!\w)(?:{old})(?!\w)", partial(_keep_case, new), text, flags=re.I)
    return text


def _keep_case(new: str, old: re.Match[str]) -> str:
    return new[0].upper() + new[1:] if old[0][0].isupper() else new
