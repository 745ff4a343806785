"""What differs between an entry of the catalog and the schema that the provider publishes. Pure.

Only what concerns us is told: fields that we know, and fields that a run can't do without. Values
to choose from stand beside the input in a published schema, behind `$ref`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from shared.engines.replicate.models import Model, ModelField

_MORE = "also takes "
_PREFIX = "#/components/schemas/"
_RESOLVED_AT_MOST = 8


def compare(entry: Model, published_schema: Mapping[str, Any]) -> list[str]:
    """Return every difference in words, each with the field that it is about; [] where none is."""
    schemas = _dig(published_schema, "components", "schemas")
    shape = _resolve(schemas.get("Input"), schemas)
    properties = _dict(shape.get("properties"))
    if not properties:
        return ["the published schema says nothing about the input"]
    needed = {name for name in shape.get("required") or () if isinstance(name, str)}
    found = list(_compare_needs(entry, needed))
    for name, field in entry.fields.items():
        if name not in properties:
            found.append(f"{name}: is no field there: it would be dropped without a word")
            continue
        theirs = _resolve(properties[name], schemas)
        found += [f"{name}: {words}" for words in _compare_field(field, theirs)]
    return found + list(_compare_output(entry, _resolve(schemas.get("Output"), schemas)))


def is_harmless(difference: str) -> bool:
    """Tell whether nothing goes wrong by it: there is only more to choose from."""
    return difference.partition(": ")[2].startswith(_MORE)


def _compare_needs(entry: Model, needed: set[str]) -> Iterator[str]:
    for name in sorted(needed):
        field = entry.fields.get(name)
        if field is None:
            yield f"{name}: is required there, and unknown here"
        elif not field.required and field.send is None:
            yield f"{name}: is required there, but not here"


def _compare_field(field: ModelField, theirs: Mapping[str, Any]) -> Iterator[str]:
    kind = _name_type(theirs)
    if kind is not None and kind != field.type:
        yield f"is {kind} there, {field.type} here"
    yield from _compare_values(field, theirs)
    if "default" in theirs and field.default is not None and theirs["default"] != field.default:
        yield f"has the default {theirs['default']!r} there, {field.default!r} here"
    yield from _compare_range(field, theirs)
    yield from _compare_letters(field, theirs)


def _compare_values(field: ModelField, theirs: Mapping[str, Any]) -> Iterator[str]:
    if not field.enum or not isinstance(theirs.get("enum"), list):
        return
    gone = [value for value in field.enum if value not in theirs["enum"]]
    new = [value for value in theirs["enum"] if value not in field.enum]
    if gone:
        yield f"does not take {_list(gone)} there"
    if new:
        yield f"{_MORE}{_list(new)} there"


def _compare_range(field: ModelField, theirs: Mapping[str, Any]) -> Iterator[str]:
    """Tell where less is allowed there than here: the other way round nothing can go wrong."""
    least, most = theirs.get("minimum"), theirs.get("maximum")
    ours = [field.least, field.most, *(v for v in field.enum if isinstance(v, (int, float)))]
    numbers = [number for number in ours if number is not None]
    if field.type == "files" or not numbers:
        return
    if isinstance(least, (int, float)) and min(numbers) < least:
        yield f"must be {least:g} or more there, {min(numbers):g} here"
    if isinstance(most, (int, float)) and max(numbers) > most:
        yield f"must be {most:g} or less there, {max(numbers):g} here"


def _compare_letters(field: ModelField, theirs: Mapping[str, Any]) -> Iterator[str]:
    longest = theirs.get("maxLength")
    if field.longest is not None and isinstance(longest, int) and longest < field.longest:
        yield f"may have {longest} letters there, {field.longest} here"


def _compare_output(entry: Model, theirs: Mapping[str, Any]) -> Iterator[str]:
    kind = _name_type(theirs)
    ours = {"file": "file", "files": "files", "text": "strings", "object": "object"}[entry.output]
    # one text and several are joined alike
    if kind is not None and kind != ours and not (ours == "strings" and kind == "string"):
        yield f"its output is {kind} there, {ours} here"


def _name_type(shape: Mapping[str, Any]) -> str | None:
    """Return the type of a published value in the catalog's words; None where it says none."""
    kind = shape.get("type")
    if kind == "array":
        inner = _name_type(_dict(shape.get("items")))
        return {"file": "files", "string": "strings"}.get(inner or "", "array")
    if kind == "string" and shape.get("format") == "uri":
        return "file"
    return kind if isinstance(kind, str) else None


def _resolve(shape: Any, schemas: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """Return a shape with everything that it refers to put in its place."""
    own = _dict(shape)
    if depth >= _RESOLVED_AT_MOST:
        return own
    parts = [own.get("$ref"), *_list_shapes(own)]
    found: dict[str, Any] = {}
    for part in parts:
        if isinstance(part, str) and part.startswith(_PREFIX):
            part = schemas.get(part.removeprefix(_PREFIX))
        found |= _resolve(part, schemas, depth + 1) if isinstance(part, dict) else {}
    # what is said beside a reference counts more: the default stands there
    return found | own


def _list_shapes(own: Mapping[str, Any]) -> list[Any]:
    """Return the shapes that this one is made of; that it may also be null means nothing here."""
    shapes: list[Any] = []
    for name in ("allOf", "anyOf", "oneOf"):
        several = own.get(name)
        shapes += several if isinstance(several, list) else []
    return [each for each in shapes if _dict(each).get("type") != "null"]


def _dig(value: Any, *names: str) -> dict[str, Any]:
    for name in names:
        value = _dict(value).get(name)
    return _dict(value)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(values: list[Any]) -> str:
    return ", ".join(str(value) for value in values)
