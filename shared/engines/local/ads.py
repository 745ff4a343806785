"""The rule-based planner of ads: from a product to four scenes, or as many as its time asks for.

It says what its user says of the product, and nothing else: what it is, then its facts, then price
and offer, and what to do. Where it looks like what, `ads.toml` says for each kind of product.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from shared.engines.local.grammar import Grammar, grammar_of
from shared.engines.local.language import language_of
from shared.engines.local.pace import speaking_seconds
from shared.engines.local.phrases import SETTINGS
from shared.engines.local.reading import name_for_pictures
from shared.engines.local.sentences import finish, split_sentences
from shared.engines.local.telling import tell_product
from shared.engines.local.topics import FEATURING, LIVING, UNDRAWN, Hero, Scene, hero_of, thing_of
from shared.story.brief import Brief
from shared.story.drafts import MIN_BEAT_SECONDS, Draft, Story
from shared.story.looks import find_style
from shared.story.product import Product, ProductLook, describe_product
from shared.story.shape import expect_scenes

_BUTTON = 40  # letters on the button of the end card


@dataclass(frozen=True)
class Template:
    """A scene of an ad: where, from how far, and what is seen of the product."""

    place: Scene
    view: str
    shows: str


@dataclass(frozen=True)
class _Told:
    """A sentence between the first and the last words of an ad, and how much it matters."""

    text: str
    worth: int


def advertise(brief: Brief, seconds: float, look: ProductLook | None = None) -> Story:
    """Return the story of an ad of about `seconds`."""
    assert brief.product is not None, "only an ad is planned here"
    product = brief.product
    grammar = grammar_of(_find_language(product))
    count = expect_scenes(seconds)
    lines = _write_lines(product, grammar, count, seconds)
    found = find_thing(product, grammar)
    drawn = name_for_pictures(found, "product", (), grammar.code if grammar else "", False)
    scenes = choose_scenes(found[0] if found else None, count)
    moves = find_style(brief.style).camera
    told = describe_product(product, look)
    return Story(
        title=product.name,
        headline=product.name,
        cta=_write_call(product, grammar),
        beats=tuple(
            _draft(scene, moves[(n + brief.seed) % len(moves)], told, drawn, line)
            for n, (scene, line) in enumerate(zip(scenes, lines, strict=True))
        ),
    )


def _find_language(product: Product) -> str:
    """Return the language of what is told; a name alone tells of none."""
    told = " ".join((product.about, *product.facts, product.offer, product.call_to_action))
    return language_of(told if any(c.isalpha() for c in told) else product.name)


# ── what is seen ────────────────────────────────────────────────────────────────────────────────


def find_thing(product: Product, grammar: Grammar | None) -> tuple[Hero, str] | None:
    """Return what kind of thing it is, and the word for that; None where no word tells."""
    code = (grammar.code,) if grammar else ()
    told = (product.about, *product.facts)
    found = next((thing for text in told if (thing := hero_of(text, *code))), None)
    if found and found[0] in UNDRAWN:  # "food for hamsters"
        found = next((thing for text in told if (thing := thing_of(text, *code))), found)
    # what it is called says little of what it is: an owl sells coffee
    words = (hero_of(word, *code) for word in product.name.split())
    return found or next((thing for thing in words if thing and thing[0] not in LIVING), None)


def choose_scenes(thing: Hero | None, count: int) -> list[Template]:
    """Return so many scenes: the first and the last are always those of this kind of product."""
    opening, *between, closing = _find_templates(thing)
    middle = [between[n % len(between)] for n in range(count - 2)]
    return [opening, *_vary(middle, len(between)), closing][:count]


def _vary(scenes: Sequence[Template], different: int) -> list[Template]:
    """Return the scenes, with other words for those that come again."""
    return [
        replace(scene, shows=f"{scene.shows}, from its {_SIDES[n // different % len(_SIDES)]}")
        if n >= different
        else scene
        for n, scene in enumerate(scenes)
    ]


_SIDES = ("left", "right", "back", "top", "front", "far side", "near side", "lower side")


@cache
def _load() -> Mapping[str, Mapping[str, Any]]:
    text = files(__package__).joinpath("ads.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _find_templates(thing: Hero | None) -> list[Template]:
    kinds = _load()
    kind = next((each for each in kinds.values() if thing in each["heroes"]), kinds["thing"])
    return [Template(**scene) for scene in kind["scenes"]]


def _draft(scene: Template, move: str, told: str, drawn: str, line: str) -> Draft:
    setting = SETTINGS[scene.place]
    spoken = speaking_seconds(line)
    return Draft(
        # the place comes first and the thing last: whoever draws it finds both in every scene
        f"{scene.view} {setting}, {move}: {told}, {scene.shows}, {FEATURING} {drawn}",
        line,
        seconds=max(MIN_BEAT_SECONDS, spoken),
        setting=setting,
        camera=f"{scene.view.lower()}, {move}",
    )


# ── what is said ────────────────────────────────────────────────────────────────────────────────


def _write_lines(
    product: Product, grammar: Grammar | None, count: int, seconds: float
) -> list[str]:
    """Return what is said in each scene. Where it is too much, what it is gets told shorter."""
    least = seconds - MIN_BEAT_SECONDS * (count - 1)
    close = _fit_close(product, least) if count > 1 else _list_closes(product)[0]
    room = seconds - min(speaking_seconds(close), least)
    lines: list[str] = []
    for opening, told in _list_shorter(product, grammar):
        lines = _arrange(product, opening, told, count, close)
        if sum(max(MIN_BEAT_SECONDS, speaking_seconds(line)) for line in lines[:-1]) <= room:
            break
    return lines


def _list_shorter(
    product: Product, grammar: Grammar | None
) -> Iterator[tuple[str, Sequence[_Told]]]:
    """Yield the opening and what follows it, shorter each time.

    What only describes goes first, then the facts; of both, what has a number stays longest.
    """
    opening, *more = _introduce(product, grammar)
    described = [_Told(text, 1 + _counts(text)) for text in more]
    facts = [_Told(finish(fact), 3 + _counts(fact)) for fact in product.facts]
    yield from ((opening, [*kept, *facts]) for kept in _drop_least(described))
    opening = _shorten_opening(opening, product, grammar)
    yield from ((opening, kept) for kept in _drop_least(facts))


def _drop_least(told: Sequence[_Told]) -> Iterator[Sequence[_Told]]:
    """Yield these sentences, then each time without the last of those that matter least."""
    kept = [*told]
    yield [*kept]
    while kept:
        least = min(each.worth for each in kept)
        del kept[max(at for at, each in enumerate(kept) if each.worth == least)]
        yield [*kept]


def _counts(text: str) -> bool:
    """Tell whether a text has a number in it."""
    return any(map(str.isdigit, text))


def _shorten_opening(opening: str, product: Product, grammar: Grammar | None) -> str:
    """Return an opening that is said within its scene: whole phrases of it, else the name."""
    if speaking_seconds(opening) <= MIN_BEAT_SECONDS:
        return opening
    words = opening.split()
    ends = re.compile(r"[,;:–—]$")
    joins = grammar.words("joining") if grammar else frozenset[str]()
    cuts = (
        finish(" ".join(words[:at]))
        for at in range(len(words) - 1, len(product.name.split()) + 1, -1)
        if ends.search(words[at - 1]) or words[at].lower() in joins
    )
    named = opening.startswith(product.name)
    fits = (cut for cut in cuts if speaking_seconds(cut) <= MIN_BEAT_SECONDS)
    return next(fits, finish(product.name)) if named else finish(product.name)


def _arrange(
    product: Product, opening: str, told: Sequence[_Told], count: int, close: str
) -> list[str]:
    """Return the line of each scene; the price comes before the last one, if more is on offer."""
    middle = [each.text for each in told]
    if product.price and product.offer:
        middle.append(finish(f"{product.name}: {product.price}"))
    room = count - 2
    what = _tell_what(product, opening) if room > len(middle) else []
    if what:  # its name alone opens, and more is left to say
        opening, middle = finish(product.name), [*what, *middle]
    if room < 1:
        return [" ".join((opening, *middle)), close] if count > 1 else [f"{opening} {close}"]
    return [opening, *_spread(middle, room), close]


def _introduce(product: Product, grammar: Grammar | None) -> list[str]:
    """Return what it is, as sentences that name it."""
    about = product.about.strip()
    if not about:
        return [finish(product.name)]
    first, *rest = split_sentences(about, grammar) or (about,)
    if product.name.lower() in first.lower():
        return [finish(first), *map(finish, rest)]
    told = f"{product.name}, {first[0].lower() + first[1:] if _is_small(first, grammar) else first}"
    said = tell_product(told, product.name, grammar) if grammar else [finish(told)]
    return [*said, *map(finish, rest)]


def _is_small(text: str, grammar: Grammar | None) -> bool:
    """Tell whether a text begins with a word that is only large because it begins it."""
    return grammar is not None and grammar.has("articles", text.split()[0])


def _tell_what(product: Product, opening: str) -> list[str]:
    """Return the opening without the name before it; nothing where it is more than that."""
    start = f"{product.name}, "
    return [finish(opening[len(start) :])] if opening.startswith(start) else []


def _fit_close(product: Product, room: float) -> str:
    """Return the longest last words for which there is time, else the shortest."""
    closes = _list_closes(product)
    return next((each for each in closes if speaking_seconds(each) <= room), closes[-1])


def _list_closes(product: Product) -> list[str]:
    """Return the last words: its name with what is on offer, and what to do; shorter each time.

    The offer stays, for its name was said before.
    """
    offer, call = product.offer or product.price, finish(product.call_to_action)
    name = finish(product.name)
    short = finish(offer) if offer else name
    named = finish(f"{product.name}: {offer}") if offer else name
    with_call = [f"{named} {call}", f"{short} {call}"] if product.call_to_action else []
    return [*with_call, named, short]


def _spread(said: Sequence[str], room: int) -> list[str]:
    """Return the sentences in so many scenes, in order and as evenly as can be."""
    whole = max(room, len(said))
    at = [n * room // whole for n in range(len(said))]
    return [" ".join(text for text, place in zip(said, at, strict=True) if place == n)
            for n in range(room)]  # fmt: skip


def _write_call(product: Product, grammar: Grammar | None) -> str:
    """Return what the button says: in its user's words, else what follows from them."""
    if product.call_to_action:
        return product.call_to_action
    host = name_host(product.url)
    if grammar is None:
        return next((text for text in (host, product.offer, product.price) if text), "")[:_BUTTON]
    if host and len(host) <= _BUTTON:
        return grammar.text("call_url").format(url=host)
    offer = re.match(grammar.any_of("percent", "free"), product.offer, re.IGNORECASE)
    if offer is None:  # nothing to open is known: what it costs says more than "Discover more"
        told = product.offer or product.price
        return told if 0 < len(told) <= _BUTTON else grammar.text("call_product")
    said = offer.group().strip()
    lower = said[0].lower() + said[1:] if grammar.code != "de" else said
    return grammar.text("call_offer").format(offer=lower)


def name_host(url: str) -> str:
    """Return the name of the site, as a person says it."""
    rest = url.partition("://")[2] or url
    return rest.partition("/")[0].partition("?")[0].removeprefix("www.").lower()
