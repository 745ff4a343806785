"""What each field of a model is filled with, from what is wanted. Pure."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.engines.replicate.models import Model, ModelField, Use
from shared.engines.replicate.wanted import Wanted

LACKS = 0.1
"""So many seconds may lack at a clip's end: the last frame is held, and nobody pays for more."""
_RATIO = re.compile(r"(\d+):(\d+)")
_LIKE = 1.03
"""Two shapes are the same up to this factor."""
_UNMET: Mapping[Use, str] = {
    "first_frame": "starts from no picture",
    "last_frame": "ends in no given picture",
    "references": "follows no reference pictures",
    "sound": "makes no sound",
    "count": "makes one picture at a time",
}
"""What is said of a model that has no field for a wish."""


@dataclass(frozen=True)
class Form:
    """A model and what is wanted of it; `notes` collects what could not be had."""

    model: Model
    wanted: Wanted
    notes: list[str] = field(default_factory=list)

    def note(self, words: str) -> None:
        """Write down what the model does in place of what was wanted."""
        self.notes.append(f"{self.model.name} {words}")


def fill_fields(form: Form) -> dict[str, Any]:
    """Return a value for every field that has something to carry, or that is always sent."""
    values: dict[str, Any] = {}
    for name, each in form.model.fields.items():
        value = _FILL[each.use](form, each) if each.use else None
        value = each.send if value is None else value
        if value is not None:
            values[name] = value
    _note_unmet(form)
    return values


def follow_rules(form: Form, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with those changed that one of the model's rules forbids."""
    followed = dict(values)
    for rule in form.model.rules:
        if not rule.applies(followed):
            continue
        for name, possible in rule.need.items():
            if followed.get(name, form.model.fields[name].default) not in possible:
                form.note(f"takes {name} {possible[0]} here")
                followed[name] = possible[0]
    return followed


def _note_unmet(form: Form) -> None:
    """Note what was wished for and the model has no field for."""
    for use, words in _UNMET.items():
        if form.wanted.asks_for(use) and not form.model.has(use):
            form.note(words)
    if form.model.seconds is not None:
        _note_length(form, form.model.seconds)


def _note_length(form: Form, seconds: float) -> None:
    wished = form.wanted.seconds
    if wished is not None and seconds < wished - LACKS:
        form.note(f"makes {seconds:g} s at most, not {wished:g} s")


# ── one field ───────────────────────────────────────────────────────────────────────────────────


def _fill_prompt(form: Form, each: ModelField) -> str | None:
    text = _write_prompt(form)
    if each.longest is None or len(text) <= each.longest or form.wanted.is_verbatim:
        return text or None
    form.note(f"reads the first {each.longest} letters of the prompt")
    return text[: each.longest].rsplit(None, 1)[0]


def _write_prompt(form: Form) -> str:
    """Return the prompt, behind what the system is told where the model has no field for that.

    A question says itself of what form its answer is: few models have a field for a schema.
    """
    wanted, model = form.wanted, form.model
    words = [wanted.prompt.strip()]
    if wanted.system and not model.has("system"):
        words.insert(0, wanted.system)
    return "\n\n".join(words)


def _fill_schema(form: Form, each: ModelField) -> dict[str, Any] | None:
    if form.wanted.schema is None:
        return None
    shape = {"type": "json_schema", "name": "answer", "schema": dict(form.wanted.schema)}
    return {"format": shape}


def _fill_max_tokens(form: Form, each: ModelField) -> int | None:
    tokens = form.wanted.max_tokens
    return None if tokens is None else _bring_within(each, tokens)


def _fill_references(form: Form, each: ModelField) -> str | tuple[str, ...] | None:
    names = form.wanted.references
    if not names:
        return None
    room = 1 if each.type == "file" else int(each.most or len(names))
    if len(names) > room:
        form.note(f"follows {room} of {len(names)} pictures")
    return names[0] if each.type == "file" else names[:room]


def _fill_seed(form: Form, each: ModelField) -> int | None:
    seed = form.wanted.seed
    if seed is None or each.most is None:
        return seed
    least = int(each.least or 0)
    return least + seed % (int(each.most) - least + 1)


def _fill_seconds(form: Form, each: ModelField) -> int | None:
    if form.wanted.seconds is None:
        return None
    length = choose_length(each, form.wanted.seconds)
    _note_length(form, length / each.a_second)
    return length


def _fill_aspect(form: Form, each: ModelField) -> str | None:
    """Return the shape that is nearest to the one that is wanted."""
    wanted = form.wanted
    if not wanted.asks_for("aspect"):
        return None
    wished = wanted.width / wanted.height
    stretches = {value: _stretch(value, wished) for value in each.enum if _RATIO.fullmatch(value)}
    if not stretches:
        return None
    nearest = min(stretches, key=lambda value: stretches[value])
    # a clip has the shape of its first frame, whatever is asked for
    if stretches[nearest] > _LIKE and wanted.first_frame is None:
        form.note(f"makes {nearest}, which is nearest to {wanted.width}x{wanted.height}")
    return str(nearest)


def _stretch(value: str, wished: float) -> float:
    """Return by which factor a shape differs from the one that is wished for."""
    across, down = value.split(":")
    ratio = int(across) / int(down)
    return max(ratio / wished, wished / ratio)


def _fill_resolution(form: Form, each: ModelField) -> str | None:
    """Return the smallest size that is large enough."""
    wanted = form.wanted
    if not wanted.asks_for("resolution"):
        return None
    wished = min(wanted.width, wanted.height)
    by_size = sorted(each.enum, key=lambda value: find_short_side(each, value))
    largest = by_size[-1]
    if find_short_side(each, largest) < wished:
        form.note(f"makes {largest} at most, not {wished}p")
    return str(next((v for v in by_size if find_short_side(each, v) >= wished), largest))


_FILL: Mapping[Use, Callable[[Form, ModelField], Any]] = {
    "prompt": _fill_prompt,
    "system": lambda form, each: form.wanted.system or None,
    "schema": _fill_schema,
    "max_tokens": _fill_max_tokens,
    "first_frame": lambda form, each: form.wanted.first_frame,
    "last_frame": lambda form, each: form.wanted.last_frame,
    "references": _fill_references,
    "recording": lambda form, each: form.wanted.recording,
    "seconds": _fill_seconds,
    "aspect": _fill_aspect,
    "resolution": _fill_resolution,
    "sound": lambda form, each: form.wanted.sound,
    "seed": _fill_seed,
    "count": lambda form, each: _bring_within(each, form.wanted.count),
}


def choose_length(each: ModelField, seconds: float) -> int:
    """Return the shortest length that a field allows for so many seconds, else the longest."""
    units = (seconds - LACKS) * each.a_second
    if each.enum:
        lengths = sorted(each.enum)
        return int(next((length for length in lengths if length >= units), lengths[-1]))
    return _bring_within(each, math.ceil(units))


def find_short_side(each: ModelField, value: str) -> int:
    """Return the pixels of the short side of a resolution: `720p`, or as the catalog says."""
    return each.short_sides.get(value) or int(value.removesuffix("p"))


def _bring_within(each: ModelField, number: int) -> int:
    least, most = each.least, each.most
    number = number if least is None else max(number, math.ceil(least))
    return number if most is None else min(number, math.floor(most))
