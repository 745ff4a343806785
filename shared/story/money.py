"""Money in words: dollars as people write them, and exact micro-dollars. Pure."""

import re
from typing import Annotated

from pydantic import PlainSerializer

from shared.story.fact import Micros

DOLLAR: Micros = 1_000_000

_SMALL = "|".join(f"0{{{zeros}}}[1-9][0-9]{{0,{5 - zeros}}}" for zeros in range(6))
DOLLARS = rf"^([1-9][0-9]{{0,6}}(\.[0-9]{{1,6}})?|0\.({_SMALL}))$"
"""More than nothing, less than ten million, and nothing finer than a micro-dollar."""


AMOUNT = r"^[0-9]{1,7}(\.[0-9]{1,6})?$"
"""The same, or nothing."""


def read_amount(text: str) -> Micros:
    """Return an amount of dollars, or nothing; raises ValueError with what to write instead."""
    if not re.fullmatch(AMOUNT, text):
        raise ValueError("write dollars as a text like 2.50, less than 10000000")
    whole, _, part = text.partition(".")
    return int(whole) * DOLLAR + int(part.ljust(6, "0"))


def read_dollars(text: str) -> Micros:
    """Return an amount that is more than nothing; raises ValueError with what to write instead."""
    is_negative = re.fullmatch(r"-[0-9]*\.?[0-9]+", text)
    if is_negative or read_amount(text) == 0:
        raise ValueError("give more than 0 dollars, like 2.50: nothing is spent without a budget")
    return read_amount(text)


def say_dollars(amount: Micros) -> str:
    """Return an amount in dollars, exactly: at least cents, and no zeros after them."""
    whole, part = divmod(abs(amount), DOLLAR)
    cents = f"{part:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if amount < 0 else ''}{whole}.{cents}"


Dollars = Annotated[Micros, PlainSerializer(say_dollars, return_type=str, when_used="json")]
"""Micro-dollars that leave as a decimal text of dollars: no reader can round them by mistake."""
