"""Words for mistakes in a request, which say what is accepted instead. Pure.

Pydantic names the sort of mistake; what is accepted is read from the field itself.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

Fields = Mapping[str, FieldInfo]

KEY = "[key]"
"""How pydantic names a key of an object, as against its value."""


@dataclass(frozen=True)
class Unit:
    """The unit of a number, as part of a field's annotation."""

    name: str


@dataclass(frozen=True)
class Mistake:
    """One error of pydantic's, and the place where it was made."""

    message: str
    context: Mapping[str, Any]
    name: str
    """The field's name; empty where the whole input is not an object."""
    field: FieldInfo | None
    beside: Fields
    """All fields that there are in this place."""

    @property
    def types(self) -> tuple[Any, ...]:
        """Return the types that the field accepts."""
        return _list_types(self.field) if self.field else ()

    @property
    def marks(self) -> Sequence[Any]:
        """Return the limits and units in the field's annotation."""
        return self.field.metadata if self.field else ()


def advise(error: Mapping[str, Any], loc: Sequence[Any], fields: Fields) -> str:
    """Return what to do about one error of pydantic's in an input of these fields."""
    *above, name = loc or ("",)
    # the fields of a list's items do not depend on which item it is
    for part in (each for each in above if isinstance(each, str)):
        fields = fields_inside(fields.get(part))
    context = error.get("ctx", {})
    mistake = Mistake(error["msg"], context, str(name), fields.get(name), fields)
    return _SAY.get(error["type"], _say_as_is)(mistake)


def fields_inside(field: FieldInfo | None) -> Fields:
    """Return the fields of the object that a field holds; none where it holds no object."""
    types = _list_types(field) if field else ()
    models = (each for each in types if isinstance(each, type) and issubclass(each, BaseModel))
    return next((model.model_fields for model in models), {})


def locate_json_error(text: str, position: int) -> str:
    """Return the place where a text stops being JSON, in words."""
    line, column = text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
    return f"the body is not valid JSON: correct it at line {line}, column {column}"


def say_nearest(name: str, known: Sequence[str]) -> str:
    """Return which of the known names is perhaps meant; all of them where none is near."""
    # cut: a name of a million letters would take long to compare
    near = get_close_matches(trim_text(name), known, 1)
    return f"perhaps {near[0]} is meant" if near else f"use {', '.join(known)}"


def say_count(number: int, noun: str) -> str:
    """Return a count with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def trim_text(text: str, length: int = 60) -> str:
    """Return the beginning of a user's text: enough to know it again, and no more in an answer."""
    return text if len(text) <= length else text[: length - 1] + "…"


def _list_types(field: FieldInfo) -> tuple[Any, ...]:
    # one level is enough: `EndCardRequest | None` is the deepest that a request has
    return (field.annotation, *get_args(field.annotation))


# ── the words ───────────────────────────────────────────────────────────────────────────────────


def _say_as_is(mistake: Mistake) -> str:
    return mistake.message.removeprefix("Value error, ")


def _say_number(mistake: Mistake) -> str:
    span = _say_limits(mistake)
    unit = next((mark.name for mark in mistake.marks if isinstance(mark, Unit)), None)
    if unit:
        return f"give {span} {unit}"
    number = "a whole number" if int in mistake.types else "a number"
    return f"give {number}, {span}" if span else f"give {number}"


_LIMITS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def _say_limits(mistake: Mistake) -> str:
    """Return the limits in words: both, so that whoever meets one does not run into the other."""
    # pydantic names only the limit that was broken
    limits = {name: at for name, at in mistake.context.items() if name in _LIMITS}
    for mark in mistake.marks:
        limits |= {n: at for n in _LIMITS if (at := getattr(mark, n, None)) is not None}
    if limits.keys() == {"ge", "le"}:
        return f"{limits['ge']:.15g} to {limits['le']:.15g}"
    return " and ".join(f"{_LIMITS[name]} {limit:.15g}" for name, limit in limits.items())


def _say_text(mistake: Mistake) -> str:
    """Return what to write in place of what is no text: money is a text too, and in quotes."""
    examples = (mistake.field.examples if mistake.field else None) or ()
    return f"give a text, like {json.dumps(examples[0])}" if examples else "give a text"


def _say_pattern(mistake: Mistake) -> str:
    if mistake.name == KEY:  # of an object whose keys the user makes up
        return "name it with letters, digits, _ and - alone, at most 40 of them"
    examples = (mistake.field.examples if mistake.field else None) or ()
    return (
        f"write it like {examples[0]}" if examples else f"write it as {mistake.context['pattern']}"
    )


def _say_object(mistake: Mistake) -> str:
    if not mistake.name:
        return "send a JSON object with Content-Type: application/json"
    return f"give an object with any of {', '.join(fields_inside(mistake.field))}"


def _say_mapping(mistake: Mistake) -> str:
    examples = mistake.field.examples if mistake.field else None
    return f"give an object like {json.dumps(examples[0] if examples else {})}"


def _say_missing(mistake: Mistake) -> str:
    if not mistake.name:
        return _say_object(mistake)
    choices = [str(each) for each in mistake.types if isinstance(each, str)]  # of a Literal
    if not choices:
        return "it is missing, and has no default"
    return f"it is missing: give {' or '.join(choices)}"


def _say_unknown(mistake: Mistake) -> str:
    return f"there is no such field: {say_nearest(mistake.name, [*mistake.beside])}"


_NUMBERS = (
    "greater_than", "greater_than_equal", "less_than", "less_than_equal", "finite_number",
    "float_type", "float_parsing", "int_type", "int_parsing", "int_parsing_size", "int_from_float",
)  # fmt: skip

_SAY: Mapping[str, Callable[[Mistake], str]] = {
    **dict.fromkeys(_NUMBERS, _say_number),
    **dict.fromkeys(("model_type", "model_attributes_type"), _say_object),
    **dict.fromkeys(("bool_type", "bool_parsing"), lambda _: "give true or false"),
    "string_type": _say_text,
    "string_unicode": lambda m: f"{_say_text(m)}, in valid Unicode",
    "dict_type": _say_mapping,
    "list_type": lambda m: "give a list, in [ ]",
    "too_short": lambda m: f"give at least {m.context['min_length']} of them",
    "too_long": lambda m: f"give at most {m.context['max_length']} of them",
    "string_too_long": lambda m: f"give at most {say_count(m.context['max_length'], 'character')}",
    "string_too_short": lambda m: (
        f"give at least {say_count(m.context['min_length'], 'character')}"
    ),
    "string_pattern_mismatch": _say_pattern,
    **dict.fromkeys(("literal_error", "enum"), lambda m: f"use {m.context['expected']}"),
    "missing": _say_missing,
    "extra_forbidden": _say_unknown,
}
"""Pydantic's name of a mistake → a function that words it; checks of our own have their words."""
