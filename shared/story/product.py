"""What an ad is for, as its user tells it, and what was seen on its picture. Pure."""

import re

from shared.story.fact import Fact


class Product(Fact):
    """What an ad is for: all that may be said and shown of it."""

    name: str
    about: str = ""
    """What it is, as "a running shoe made of fishing nets"."""
    picture: str | None = None
    """The id of a picture that its owner has given."""
    facts: tuple[str, ...] = ()
    price: str = ""
    offer: str = ""
    url: str = ""
    call_to_action: str = ""


class ProductLook(Fact):
    """What was seen on the picture of a product."""

    key: str
    """The cut-out: the product without its backdrop, on a canvas of its own size."""
    palette: tuple[str, ...] = ()
    """Its colours as #rrggbb, those of the largest parts first."""
    box: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    """Where it is on the picture: left, top, right, bottom, in parts of the whole."""
    method: str = "whole"
    """How it was found: alpha, backdrop or grabcut; whole where it could not be cut out."""


def describe_product(product: Product, look: ProductLook | None = None) -> str:
    """Return what it is in one phrase: the same words in every prompt."""
    about = re.split(r"(?<=[.!?])\s", product.about.strip(), maxsplit=1)[0].rstrip(" .,;!?")
    is_named = product.name.lower() in about.lower()
    told = about if is_named else f"{product.name}, {about}" if about else product.name
    colours = name_colours(look.palette) if look else ()
    return f"{told}, in {' and '.join(colours)}" if colours else told


def write_wish(product: Product) -> str:
    """Return all that is told of it as a text, for whoever plans from words."""
    rows = (
        ("Product", product.name),
        ("About", product.about),
        *(("Fact", fact) for fact in product.facts),
        ("Price", product.price),
        ("Offer", product.offer),
        ("Address", product.url),
        ("Call to action", product.call_to_action),
    )
    return "\n".join(f"{label}: {text}" for label, text in rows if text)


# ── the names of colours ────────────────────────────────────────────────────────────────────────

_MOST = 2
_HUES = (
    (15, "red"), (42, "orange"), (70, "yellow"), (165, "green"), (200, "turquoise"),
    (255, "blue"), (290, "violet"), (345, "pink"), (361, "red"),
)  # fmt: skip
_GREY, _DARK, _BRIGHT = 0.16, 0.2, 0.82


def name_colours(palette: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the first colours, each once."""
    names = (name_colour(bytes.fromhex(each.lstrip("#"))) for each in palette)
    return tuple(dict.fromkeys(names))[:_MOST]


def name_colour(colour: bytes) -> str:
    """Return the everyday name of a colour: red, green and blue as bytes."""
    red, green, blue = (part / 255 for part in colour)
    high, low = max(red, green, blue), min(red, green, blue)
    if high < _DARK:
        return "black"
    if high - low < _GREY * high:
        return "white" if high > _BRIGHT else "grey"
    hue = _find_hue(red, green, blue)
    name = next(name for end, name in _HUES if hue < end)
    return "brown" if name == "orange" and high < 0.65 else name


def _find_hue(red: float, green: float, blue: float) -> float:
    """Return the angle of a colour that is no grey: 0 is red, 120 green, 240 blue."""
    high, span = max(red, green, blue), max(red, green, blue) - min(red, green, blue)
    if high == red:
        return ((green - blue) / span % 6) * 60
    if high == green:
        return ((blue - red) / span + 2) * 60
    return ((red - green) / span + 4) * 60
