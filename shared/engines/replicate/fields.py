"""Whether a model takes an input: each value by its field, all of them by its rules. Pure.

The provider drops a field that it does not know without a word, and bills the run. So nothing is
sent that was not looked at here.
"""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from shared.base.values import find_fault as find_unstorable
from shared.engines.replicate.models import FieldType, Model, ModelField
from shared.story.errors import PermanentError

_CLASSES: Mapping[FieldType, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "file": (str,),
    "files": (list, tuple),
}
_SHOWN = 60
"""How many letters of a value are shown in an error."""


def check_input(model: Model, values: Mapping[str, Any]) -> None:
    """Refuse an input that the model would not take, or would take for something else."""
    faults = [*_look_at_all(model, values), *_look_at_rules(model, values)]
    if faults:
        raise PermanentError(f"{model.name} can't be run with this: {'; '.join(faults)}")


def _look_at_all(model: Model, values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        field = model.fields.get(name)
        fault = find_fault(name, field, value) if field else f"{name}: it has no such field"
        if fault:
            yield fault
    for name, field in model.fields.items():
        if field.required and values.get(name) in (None, "", (), []):
            yield f"{name}: is required ({field.use or field.type})"


def _look_at_rules(model: Model, values: Mapping[str, Any]) -> Iterator[str]:
    for rule in model.rules:
        if not rule.applies(values):
            continue
        for name, possible in rule.need.items():
            # what is not sent has the provider's default, which may not suit the rule
            value = values.get(name, model.fields[name].default)
            if value not in possible:
                yield f"{name}: must be {_show_all(possible)} here, not {_show(value)}"


def find_fault(name: str, field: ModelField, value: Any) -> str | None:
    """Return what is wrong with a value, after its field's name; None where it may be sent."""
    if not _is_of(field.type, value):
        return f"{name}: must be {field.type}, not {_show(value)}"
    fault = _find_fault_of_sort(field, value) or find_unstorable(_plain(value))
    return f"{name}: {fault}" if fault else None


def _is_of(sort: FieldType, value: Any) -> bool:
    # a boolean is an integer in Python, and nowhere else
    if isinstance(value, bool) and sort != "boolean":
        return False
    return isinstance(value, _CLASSES[sort])


def _find_fault_of_sort(field: ModelField, value: Any) -> str | None:
    if field.enum and value not in field.enum:
        return f"must be {_show_all(field.enum)}, not {_show(value)}"
    if isinstance(value, str):
        return _find_fault_of_text(field, value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _find_fault_of_number(field, value)
    if isinstance(value, (list, tuple)):
        return _find_fault_of_files(field, value)
    return None


def _find_fault_of_text(field: ModelField, value: str) -> str | None:
    if field.longest is not None and len(value) > field.longest:
        return f"has {len(value)} letters, but may have {field.longest}"
    return None


def _find_fault_of_number(field: ModelField, value: float) -> str | None:
    if not isfinite(value):
        return f"must be a number, not {value}"
    if field.least is not None and value < field.least:
        return f"must be {field.least:g} or more, not {value:g}"
    if field.most is not None and value > field.most:
        return f"must be {field.most:g} or less, not {value:g}"
    return None


def _find_fault_of_files(field: ModelField, value: list[Any] | tuple[Any, ...]) -> str | None:
    if not all(isinstance(each, str) and each for each in value):
        return "must be a list of files"
    if field.most is not None and len(value) > field.most:
        return f"holds {len(value)} files, but may hold {field.most:g}"
    return None


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _show_all(values: Any) -> str:
    return " or ".join(_show(value) for value in values)
