"""All models of the stand-in, and how a caller may name one."""

from collections.abc import Mapping

from tests.standins.replicate import clip_models, dear_clip_models, image_models, sound_models
from tests.standins.replicate.model import Model

MODELS: Mapping[str, Model] = {
    model.name: model
    for model in (
        *clip_models.CLIP_MODELS,
        *dear_clip_models.DEAR_CLIP_MODELS,
        *image_models.IMAGE_MODELS,
        *sound_models.VOICES,
        *sound_models.MUSIC,
        *sound_models.WORDS,
        *sound_models.TEXTS,
    )
}


def find_by_version(named: str, more: Mapping[str, str]) -> Model | None:
    """Return the model of a version: a hash, owner/name:hash, or an official owner/name."""
    name, _, version = named.rpartition(":")
    if "/" in version:
        model = MODELS.get(version)
        return model if model and model.is_official else None
    found = MODELS.get(more.get(version, "")) or next(
        (model for model in MODELS.values() if model.version == version), None
    )
    return found if found and name in ("", found.name) else None
