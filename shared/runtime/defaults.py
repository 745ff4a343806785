"""What holds for a request that leaves something open: each default may be set for a server."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.story.brief import LONGEST_VIDEO, SHORTEST_VIDEO, ClipCheck, Tier
from shared.story.formats import Aspect, Quality
from shared.story.looks import CAPTION_CHOICES, STYLES, TRANSITION_CHOICES

Missing = Literal["pan", "title", "omit"]
MODEL_KINDS = ("plan", "image", "clip", "voice", "words", "music")


def _one_of(*names: str) -> AfterValidator:
    def check(name: str | None) -> str | None:
        if name is not None and name not in names:
            raise ValueError(f"use one of {', '.join(names)}")
        return name

    return AfterValidator(check)


def _list(*names: str) -> Any:
    """Name the values in the schema, from which the page of settings is made."""
    return Field(json_schema_extra={"enum": list(names)})


def _check_models(text: str) -> str:
    """Return the text; refuse one that is no list of kinds and models."""
    for kind, model in split_models(text).items():
        if kind not in MODEL_KINDS or not model:
            raise ValueError(
                "write KIND=NAME, several with commas, as clip=google/veo-3.1; the kinds are "
                f"{', '.join(MODEL_KINDS)}"
            )
    return text


def split_models(text: str) -> dict[str, str]:
    """Return kind → model, as a list with commas says it."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return {kind.strip(): model.strip() for kind, _, model in (p.partition("=") for p in parts)}


class Defaults(BaseSettings):
    """The defaults of requests, under the names that their fields have."""

    model_config = SettingsConfigDict(
        env_prefix="STORYWAVE_", frozen=True, extra="ignore", use_attribute_docstrings=True
    )

    tier: Tier | None = None
    """The tier of models where the request names none. By default standard."""
    models: Annotated[str, AfterValidator(_check_models)] = Field(
        "", examples=["clip=google/veo-3.1,image=best"]
    )
    """A model or a tier for a kind of work, several with commas, where the request names neither.
    The kinds are plan, image, clip, voice, words and music."""
    quality: Quality | None = None
    """The quality where the request names none. By default an ad is full, any other a draft."""
    style: Annotated[str | None, _one_of(*STYLES), _list(*STYLES)] = None
    """The style where the request names none. By default an ad is minimal, any other cinematic."""
    aspect: Aspect = "9:16"
    """The aspect where the request names none."""
    duration: float = Field(30, ge=SHORTEST_VIDEO, le=LONGEST_VIDEO)
    """How many seconds a video lasts, where the request does not say."""
    voice: bool = True
    """Whether a narrator speaks, where the request does not say."""
    music: bool = True
    """Whether there is music, where the request does not say."""
    captions: Annotated[str, _one_of(*CAPTION_CHOICES), _list(*CAPTION_CHOICES)] = "karaoke"
    """The style of captions where the request names none."""
    transition: Annotated[str, _one_of(*TRANSITION_CHOICES), _list(*TRANSITION_CHOICES)] = "auto"
    """What comes between two beats, where the request does not say; auto suits the style."""
    transition_seconds: float = Field(0.5, ge=0.1, le=2)
    """How many seconds a transition lasts, where the request does not say."""
    clip_sound: bool = False
    """Whether the clips' own sounds are mixed in, where the request does not say."""
    clip_check: ClipCheck = "warn"
    """What follows when a clip looks spoiled, where the request does not say."""
    min_clips: int = Field(3, ge=1, le=60)
    """A video with fewer clips than this fails. A request may set a number of its own."""
    missing: Missing = "pan"
    """What is shown in place of a missing clip, where the request does not say."""
    image_takes: int = Field(1, ge=1, le=4)
    """How many pictures each beat gets, where the request does not say."""
    reuse: bool = True
    """Whether what its owner has paid for before is copied, where the request does not say."""
    on_cap: Literal["pause", "finish"] = "pause"
    """What happens without money for the rest, where the request does not say."""


def read_defaults(chosen: Defaults) -> Mapping[str, Any]:
    """Return field of a request → the value that it has where it is left open."""
    found = {name: getattr(chosen, name) for name in Defaults.model_fields}
    return {**found, "models": split_models(chosen.models)}


STANDARD: Mapping[str, Any] = {
    name: {} if name == "models" else field.default for name, field in Defaults.model_fields.items()
}
"""What they are where nothing is set."""
