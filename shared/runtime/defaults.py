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
    """Of requests that leave it open: draft, standard or best models. By default standard."""
    models: Annotated[str, AfterValidator(_check_models)] = Field(
        "", examples=["clip=google/veo-3.1,image=best"]
    )
    """Of requests that name neither a tier nor a model of that kind: a model or a tier for a kind
    of work, several with commas. The kinds are plan, image, clip, voice, words and music."""
    quality: Quality | None = None
    """Of requests that leave it open: draft or full. By default an ad is full, any other a
    draft."""
    style: Annotated[str | None, _one_of(*STYLES)] = None
    """Of requests that leave it open. By default an ad is minimal, any other cinematic."""
    aspect: Aspect = "9:16"
    """Of requests that leave it open: 9:16, 16:9 or 1:1."""
    duration: float = Field(30, ge=SHORTEST_VIDEO, le=LONGEST_VIDEO)
    """Of requests that leave it open, in seconds."""
    voice: bool = True
    """Whether a narrator speaks, where the request leaves it open."""
    music: bool = True
    """Whether there is music, where the request leaves it open."""
    captions: Annotated[str, _one_of(*CAPTION_CHOICES)] = "karaoke"
    """Of requests that leave them open."""
    transition: Annotated[str, _one_of(*TRANSITION_CHOICES)] = "auto"
    """Between two beats, where the request leaves it open; auto is what suits the style."""
    transition_seconds: float = Field(0.5, ge=0.1, le=2)
    """How long one lasts, where the request leaves it open."""
    clip_sound: bool = False
    """Whether the clips' own sounds are mixed in, where the request leaves it open."""
    clip_check: ClipCheck = "warn"
    """What follows when a clip looks spoiled and its request says nothing: off, warn or retry."""
    min_clips: int = Field(3, ge=1, le=60)
    """With fewer clips than this a video fails whose request says nothing of it."""
    missing: Missing = "pan"
    """What is shown where a clip is missing and the request says nothing: pan, title or omit."""
    image_takes: int = Field(1, ge=1, le=4)
    """Pictures for each beat, where the request leaves it open."""
    reuse: bool = True
    """Whether what its owner has paid for before is copied, where the request leaves it open."""
    on_cap: Literal["pause", "finish"] = "pause"
    """Without money for the rest, where the request leaves it open: pause or finish."""


def read_defaults(chosen: Defaults) -> Mapping[str, Any]:
    """Return field of a request → the value that it has where it is left open."""
    found = {name: getattr(chosen, name) for name in Defaults.model_fields}
    return {**found, "models": split_models(chosen.models)}


STANDARD: Mapping[str, Any] = {
    name: {} if name == "models" else field.default for name, field in Defaults.model_fields.items()
}
"""What they are where nothing is set."""
