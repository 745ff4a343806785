"""What may be asked of one beat, checked field by field, and the event that each becomes. Pure."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from services.gateway.fields import EXACT, Picture, Seconds, Text, Whole, accept_whole
from services.gateway.read.actions import Action
from shared.story.brief import LONGEST_VIDEO
from shared.story.drafts import SHORTEST_LAST

PictureNumber = Annotated[int, Field(ge=0, le=3), BeforeValidator(accept_whole)]


class BeatChange(BaseModel):
    """What is to be different in a beat; all that is left out stays as it is."""

    model_config = EXACT

    prompt: Picture | None = Field(
        None, description="What it shows. Its image and its clips are made again."
    )
    narration: Text | None = Field(
        None, description="What is said in it; empty is silence. Its voice is made again."
    )
    duration: Seconds | None = Field(
        None,
        ge=SHORTEST_LAST,
        le=LONGEST_VIDEO,
        description="How long it lasts. Its clips are made again, and the video is longer or "
        "shorter by as much.",
    )
    skipped: Literal[False] | None = Field(None, description="false: a skipped beat comes back.")

    @property
    def action(self) -> Action:
        """Return what this asks of a video."""
        return Action.EDIT

    def describe(self) -> dict[str, Any]:
        """Return the fields of the event; none where nothing is asked for."""
        given = self.model_dump(exclude_none=True)
        given.pop("skipped", None)
        return given


class RegenerateRequest(BaseModel):
    """What of a beat is made anew. What follows from it is made anew with it."""

    model_config = EXACT

    what: Literal["image", "clip", "voice", "all"] = Field(
        "image", description="The image takes the clips with it; all is image and voice."
    )

    @property
    def action(self) -> Action:
        """Return what this asks of a video."""
        return Action.REGENERATE

    def describe(self) -> dict[str, Any]:
        """Return the fields of the event."""
        return {"what": self.what}


class SkipRequest(BaseModel):
    """A beat is left out; it keeps its number and may come back."""

    model_config = EXACT

    @property
    def action(self) -> Action:
        """Return what this asks of a video."""
        return Action.SKIP

    def describe(self) -> dict[str, Any]:
        """Return the fields of the event."""
        return {}


class ChooseRequest(BaseModel):
    """A take that a beat had before."""

    model_config = EXACT

    kind: Literal["image", "clip", "voice"]
    take: Whole = Field(ge=0, description="Its number, as the beat's `takes` list it.")
    image: PictureNumber | None = Field(
        None, description="Of several pictures of that take, the number of one."
    )

    @property
    def action(self) -> Action:
        """Return what this asks of a video."""
        return Action.CHOOSE

    def describe(self) -> dict[str, Any]:
        """Return the fields of the event."""
        return self.model_dump(exclude_none=True)


Change = BeatChange | RegenerateRequest | SkipRequest | ChooseRequest
