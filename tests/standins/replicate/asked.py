"""What an input asks for, with the defaults of its model: size, length, number, quantities."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.standins.replicate.model import (
    CHARACTERS,
    CLIPS,
    IMAGES,
    SECONDS,
    SOUND,
    SOUNDS,
    Model,
)
from tests.standins.replicate.money import Metrics

_SHORT_SIDES = {"480p": 480, "512p": 512, "720p": 720, "768p": 768, "1080p": 1080, "4k": 2160}
_LONG_SIDES = {"1K": 1024, "2K": 2048, "4K": 4096}
_LETTERS_A_SECOND = 14.0
_LETTERS_A_TOKEN = 4
_USUAL_SECONDS = 6


@dataclass(frozen=True)
class Asked:
    """An input as its model reads it."""

    model: Model
    input: Mapping[str, Any]

    def get(self, name: str) -> Any:
        """Return a field's value, or its default; None where the model has no such field."""
        given = self.input.get(name)
        field = self.model.fields.get(name)
        return given if given is not None else field.default if field else None

    def urls(self, name: str) -> list[str]:
        """Return the files of a field, none if there is no such field."""
        value = self.get(name) if name else None
        return [value] if isinstance(value, str) else list(value or [])

    @property
    def words(self) -> str:
        """Return what is to be shown, said or answered."""
        messages = [m for m in self.get("messages") or [] if isinstance(m, dict)]
        said = messages[-1].get("content") if messages else ""
        return str(self.get("text") or self.get("prompt") or said or "")

    @property
    def seed(self) -> int:
        """Return the seed; 0 where there is none."""
        return int(self.get("seed") or 0)

    @property
    def form(self) -> str:
        """Return the form of its files, as their names end."""
        wished = str(self.get("output_format") or self.get("audio_format") or self.model.makes)
        return wished if wished in ("png", "jpg", "webp", "mp3", "wav") else self.model.makes

    @property
    def count(self) -> int:
        """Return how many files it makes."""
        many = self.get("sequential_image_generation") in (None, "auto")
        return int(self.get("num_outputs") or (many and self.get("max_images")) or 1)

    @property
    def fps(self) -> int:
        """Return a clip's frames a second."""
        return int(self.get("frames_per_second") or self.get("fps") or 24)

    @property
    def frames(self) -> int:
        """Return a clip's number of frames."""
        exact = self.get("num_frames") or self.get("length")
        return int(
            exact or round(max(1.0, float(self.get("duration") or _USUAL_SECONDS)) * self.fps)
        )

    @property
    def seconds(self) -> float:
        """Return the length of what it makes: a clip, a voice, music."""
        if self.model.kind == "clip":
            return round(self.frames / self.fps, 3)
        if self.model.kind == "voice":
            return speaking_time(self.words, float(self.get("speed") or 1))
        milliseconds = self.get("music_length_ms")
        return milliseconds / 1000 if milliseconds else float(self.get("duration") or 30)

    @property
    def has_sound(self) -> bool:
        """Tell whether a clip has sound of its own."""
        return bool(self.model.sound and self.get(self.model.sound))

    def size(self, shape: tuple[int, int] | None, shrink: int) -> tuple[int, int]:
        """Return width and height; a picture to start from has its own shape."""
        width, height = self._full_size(shape)
        return max(16, width // shrink // 2 * 2), max(16, height // shrink // 2 * 2)

    def _full_size(self, shape: tuple[int, int] | None) -> tuple[int, int]:
        if self.model.kind == "image" and "custom" in (self.get("size"), self.get("aspect_ratio")):
            return int(self.get("width") or 1024), int(self.get("height") or 1024)
        ratio = self._ratio(shape)
        if self.model.kind == "clip":
            short = _SHORT_SIDES.get(str(self.get("resolution")), 720)
            return (round(short * ratio), short) if ratio >= 1 else (short, round(short / ratio))
        long = _LONG_SIDES.get(str(self.get("size") or self.get("resolution")), 1024)
        long = long // 2 if self.get("megapixels") == "0.25" else long
        return (long, round(long / ratio)) if ratio >= 1 else (round(long * ratio), long)

    def _ratio(self, shape: tuple[int, int] | None) -> float:
        """Return width by height."""
        named = str(self.get("aspect_ratio") or "")
        follows = self.model.kind == "clip" or named == "match_input_image"
        if shape and follows:
            return shape[0] / shape[1]
        width, colon, height = named.partition(":")
        return int(width) / int(height) if colon else 1.0


def speaking_time(words: str, speed: float) -> float:
    """Return how many seconds a text takes to say."""
    return round(max(0.4, len(words) / _LETTERS_A_SECOND / speed), 2)


def count_quantities(asked: Asked, answer: str) -> Metrics:
    """Return the metrics of a good run, but for its times; `answer` is a language model's."""
    match asked.model.kind:
        case "image":
            return {IMAGES: asked.count, **_selectors(asked)}
        case "clip":
            return {CLIPS: 1, SECONDS: asked.seconds, **_selectors(asked)}
        case "voice":
            return {CHARACTERS: len(asked.words), SOUND: asked.seconds, SOUNDS: 1}
        case "music":
            return {SOUND: asked.seconds, SOUNDS: 1}
        case "text":
            told = sum(len(str(value)) for value in asked.input.values() if value is not None)
            return {
                "token_input_count": told // _LETTERS_A_TOKEN + 1,
                "token_output_count": len(answer) // _LETTERS_A_TOKEN + 1,
            }
        case _:
            return {}


def _selectors(asked: Asked) -> Metrics:
    """Return which tier of the prices it is."""
    found: Metrics = {}
    if asked.get("resolution"):
        found["resolution_target"] = asked.get("resolution")
    if asked.model.sound:
        found["with_audio"] = asked.has_sound
    if asked.model.variant:
        found["model_variant"] = str(asked.get(asked.model.variant))
    return found
