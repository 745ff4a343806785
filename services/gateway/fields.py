"""Types of fields that several requests have. Pure."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, StringConstraints
from pydantic_core import CoreSchema, core_schema

from shared.story.texts import make_one_line

EXACT = ConfigDict(extra="forbid", strict=True)
"""Nothing is guessed: false is no number, nor is "30", and an unknown field is refused."""

Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=120),
    AfterValidator(make_one_line),
]


@dataclass(frozen=True)
class OneOf:
    """Accepts one of these names, as a Literal does, which can't be read from a table."""

    names: tuple[str, ...]

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> CoreSchema:
        return core_schema.literal_schema([*self.names])
