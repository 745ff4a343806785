"""What the stand-in knows of a model, and the words in which its tables are written."""

from dataclasses import dataclass
from typing import Any

from tests.standins.replicate.money import Price
from tests.standins.replicate.schema import Field, Fields
from tests.standins.replicate.settings import Kind

FILE = {"type": "string", "format": "uri"}
FILES = {"type": "array", "items": FILE}
TEXT = {"type": "array", "items": {"type": "string"}, "x-cog-array-type": "iterator"}
OBJECT = {"type": "object"}


@dataclass(frozen=True)
class Model:
    """One model: what it takes, what it makes, what that costs."""

    name: str
    kind: Kind
    fields: Fields
    prices: tuple[Price, ...]
    output: dict[str, Any]
    makes: str
    """The form of its files, unless a field of the input says another; or text."""
    version: str = ""
    """Of community models: the one that may be run."""
    first: str = ""
    last: str = ""
    references: str = ""
    audio: str = ""
    """Fields with the picture to start from, to end on, others to look at, and a recording."""
    sound: str = ""
    """The switch of a clip's sound."""
    variant: str = ""
    """The field that chooses among variants with prices of their own."""

    @property
    def is_official(self) -> bool:
        """Tell whether it runs without naming a version."""
        return not self.version


def text(required: bool = False, longest: int | None = None) -> Field:
    """Return the field of a text."""
    return Field(required=required, high=longest)


def uri(required: bool = False) -> Field:
    """Return the field of the URL of a file."""
    return Field(required=required, is_file=True)


def uris(most: int, required: bool = False) -> Field:
    """Return the field of an array of such URLs."""
    return Field("array", required, high=most, is_file=True)


def one_of(default: Any, *choices: Any) -> Field:
    """Return the field of one of a few values."""
    kind = "integer" if isinstance(choices[0], int) else "string"
    return Field(kind, default=default, choices=choices)


def whole(low: int | None = None, high: int | None = None, default: int | None = None) -> Field:
    """Return the field of a whole number."""
    return Field("integer", low=low, high=high, default=default)


def real(low: float | None = None, high: float | None = None, default: Any = None) -> Field:
    """Return the field of a number."""
    return Field("number", low=low, high=high, default=default)


def flag(default: bool) -> Field:
    """Return the field of a switch."""
    return Field("boolean", default=default)


SEED = {"seed": whole()}
PROMPT = {"prompt": text(required=True)}
WIDE = ("16:9", "9:16", "1:1", "4:3", "3:4")
ELEVEN = ("1:1", "16:9", "21:9", "3:2", "2:3", "4:5", "5:4", "3:4", "4:3", "9:16", "9:21")
SECONDS, CLIPS = "video_output_duration_seconds", "video_output_count"
IMAGES, CHARACTERS = "image_output_count", "character_input_count"
SOUND, SOUNDS = "audio_output_duration_seconds", "audio_output_count"
T4, L40S, A100 = "0.000225", "0.000975", "0.0014"
