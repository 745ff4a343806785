"""Reads what a sentence wants of us: to be said, to be shown, or to be obeyed. Pure.

"Make a video about bees" is about bees; "Show a sunrise" is a picture without words; "Use upbeat
music" is for us alone. What is left is what the video says.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from shared.engines.local import german
from shared.engines.local.directions import (
    begins_without,
    goes_on,
    is_direction,
    is_manner,
    is_tone,
    split_directions,
)
from shared.engines.local.grammar import Grammar
from shared.engines.local.orders import OPENER, patterns_of

_LAST_WORDS = re.compile(r"\b(?:with|con|avec|par|mit|com)\s*:\s*$", re.IGNORECASE)
_VERY = re.compile(r"(?:like|really|super|very|muy|très|sehr|molto|muito)\s", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)

Kind = Literal["product", "lesson", "film", ""]
Purpose = Literal["subject", "say", "show", "call", "name", "product", "lesson", ""]


@dataclass(frozen=True)
class Part:
    """A sentence of the prompt: what it is for, and its text without the order to us."""

    purpose: Purpose
    text: str
    kind: Kind = ""
    order: str = ""
    """The words of the sentence that are not in its text: they are for us."""


def read_parts(sentences: tuple[str, ...], g: Grammar) -> Iterator[Part]:
    """Yield what each sentence is for; of those that are for us alone the text is empty."""
    begun = False
    for number, sentence in enumerate(sentences):
        told, directions = _split_orders(sentence, g)
        forms = {told, sentence, _drop_polite(sentence, g)}
        for_us = any(is_direction(text, g) or _is_made_of_orders(text, g) for text in forms)
        for_us = for_us or (begun and _is_aside(sentence, g))
        if for_us and not goes_on(told, _list_beside(sentences, number, g), g):
            yield Part("", "", order=sentence)
            continue
        part = _read_sentence(told, g, is_first=not begun)
        said = part if any(c.isalnum() for c in part.text) else Part("", "")
        begun = begun or bool(said.text)
        yield replace(said, order=f"{_find_order(told, said)}, {directions}".strip(", "))


def _list_beside(sentences: Sequence[str], at: int, g: Grammar) -> list[str]:
    """Return the sentences next to one that do not say how the video is to be made."""
    beside = (*sentences[max(0, at - 1) : at], *sentences[at + 1 : at + 2])
    return [each for each in beside if not _is_order(each, g)]


def _find_order(sentence: str, part: Part) -> str:
    """Return what of a sentence is not in the text of its part."""
    said = {*part.text.split()}
    return " ".join(word for word in sentence.split() if word not in said)


def _split_orders(sentence: str, g: Grammar) -> tuple[str, str]:
    """Return a sentence without what is for us alone at its end, and that."""
    rest, dropped = split_directions(sentence, g)
    while (at := rest.rfind(", ")) > 0:
        tail = rest[at + 2 :].strip(" .!")
        is_how = dropped and _VERY.match(tail) and is_manner(tail, g)
        if not is_how and not patterns_of(g).leave_out.match(tail):
            break
        rest, more = split_directions(rest[:at], g)
        dropped = ", ".join(filter(None, (more, dropped)))
    return rest, dropped


def _is_made_of_orders(sentence: str, g: Grammar) -> bool:
    """Tell whether each part of a sentence is for us: "For parents, friendly, no jargon"."""
    p, parts = patterns_of(g), [f" {part}" for part in re.split(r"\s*,\s*", sentence.strip(" .!"))]
    orders = [
        is_direction(part, g) or is_tone(part, g) or bool(p.leave_out.match(part[1:]))
        for part in parts
    ]
    asides = [bool(p.for_whom.match(part[1:]) or p.trailing.fullmatch(part)) for part in parts]
    how = (is_manner(part, g) or bool(p.show.match(part[1:])) for part in parts)
    rows = zip(orders, asides, how, strict=True)
    return len(parts) > 1 and any(orders + asides) and all(any(row) for row in rows)


def _is_aside(sentence: str, g: Grammar) -> bool:
    """Tell whether a later sentence is for us: "Space vibes", "For ages 4 to 6"."""
    p, parts = patterns_of(g), sentence.strip(" .!").split(", ")
    hushed = len(parts) > 1 and all(is_manner(part, g) for part in parts)
    hushed = hushed and any(begins_without(part, g) for part in parts)
    return hushed or is_tone(sentence, g) or bool(p.for_whom.match(sentence))


def _is_order(sentence: str, g: Grammar) -> bool:
    """Tell whether a sentence as a whole says how the video is to be made."""
    return bool(patterns_of(g).direction.match(_drop_polite(sentence, g).strip(" .!?")))


def _drop_polite(sentence: str, g: Grammar) -> str:
    """Return what a sentence asks for without its "please" and "could you"."""
    rest = patterns_of(g).polite.sub("", sentence, count=1)
    return rest if rest == sentence else rest.rstrip(" ?")


def is_call(sentence: str, g: Grammar) -> bool:
    """Tell whether the sentence asks whoever watches to do something: "Visit us"."""
    return bool(patterns_of(g).call.match(sentence.strip(" .!")))


def _read_sentence(sentence: str, g: Grammar, is_first: bool) -> Part:
    p = patterns_of(g)
    if label := p.label.match(sentence):
        return _read_label(label["label"], label["value"], g)
    if p.bare.match(sentence) or p.kind.match(sentence) or _ADDRESS.fullmatch(sentence):
        return Part("", "")  # there is nothing in it to tell
    greeting = _read_greeting(sentence, g) if is_first else None
    if wish := greeting or _read_wish(sentence, g, is_first):
        return wish
    if _is_order(sentence, g):
        return Part("", "")
    if told := _read_order(_drop_polite(sentence, g), g):
        return told
    bare = is_first and not sentence.endswith((".", "!"))
    return Part("say", _drop_asides(sentence, g, "product") if bare else sentence)


def _read_order(asked: str, g: Grammar) -> Part | None:
    """Return what a sentence asks us to say or to show; None where it asks for neither."""
    p = patterns_of(g)
    if p.we_act.match(asked):
        return Part("say", f"{g.text('we')} {asked[0].lower()}{asked[1:]}")
    if match := p.say.match(asked):
        return Part("say", asked[match.end() :])
    match = p.show.match(asked)
    if not match or not (rest := asked[match.end() :]).strip():
        return None
    if _LAST_WORDS.search(match[0]) or rest[0] in '"“«„':  # "End with: thank you all."
        return Part("say", rest.strip('"“”«»„ '))
    return Part("show", rest.strip(" .!"))


def _read_label(label: str, value: str, g: Grammar) -> Part:
    if g.has("labels_name", label):
        return Part("name", value.strip(' ."“”«»'))
    if g.has("labels_cta", label):
        site = re.fullmatch(r"(?:https?://)?((?:[\w-]+\.)+\w{2,}[^\s.]*)\.?", value.strip())
        return Part("call", g.text("call_url").format(url=site[1]) if site else value)
    if g.has("labels_drop", label):
        return Part("", "")
    return _read_wish(value, g, is_first=True) or Part("subject", value)


def _read_wish(sentence: str, g: Grammar, is_first: bool) -> Part | None:
    """Return what the sentence wishes a video about; None where it is no wish."""
    p = patterns_of(g)
    rest = p.leading.sub("", sentence.strip(), count=1) if is_first else sentence.strip()
    rest = _drop_opener(rest, g) if is_first else rest
    kind: Kind = ""
    begins, ordered = is_first, False
    for _ in range(4):  # "please make a trailer for a film about …": one order within another
        before = rest
        if match := p.polite.match(rest):
            # "can you make … ?" asks us, and nobody else
            rest, ordered = rest[match.end() :].rstrip(" ?"), True
        elif order := _take_order(rest, g, is_first):
            rest, kind, is_first = order.rest, order.kind or kind or order.otherwise, True
        if rest == before or not rest.strip():
            break
    if not kind:
        is_whole = ordered and begins and _is_subject(sentence, rest, g)
        return Part("subject", rest) if is_whole else None
    return Part("subject", _drop_asides(german.nominate(rest, g), g, kind), kind)


@dataclass(frozen=True)
class _Order:
    """What is left of a text without the order that it begins with, and of what kind that is."""

    rest: str
    kind: Kind
    otherwise: Kind


def _take_order(rest: str, g: Grammar, is_first: bool) -> _Order | None:
    """Return a text apart from the order that it begins with; None where it begins with none."""
    p = patterns_of(g)
    if match := _match_film(rest, g, is_first):
        told = _uncontract(match["about"] or "", g) + rest[match.end() :]
        return _Order(told, _kind_of(match["media"], g), "film")
    if not is_first:
        return None
    if match := p.card.match(rest):
        return _Order(rest[match.end() :], "", "film")
    if match := p.announce.match(rest):
        return _Order(_drop_prefix(rest[match.end() :], g), "", "product")
    if match := p.explain.match(rest):
        return _Order(_drop_prefix(rest[match.end() :], g), "", "lesson")
    return None


def _read_greeting(sentence: str, g: Grammar) -> Part | None:
    """Return what a card that moves says: "a thank-you video for our helpers" thanks them."""
    asked = _drop_polite(sentence, g)
    if match := patterns_of(g).greeting.match(asked):
        is_for = g.has("greets_for", match["greeting"])  # "Save the date for our party"
        to = match["to"] if is_for else g.text("greets")
        told = f"{match['greeting']} {to} {asked[match.end() :]}"
        return Part("subject", told, "film")
    return None


def _drop_opener(sentence: str, g: Grammar) -> str:
    """Return an order without the words before it that only greet us: "Hey, quick one: a reel"."""
    rest = OPENER.sub("", sentence, count=1)
    return rest if rest != sentence and _match_film(rest, g, is_first=True) else sentence


def _is_subject(sentence: str, rest: str, g: Grammar) -> bool:
    """Tell whether what somebody asks for is what a video is about: "I want a fox on a bicycle"."""
    needs = re.match(rf"{g.any_of('we_need')}(?!\w)", sentence, re.IGNORECASE)
    return bool(rest) and not needs and not _read_order(rest, g)


def _match_film(rest: str, g: Grammar, is_first: bool) -> re.Match[str] | None:
    """Return where a text asks for a film about something: "make a video of …", "Video: …"."""
    p = patterns_of(g)
    if is_first:
        return p.titled.match(rest) or p.film.match(rest) or p.headed.match(rest)
    is_order = re.match(rf"{g.any_of('make')}(?!\w)", rest, re.IGNORECASE)
    return p.film.match(rest) if is_order else None


def _kind_of(media: str, g: Grammar) -> Literal["product", "lesson", ""]:
    if g.has("product_media", media):
        return "product"
    return "lesson" if g.has("lesson_media", media) else ""


def _uncontract(word: str, g: Grammar) -> str:
    """Return the article within a word that joins two: "del" holds "el"."""
    for whole, article in g.pairs("contracted"):
        if word.lower() == whole:
            return article if article.endswith(("'", "’")) else f"{article} "
    return ""


def _drop_prefix(rest: str, g: Grammar) -> str:
    """Return the text without the end of a verb that was split: "kündige … an"."""
    return re.sub(rf"\s+{g.any_of('separable')}\s*[.!]?$", "", rest, flags=re.IGNORECASE)


def _drop_asides(rest: str, g: Grammar, kind: str) -> str:
    """Return the text without what only tells us how to make it, or for whom."""
    p = patterns_of(g)
    while True:
        shorter = p.trailing.sub("", rest)
        shorter = p.pupils.sub("", shorter) if kind == "lesson" else shorter
        if kind != "product":  # who a product is for is said
            alone = p.audience.sub("", shorter)
            # "Invitamos a los padres" is not for parents alone
            shorter = shorter if g.has("told", alone.split(" ")[-1]) else alone
        if shorter == rest or not shorter.strip():
            return rest
        rest = shorter
