"""What the catalog says of a model: its fields, its rules, its price. Pure data.

A *use* says what a field carries, so that one function fills the input of every model: `prompt` is
the field `prompt` here, `text` or `messages` there.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

ModelKind = Literal["plan", "vision", "image", "clip", "voice", "music", "words"]
Use = Literal[
    "prompt",
    "system",
    "schema",
    "max_tokens",
    "first_frame",
    "last_frame",
    "references",
    "recording",
    "seconds",
    "aspect",
    "resolution",
    "sound",
    "seed",
    "count",
]
FieldType = Literal["string", "integer", "number", "boolean", "object", "file", "files"]
Output = Literal["file", "files", "text", "object"]
"""A URL, a list of them, a list of texts to join, or an object."""
Metric = Literal[
    "predict_time",
    "image_output_count",
    "video_output_count",
    "video_output_duration_seconds",
    "audio_output_count",
    "audio_output_duration_seconds",
    "character_input_count",
    "token_input_count",
    "token_output_count",
]
"""The quantities that a finished run reports, and that prices are given for."""
Dollars = Annotated[Decimal, Field(gt=0, le=1_000)]


def _refuse_emptiness(values: Mapping[str, Any]) -> Mapping[str, Any]:
    if not values:
        raise ValueError("names nothing")
    return values


Values = Annotated[Mapping[str, Any], AfterValidator(_refuse_emptiness)]


class Entry(BaseModel):
    """A part of the catalog. A name that it does not know is a typo, and refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class ModelField(Entry):
    """One field of a model's input."""

    type: FieldType
    use: Use | None = None
    required: bool = False
    default: Any = None
    """What the provider takes where nothing is sent."""
    send: Any = None
    """What is always sent: where the provider's default is not ours."""
    enum: tuple[Any, ...] = ()
    least: float | None = None
    most: float | None = None
    """The range of a number; of files, how many."""
    longest: int | None = None
    """The letters that a text may have."""
    a_second: int = Field(default=1, gt=0)
    """Of a length: how many of its units make a second (frames, milliseconds)."""
    short_sides: Mapping[str, int] = Field(default_factory=dict)
    """Of a resolution whose values are no `720p`: the pixels of the short side."""


class Rule(Entry):
    """What a model asks for under a condition: where all of `when` and `given` hold, `need`."""

    when: Mapping[str, Any] = Field(default_factory=dict)
    given: tuple[str, ...] = ()
    need: Values
    """Field → the values that are possible then; the first one is taken."""

    def applies(self, values: Mapping[str, Any]) -> bool:
        """Tell whether it holds for this input."""
        return all(values.get(name) == value for name, value in self.when.items()) and all(
            values.get(name) for name in self.given
        )


class Price(Entry):
    """Dollars for so many units of a metric, under a condition. The first one that fits counts."""

    metric: Metric
    instead: Metric | None = None
    """Another name under which some runs tell the same quantity."""
    usd: Dollars
    per: int = Field(default=1, gt=0)
    when: Mapping[str, Any] = Field(default_factory=dict)


class Model(Entry):
    """One model at the provider."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*/[a-z0-9][a-z0-9_.-]*$")
    kinds: tuple[ModelKind, ...] = Field(min_length=1)
    checked: date
    """The day when this entry was last compared with what the provider publishes."""
    version: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    """A community model is run at a version that is pinned here; an official one has none."""
    fallback: str | None = None
    """The model whose turn it is when the tries at this one are used up."""
    output: Output
    fields: Mapping[str, ModelField]
    rules: tuple[Rule, ...] = ()
    price: tuple[Price, ...] = ()
    hardware: str | None = None
    """What it runs on, for models that are paid by the second."""
    cancel_after_seconds: int = Field(default=900, ge=5, le=1_800)
    seconds: float | None = Field(default=None, gt=0)
    """The length of what it makes, where no field asks for one: the longest that it may be."""
    tokens_a_file: int = 0
    """The most tokens that a picture counts as."""

    @property
    def is_official(self) -> bool:
        """Tell whether it is run by its name, and not at a version."""
        return self.version is None

    def field_for(self, use: Use) -> str | None:
        """Return the name of the field that carries this; None where the model has none."""
        return next((name for name, field in self.fields.items() if field.use == use), None)

    def has(self, use: Use) -> bool:
        """Tell whether the model has a field for this."""
        return self.field_for(use) is not None

    def needs(self, use: Use) -> bool:
        """Tell whether the model does nothing without this."""
        name = self.field_for(use)
        return name is not None and self.fields[name].required
