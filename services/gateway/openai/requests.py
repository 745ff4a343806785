"""Requests in OpenAI's shape, and the wishes that each becomes. Pure."""

import re
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from services.gateway.amounts import Budget
from services.gateway.errors.problems import explain_input
from services.gateway.fields import Seconds
from services.gateway.requests import PROMPT_LIMIT, VideoRequest
from shared.story.brief import LONGEST_VIDEO, Brief
from shared.story.formats import Aspect, Quality
from shared.story.money import say_dollars
from shared.story.texts import VISIBLE

SHORTEST = 4
"""Seconds: without an end card, less is enough than elsewhere."""
MODEL, REMIXED = "openai_model", "openai_remixed_from"
"""The notes on a video that this API reads again."""
TIERS = {"sora-2": "standard", "sora-2-pro": "best"}
"""Their models → the tier of ours. What else has a name of ours is the model of the clips."""
FULL_SIDE = 1_000
"""Pixels: from here on a short side is meant as full, and below as a draft."""


class ShortRequest(VideoRequest):
    """A video that may be as short as theirs are."""

    duration: Seconds = Field(SHORTEST, ge=SHORTEST, le=LONGEST_VIDEO)


def _read_seconds(given: object) -> object:
    """Return a number for its text: theirs is a text."""
    is_number = isinstance(given, str) and re.fullmatch(r"\d{1,3}(\.\d{1,20})?", given)
    return float(str(given)) if is_number else given


def _check_size(size: str) -> str:
    if not re.fullmatch(SIZE, size):
        raise ValueError("write width and height like 720x1280")
    return size


SIZE = r"^[1-9][0-9]{1,4}x[1-9][0-9]{1,4}$"

Prompt = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=PROMPT_LIMIT),
    Field(description="What the video should show.", json_schema_extra={"pattern": VISIBLE}),
]


class VideoCreate(BaseModel):
    """A video to make. Fields that are not known here are passed over, as theirs may grow."""

    model_config = ConfigDict(extra="ignore")

    prompt: Prompt
    model: str = Field("sora-2", max_length=100, description="sora-2, sora-2-pro, or one of ours.")
    seconds: Annotated[float, BeforeValidator(_read_seconds)] = Field(
        SHORTEST,
        ge=SHORTEST,
        le=LONGEST_VIDEO,
        json_schema_extra={"examples": ["8"]},
        description="4, 8, 12 or any other, as a text or a number.",
    )
    size: Annotated[str, AfterValidator(_check_size)] = Field(
        "720x1280",
        json_schema_extra={"pattern": SIZE},
        description="Higher than wide is 9:16, wider than high 16:9, else 1:1.",
    )
    budget: Budget | None = Field(
        None, description="Not theirs: the most that it may cost, in dollars, as `2.50`."
    )

    def build(self, image: str | None = None) -> ShortRequest:
        """Return what is to be made; `image` is the upload that it begins with."""
        aspect, quality = read_size(self.size)
        wishes: dict[str, Any] = {
            "prompt": self.prompt,
            "duration": self.seconds,
            "aspect": aspect,
            "quality": quality,
            "captions": "none",  # theirs have none, and no end card
            "end_card": None,
            "metadata": {MODEL: self.model},
            **_choose_model(self.model),
        }
        if image is not None:
            wishes["beats"] = [{"index": 0, "image": image}]
        if self.budget is not None:
            wishes["budget"] = self.budget
        return _check(wishes)


class VideoRemix(BaseModel):
    """The same video with other words."""

    model_config = ConfigDict(extra="ignore")

    prompt: Prompt


def read_size(size: str) -> tuple[Aspect, Quality]:
    """Return the shape and the quality that a size asks for."""
    width, height = map(int, size.split("x"))
    aspect: Aspect = "1:1" if width == height else "9:16" if width < height else "16:9"
    return aspect, "full" if min(width, height) >= FULL_SIDE else "draft"


def _choose_model(model: str) -> dict[str, Any]:
    name = next(
        (ours for ours in sorted(TIERS, key=len, reverse=True) if model.startswith(ours)), ""
    )
    if name:
        return {"tier": TIERS[name]}
    return {"models": {"clip": model}} if "/" in model else {}


def _check(wishes: dict[str, Any]) -> ShortRequest:
    """Return the request; BadInput names what can't be, as for our own API."""
    try:
        return ShortRequest.model_validate(wishes)
    except ValidationError as error:
        raise explain_input(error, ShortRequest.model_fields) from None


KEPT = (
    "duration",
    "aspect",
    "quality",
    "style",
    "voice",
    "music",
    "say",
    "captions",
    "transition",
    "transition_seconds",
    "clip_sound",
    "clip_check",
    "min_clips",
    "image_takes",
    "reuse",
    "seed",
    "priority",
    "on_cap",
)
"""The wishes of a brief that a remix takes over as they are."""


def build_remix(brief: Brief, source: str, model: str, prompt: str) -> ShortRequest:
    """Return the request for the same brief with a new prompt."""
    values = brief.model_dump(mode="json")
    wishes = {name: values[name] for name in KEPT}
    wishes |= {"prompt": prompt, "end_card": values["end_card"], "beats": values["own"]}
    wishes |= {"tier": brief.tier or None, "models": dict(brief.models)}
    wishes |= {"metadata": {MODEL: model, REMIXED: source}}
    if brief.budget is not None:
        wishes["budget"] = say_dollars(brief.budget)
    return _check(wishes)
