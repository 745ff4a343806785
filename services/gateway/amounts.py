"""Requests about money, checked field by field; money is a text of dollars. Pure."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema

from services.gateway.fields import EXACT
from shared.story.money import AMOUNT, DOLLARS, read_amount, read_dollars


def _check_dollars(text: str) -> str:
    read_dollars(text)
    return text


Budget = Annotated[
    str, AfterValidator(_check_dollars), WithJsonSchema({"type": "string", "pattern": DOLLARS})
]


class VideoChange(BaseModel):
    """A change of what a video may cost."""

    model_config = EXACT

    budget: Budget = Field(
        description="The most that it may cost in all, in dollars: with what is spent already.",
        examples=["5.00"],
    )


def _check_amount(text: str) -> str:
    read_amount(text)
    return text


class JobAnswer(BaseModel):
    """What a person has found out about an unresolved job."""

    model_config = EXACT

    job: str = Field(max_length=300, description="Its id, as the list of unresolved jobs has it.")
    do: Literal["retry", "drop"]
    paid: (
        Annotated[
            str,
            AfterValidator(_check_amount),
            WithJsonSchema({"type": "string", "pattern": AMOUNT}),
        ]
        | None
    ) = Field(
        None,
        description="What the provider has charged, in dollars; by default all that is held.",
        examples=["0.00"],
    )
