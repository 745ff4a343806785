"""Requests of users that name a webhook, checked field by field. Pure."""

from typing import Annotated

from pydantic import BaseModel, Field

from services.gateway.fields import EXACT, OneOf
from services.gateway.webhooks.occasions import NAMES


class WebhookRequest(BaseModel):
    """A URL that is told, and of what."""

    model_config = EXACT

    url: str = Field(
        min_length=1,
        max_length=2000,
        description="It must lead to a public address. It is sent a POST, signed as Standard "
        "Webhooks says, within ten seconds of which it should answer 2xx. It is tried for a day; "
        "410 ends that for good.",
        examples=["https://shop.example/hooks/storywave"],
    )
    events: list[Annotated[str, OneOf(NAMES)]] = Field(
        default_factory=lambda: list(NAMES),
        min_length=1,
        max_length=len(NAMES),
        description="What it is told of; all, if left out.",
    )
