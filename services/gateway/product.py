"""The product that an ad is for, checked field by field. Pure."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from services.gateway.fields import EXACT, Line, OneOf
from shared.story.looks import STYLES
from shared.story.product import Product
from shared.story.texts import make_one_line

_SIGN = r"(?:[$€£¥₹₺₩]|R\$|kr|zł|Kč|CHF|[A-Z]{3}|euros?|dollars?|pounds?|reais|francs?|yen|cents?)"
_NUMBER = r"\d{1,3}(?:[.,'’ \u00a0\u202f]\d{3})*(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?"
_LEAD = r"(?:from|only|just|now|ab|nur|jetzt|desde|solo|sólo|dès|seulement|da|a partir de|só)"
_EACH = r"(?:(?:/|a|an|per|each|pro|par|al|por|im|je)\s*\w{1,20})"
PRICE = re.compile(
    rf"(?:{_LEAD}\s+)?(?:{_SIGN}\s?(?:{_NUMBER})|(?:{_NUMBER})\s?{_SIGN})(?:\s*{_EACH})?"
    r"|free|gratis|kostenlos|gratuit|gratuito",
    re.IGNORECASE,
)
_URL = re.compile(r"(?:https?://)?(?:[\w-]{1,63}\.)+[^\W\d_]{2,24}(?::\d{1,5})?(?:[/?#]\S*)?")


def _check_name(name: str) -> str:
    if not any(letter.isalnum() for letter in name):
        raise ValueError("say what the product is called, in letters or numbers")
    return make_one_line(name)


def _check_price(price: str) -> str:
    if price and not PRICE.fullmatch(price):
        raise ValueError('write an amount with its currency, as "$49", "12.50 €" or "$18 a month"')
    return price


def _check_url(url: str) -> str:
    if url and not _URL.fullmatch(url):
        raise ValueError('write the address of a page, as "https://example.com/shoe"')
    return url


class ProductRequest(BaseModel):
    """What an ad is for. It says what you say of it here, and nothing else."""

    model_config = EXACT

    name: Annotated[
        str,
        StringConstraints(strip_whitespace=True, max_length=60),
        AfterValidator(_check_name),
    ] = Field(examples=["AirFlex"], json_schema_extra={"minLength": 1})
    about: Annotated[
        str,
        StringConstraints(strip_whitespace=True, max_length=500),
        AfterValidator(make_one_line),
    ] = Field(
        "",
        description="What it is, in the language of the ad.",
        examples=["a running shoe made of recycled fishing nets"],
    )
    picture: Annotated[str, Field(max_length=100)] | None = Field(
        None,
        description="The id of its picture, as POST /v1/images gave it: it is cut out, and seen in "
        "every scene.",
    )
    style: Annotated[str, OneOf(tuple(STYLES))] | None = Field(
        None, description="The same as `style` of the video."
    )
    call_to_action: Line = Field(
        "", description="If left out, it is written from the offer or the address."
    )
    facts: list[Line] = Field(default_factory=list, max_length=12)
    price: Annotated[Line, AfterValidator(_check_price)] = Field("", examples=["$49"])
    offer: Line = Field("", examples=["20% off until Sunday"])
    url: Annotated[
        str,
        StringConstraints(strip_whitespace=True, max_length=300),
        AfterValidator(_check_url),
    ] = Field("", examples=["https://example.com"])

    def product(self) -> Product:
        """Return it in the words of all services."""
        facts = tuple(fact for fact in self.facts if fact)
        return Product(**self.model_dump(exclude={"style", "facts"}), facts=facts)
