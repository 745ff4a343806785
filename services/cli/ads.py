"""From the options of `storywave make` to the product that an ad is for."""

import argparse
from typing import Any

from services.gateway.contents import EndCardRequest
from services.gateway.requests import VideoRequest

TOLD = ("name", "about", "price", "offer", "url")
"""The options that tell of a product, beside its facts and its picture."""


def read_ad(given: argparse.Namespace) -> dict[str, Any] | None:
    """Return the product that the options tell of; None where they ask for no ad."""
    told = {name: value for name in TOLD if (value := getattr(given, name, None)) is not None}
    known = vars(given)  # not every command has all of these options
    if known.get("fact"):
        told["facts"] = known["fact"]
    # a picture beside a prompt, a script or a plan is one for the end card
    has_other = any(known.get(name) is not None for name in ("prompt", "script", "plan"))
    if not told and (known.get("product") is None or has_other):
        return None
    return {"name": "", **told}


def name_ad_option(field: str) -> str:
    """Return the name on the command line of a field of a product, as `product.facts.0`."""
    name = field.split(".")[1]
    return "--fact" if name == "facts" else f"--{name.replace('_', '-')}"


def show_picture(asked: VideoRequest, image: str) -> VideoRequest:
    """Return the request with a picture: of its product, or else on its end card."""
    if asked.product is not None:
        shown = asked.product.model_copy(update={"picture": image})
        return asked.model_copy(update={"product": shown})
    card = (asked.end_card or EndCardRequest()).model_copy(update={"product_image": image})
    return asked.model_copy(update={"end_card": card})
