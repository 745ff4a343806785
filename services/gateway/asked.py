"""A request as the API shows it: in the words and the units in which it is made. Pure."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, PlainSerializer

from shared.runtime.defaults import Missing
from shared.story.brief import Brief, OwnBeat
from shared.story.money import Dollars

GAPS: Mapping[Missing, str] = {"pan": "fill", "title": "title", "omit": "leave"}
"""The words of a request for what is shown where a clip is missing → those of a brief."""

_MISSING = {gap: word for word, gap in GAPS.items()}


def _say_missing(gap: str) -> str:
    return _MISSING[gap]


class Asked(Brief):
    """What a video was asked for, with a value for everything that was left open."""

    own: tuple[OwnBeat, ...] = Field((), serialization_alias="beats")
    gaps: Annotated[
        Literal["fill", "title", "leave"],
        PlainSerializer(_say_missing, return_type=Missing, when_used="json"),
    ] = Field("fill", serialization_alias="missing")
    budget: Dollars | None = None


def show_request(brief: Brief) -> Asked:
    """Return a brief to be shown; it was checked when it was read."""
    return Asked.model_construct(brief.model_fields_set, **vars(brief))
