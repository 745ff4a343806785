"""The bible of a video: what comes again in it, and how that looks, in the same words everywhere.

Each entry has a description, which is repeated word for word in every prompt that shows it, and a
reference picture, which models that take some follow. Pure.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from shared.story.beats import Beat
from shared.story.fact import Fact
from shared.story.images import image_key
from shared.story.looks import find_style
from shared.story.product import Product, ProductLook, describe_product

What = Literal["character", "setting", "product"]

_OFTEN = 2
"""A place that is seen in so many beats has a reference."""
_MOST_PLACES = 4
"""Each of them costs a picture of its own: of more places, those that are seen most have one."""


class Entry(Fact):
    """A character, a setting or a product; its number among all entries numbers its reference."""

    name: str
    what: What = "character"
    looks: str = ""
    """Its description; empty where nothing is known but its name."""
    picture: str = ""
    """The key of a picture that the user gave: then none is made."""
    cutout: str = ""
    """The key of the same without its backdrop."""


class Bible(Fact):
    """What comes again in a video."""

    style: str = ""
    """What all of it looks like."""
    entries: tuple[Entry, ...] = ()

    @property
    def product(self) -> Entry | None:
        """Return the entry of the product that the video is an ad for."""
        return next((entry for entry in self.entries if entry.what == "product"), None)


def write_bible(
    style: str, beats: Sequence[Beat], looks: Mapping[str, str], product: Entry | None = None
) -> Bible:
    """Return the bible of these beats. The product comes first: some models follow one picture."""
    # a dict keeps the first place of each, so that the same plan always gives the same numbers
    names = dict.fromkeys(name for beat in beats for name in beat.characters)
    people = [Entry(name=name, looks=looks.get(name, "")) for name in names]
    places = Counter(beat.setting for beat in beats if beat.setting)
    most = {name for name, count in places.most_common(_MOST_PLACES) if count >= _OFTEN}
    settings = [
        Entry(name=name, what="setting", looks=looks.get(name, ""))
        for name in places
        if name in most
    ]
    first = () if product is None else (product,)
    return Bible(style=find_style(style).prompt, entries=(*first, *people, *settings))


def enter_product(product: Product, look: ProductLook | None, owner: str) -> Entry:
    """Return the entry of a product; this owner may have given its picture."""
    return Entry(
        name=product.name,
        what="product",
        looks=describe_product(product, look),
        picture=image_key(owner, product.picture) if product.picture else "",
        cutout=look.key if look else "",
    )


def is_seen(entry: Entry, beats: Iterable[Beat]) -> bool:
    """Tell whether an entry is seen in one of these beats; a product is in every one."""
    if entry.what == "product":
        return True
    if entry.what == "setting":
        return any(beat.setting == entry.name for beat in beats)
    return any(entry.name in beat.characters for beat in beats)


def describe_beat(bible: Bible, beat: Beat) -> tuple[str, ...]:
    """Return the descriptions of all that is seen in a beat, word for word."""
    shown = (entry for entry in bible.entries if is_seen(entry, [beat]))
    return tuple(_describe(entry) for entry in shown if entry.looks)


def _describe(entry: Entry) -> str:
    return entry.looks if entry.name in entry.looks else f"{entry.name}: {entry.looks}"
