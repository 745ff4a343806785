"""The sorts of fields that requests are made of, each with its limits. Pure."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import CoreSchema, core_schema

from services.gateway.errors.wording import Unit
from shared.story.texts import VISIBLE, make_one_line

EXACT = ConfigDict(extra="forbid", strict=True)
"""Nothing is guessed: false is no number, nor is "30", and an unknown field is refused."""

LONGEST_LINE, LONGEST_TEXT = 120, 1_000
"""Letters: of a name or a title, and of what a beat shows or says."""


def accept_whole(number: object) -> object:
    """Return 3 for 3.0: to JSON both are the same number."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


Whole = Annotated[int, BeforeValidator(accept_whole)]
AtOnce = Annotated[int, Field(ge=0, le=60), BeforeValidator(accept_whole)]
"""Its bounds stand before the function: behind it, a value that may be null would lack them."""
Seconds = Annotated[float, Unit("seconds"), Field(allow_inf_nan=False)]


@dataclass(frozen=True)
class OneOf:
    """Accepts one of these names, as a Literal does, which can't be read from a table."""

    names: tuple[str, ...]

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> CoreSchema:
        return core_schema.literal_schema([*self.names])


Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=LONGEST_LINE),
    AfterValidator(make_one_line),
]
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=LONGEST_TEXT),
    AfterValidator(make_one_line),
]


def _check_picture(text: str) -> str:
    if not text:
        raise ValueError("say what the beat should show")
    return text


Picture = Annotated[
    Text, AfterValidator(_check_picture), Field(json_schema_extra={"pattern": VISIBLE})
]
"""What a beat shows."""
