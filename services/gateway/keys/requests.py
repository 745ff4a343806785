"""Requests for API keys, checked field by field. Pure."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

from services.gateway.amounts import Budget
from services.gateway.errors.wording import Unit
from services.gateway.fields import EXACT, Line, OneOf, accept_whole
from services.gateway.keys.caller import OWNER, Limits, Role
from shared.story.money import read_dollars

Count = Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(accept_whole)]


class KeyRequest(BaseModel):
    """An API key to make."""

    model_config = EXACT

    owner: str = Field(pattern=OWNER, description="Whose videos it is for.", examples=["acme"])
    role: Annotated[str, OneOf(tuple(map(str, Role)))] = Field(
        description="viewer reads; maker makes what costs nothing; payer spends; admin also gives "
        "keys, of any owner."
    )
    name: Line = Field("", description="So that people know it again.")
    requests_a_minute: Count | None = None
    active_videos: Count | None = Field(
        None, description="That have been asked for and have not ended."
    )
    spend_a_day: Budget | None = Field(
        None,
        description="Dollars: the sum of the budgets of all that is asked for on one day (UTC).",
        examples=["20.00"],
    )

    @property
    def limits(self) -> Limits:
        """Return what the key is limited to."""
        spend = None if self.spend_a_day is None else read_dollars(self.spend_a_day)
        return Limits(
            requests_a_minute=self.requests_a_minute,
            active_videos=self.active_videos,
            spend_a_day=spend,
        )


class RotateRequest(BaseModel):
    """Another token for a key."""

    model_config = EXACT

    grace_hours: Annotated[float, Unit("hours"), Field(allow_inf_nan=False)] = Field(
        0, ge=0, le=720, description="So long the token before is good yet: 0 ends it at once."
    )
