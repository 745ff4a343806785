"""The parts of a request for a video: its end card, its models, beats of your own. Pure."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from services.gateway.fields import EXACT, Line, OneOf, Seconds, Whole
from shared.story.brief import ClipSound
from shared.story.looks import CARD_CHOICES
from shared.story.texts import make_one_line


def _check_name(name: str) -> str:
    # it is looked for in texts as a word: one of signs alone would be found nowhere
    if not any(letter.isalnum() for letter in name):
        raise ValueError("give a word with letters, and how it is pronounced")
    return make_one_line(name)


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=60),
    AfterValidator(_check_name),
]
Pronounced = Annotated[Line, AfterValidator(_check_name)]


class EndCardRequest(BaseModel):
    """The last seconds of the video; what is left empty is written from the plan."""

    model_config = EXACT

    headline: Line = ""
    call_to_action: Line = ""
    seconds: Seconds = Field(2.5, ge=1, le=10)
    style: Annotated[str, OneOf(CARD_CHOICES)] = Field(
        "auto", description="auto is what suits the video's style."
    )
    colour: str | None = Field(
        None,
        pattern=r"^#[0-9A-Fa-f]{6}$",
        description="A brand's colour, as #rrggbb.",
        examples=["#ff8800"],
    )
    product_image: str | None = Field(
        None, max_length=100, description="The id of a picture, as POST /v1/images gave it."
    )


ModelName = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[!-~]+$")]


class ModelsRequest(BaseModel):
    """Models by name, for a kind of work each; what is left out is as `tier` says."""

    model_config = EXACT

    plan: ModelName | None = Field(None, examples=["openai/gpt-5"])
    image: ModelName | None = Field(None, examples=["bytedance/seedream-4"])
    clip: ModelName | None = Field(None, examples=["google/veo-3.1"])
    voice: ModelName | None = Field(None, examples=["elevenlabs/v3"])
    words: ModelName | None = Field(
        None,
        examples=["victor-upmeet/whisperx"],
        description="Who listens when each word of a voice sounds, for the captions. Without one "
        "they have the times that the voice came with, or estimated ones, at no cost.",
    )
    music: ModelName | None = Field(None, examples=["google/lyria-2"])


UploadId = Annotated[str, Field(max_length=100)]


class OwnBeatRequest(BaseModel):
    """What you give for one beat. What you give is used as it is, and costs nothing.

    Files are given by the ids that `POST /v1/uploads` gave.
    """

    model_config = EXACT

    index: Whole = Field(ge=0, le=59, description="Which beat, from 0 on.")
    image: UploadId | None = Field(None, description="A picture, which is then animated.")
    clip: UploadId | None = Field(
        None, description="A clip, shown from its start; its last picture stays if it is short."
    )
    voice: UploadId | None = Field(None, description="A recording, with its words in `narration`.")
    music: UploadId | None = Field(None, description="The music of the whole video.")
    prompt: Annotated[
        str,
        StringConstraints(strip_whitespace=True, max_length=1000),
        AfterValidator(make_one_line),
    ] = Field("", description="What it shows; empty leaves it to the plan.")
    narration: (
        Annotated[
            str,
            StringConstraints(strip_whitespace=True, max_length=1000),
            AfterValidator(make_one_line),
        ]
        | None
    ) = Field(None, description="What is said in it; null leaves it to the plan, empty is silence.")
    sound: ClipSound = Field(
        "duck",
        description="Of a clip: keep its sound as loud as a voice, duck it under one, or mute it.",
    )
