"""What a model's input may hold: its published schema, and what is wrong with an input."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict, str),
}


@dataclass(frozen=True)
class Field:
    """One field of an input."""

    type: str = "string"
    required: bool = False
    default: Any = None
    choices: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None
    """For numbers; for texts and arrays, the longest."""
    is_file: bool = False


Fields = Mapping[str, Field]
Problem = dict[str, str]

DATA_URL_BYTES = 256 * 1024


def check_input(fields: Fields, given: Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong, as the API lists it; unknown fields are not."""
    problems: list[Problem] = []
    for name, field in fields.items():
        if given.get(name) is not None:
            problems += _check_value(name, field, given[name])
        elif field.required:
            problems.append(_problem("required", name, f"{name} is required"))
    return problems


def _check_value(name: str, field: Field, value: Any) -> Iterator[Problem]:
    """Yield the problems of one value."""
    wrong_bool = isinstance(value, bool) and field.type != "boolean"
    if wrong_bool or not isinstance(value, _TYPES[field.type]):
        yield _problem(
            "invalid_type", name, f"Invalid type. Expected: {field.type}, given: {_called(value)}"
        )
    elif field.choices and value not in field.choices:
        listed = ", ".join(f'"{choice}"' for choice in field.choices)
        yield _problem("enum", name, f"{name} must be one of the following: {listed}")
    elif field.type in ("integer", "number"):
        yield from _check_range(name, field, value)
    elif field.type in ("string", "array"):
        yield from _check_length(name, field, value)


def _check_range(name: str, field: Field, value: Any) -> Iterator[Problem]:
    if field.low is not None and value < field.low:
        yield _problem("number_gte", name, f"Must be greater than or equal to {field.low:g}")
    if field.high is not None and value > field.high:
        yield _problem("number_lte", name, f"Must be less than or equal to {field.high:g}")


def _check_length(name: str, field: Field, value: Any) -> Iterator[Problem]:
    if field.high is not None and not field.is_file and len(value) > field.high:
        kind = "string_lte" if isinstance(value, str) else "array_max_items"
        yield _problem(kind, name, f"Length must be less than or equal to {field.high:g}")
    if not field.is_file:
        return
    urls = [value] if isinstance(value, str) else value
    if field.type == "array" and field.high is not None and len(urls) > field.high:
        yield _problem("array_max_items", name, f"Array must have at most {field.high:g} items")
    for url in urls:
        if not isinstance(url, str) or not url.startswith(("http://", "https://", "data:")):
            yield _problem("format", name, "Does not match format 'uri'")
        elif url.startswith("data:") and len(url) > DATA_URL_BYTES * 4 // 3 + 100:
            yield _problem("string_lte", name, "Data URLs may hold 256 kB; use the files API")


def _problem(kind: str, name: str, description: str) -> Problem:
    return {"type": kind, "field": f"input.{name}", "description": description}


def _called(value: Any) -> str:
    """Return what JSON calls the type of a value."""
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
    return names.get(type(value), "object")


def publish(fields: Fields, output: Mapping[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI schema of a model: enums stand beside `Input`, behind a `$ref`."""
    schemas: dict[str, Any] = {
        "Input": {
            "type": "object",
            "title": "Input",
            "required": [name for name, field in fields.items() if field.required],
            "properties": {
                name: _describe(name, field, order)
                for order, (name, field) in enumerate(fields.items())
            },
        },
        "Output": {"title": "Output", **output},
    }
    for name, field in fields.items():
        if field.choices:
            schemas[name] = {
                "type": field.type,
                "title": name,
                "enum": list(field.choices),
                "description": "An enumeration.",
            }
    return {
        "openapi": "3.0.2",
        "info": {"title": "Cog", "version": "0.1.0"},
        "components": {"schemas": schemas},
    }


def _describe(name: str, field: Field, order: int) -> dict[str, Any]:
    """Return one property of the published schema."""
    described: dict[str, Any] = {"x-order": order, "description": name.replace("_", " ")}
    if field.default is not None:
        described["default"] = field.default
    if field.choices:
        return {**described, "allOf": [{"$ref": f"#/components/schemas/{name}"}]}
    described |= {"type": field.type, "title": name.replace("_", " ").title()}
    if field.type == "array":
        items = {"type": "string", "format": "uri"} if field.is_file else {"type": "string"}
        return {**described, "items": items}
    if field.is_file:
        described["format"] = "uri"
    bounds = {"minimum": field.low, "maximum": field.high}
    if field.type in ("integer", "number"):
        described |= {key: bound for key, bound in bounds.items() if bound is not None}
    return described
