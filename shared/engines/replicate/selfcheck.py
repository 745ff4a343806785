"""Looks for contradictions in the catalog that its types can't see. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, get_args

from shared.engines.replicate.fields import find_fault
from shared.engines.replicate.models import (
    FieldType,
    Metric,
    Model,
    ModelField,
    ModelKind,
    Use,
)
from shared.story.brief import Tier

_MUST_HAVE: Mapping[ModelKind, tuple[Use, ...]] = {
    "plan": ("prompt", "max_tokens"),
    "vision": ("prompt", "references", "max_tokens"),
    "image": ("prompt",),
    "clip": ("prompt",),
    "voice": ("prompt",),
    "music": ("prompt",),
    "words": ("recording",),
}
_TYPES: Mapping[Use, tuple[FieldType, ...]] = {
    "prompt": ("string",),
    "system": ("string",),
    "schema": ("object",),
    "max_tokens": ("integer",),
    "first_frame": ("file",),
    "last_frame": ("file",),
    "references": ("file", "files"),
    "recording": ("file",),
    "seconds": ("integer", "number"),
    "aspect": ("string",),
    "resolution": ("string",),
    "sound": ("boolean",),
    "seed": ("integer",),
    "count": ("integer",),
}
_COUNTED_BY: Mapping[Metric, Use] = {
    "token_output_count": "max_tokens",
    "character_input_count": "prompt",
    "token_input_count": "prompt",
}
_TIMED: tuple[Metric, ...] = ("video_output_duration_seconds", "audio_output_duration_seconds")


def find_faults(
    models: Sequence[Model],
    tiers: Mapping[ModelKind, Mapping[Tier, str]],
    hardware: Mapping[str, Decimal],
) -> list[str]:
    """Return every contradiction, each with the entry that it stands in."""
    by_name = {model.name: model for model in models}
    names = [model.name for model in models]
    twice = sorted({name for name in names if names.count(name) > 1})
    faults = [f"{name}: is there twice" for name in twice]
    for model in models:
        faults += [f"{model.name}: {fault}" for fault in _look_at(model, by_name, hardware)]
    return faults + list(_look_at_tiers(by_name, tiers))


def _look_at(
    model: Model, by_name: Mapping[str, Model], hardware: Mapping[str, Decimal]
) -> Iterator[str]:
    yield from _look_at_uses(model)
    for name, field in model.fields.items():
        yield from (f"{name}: {fault}" for fault in _look_at_field(name, field))
    yield from _look_at_rules(model)
    yield from _look_at_price(model, hardware)
    yield from _look_at_fallback(model, by_name)


def _look_at_uses(model: Model) -> Iterator[str]:
    uses = [field.use for field in model.fields.values() if field.use]
    yield from (
        f"two fields carry its {use}" for use in sorted({u for u in uses if uses.count(u) > 1})
    )
    for kind in model.kinds:
        missing = [use for use in _MUST_HAVE[kind] if use not in uses]
        yield from (f"no field carries its {use}, which {kind} needs" for use in missing)


def _look_at_field(name: str, field: ModelField) -> Iterator[str]:
    if field.use and field.type not in _TYPES[field.use]:
        yield f"a field for {field.use} is {' or '.join(_TYPES[field.use])}, not {field.type}"
    for what in ("default", "send"):
        value = getattr(field, what)
        if value is not None and (fault := find_fault(name, field, value)):
            yield f"its {what}: {fault}"
    if field.least is not None and field.most is not None and field.least > field.most:
        yield f"its range is empty: {field.least:g} to {field.most:g}"
    if field.required and not field.use and field.send is None:
        yield "is required, but nothing fills it"
    if field.use == "resolution":
        sized = [value for value in field.enum if not is_sized(field, value)]
        yield from (f"the size of “{value}” is not known" for value in sized)


def is_sized(field: ModelField, value: Any) -> bool:
    """Tell whether it is known how many pixels a resolution has."""
    return value in field.short_sides or (str(value)[:-1].isdigit() and str(value)[-1:] == "p")


def _look_at_rules(model: Model) -> Iterator[str]:
    for rule in model.rules:
        named = {**rule.when, **rule.need}
        for name in [*named, *rule.given]:
            if name not in model.fields:
                yield f"a rule names the field “{name}”, which it does not have"
        for name, values in named.items():
            for value in values if isinstance(values, list) else [values]:
                yield from _look_at_value(model, name, value, "a rule")


def _look_at_value(model: Model, name: str, value: Any, where: str) -> Iterator[str]:
    field = model.fields.get(name)
    if field is not None and (fault := find_fault(name, field, value)):
        yield f"{where}: {fault}"


def _look_at_price(model: Model, hardware: Mapping[str, Decimal]) -> Iterator[str]:
    if model.hardware is not None and model.hardware not in hardware:
        yield f"what a second of “{model.hardware}” costs is not known"
    if model.hardware is not None and model.price:
        yield "is paid by the second or by what it makes, not both"
    for price in model.price:
        for name, value in price.when.items():
            if name not in model.fields:
                yield f"a price names the field “{name}”, which it does not have"
            yield from _look_at_value(model, name, value, "a price")
        yield from _look_at_metric(model, price.metric)
    yield from _look_at_cases(model)


def _look_at_metric(model: Model, metric: Metric) -> Iterator[str]:
    """Yield why a ceiling could not be told for this metric."""
    use = _COUNTED_BY.get(metric)
    if use and not model.has(use):
        yield f"a price is for {metric}, but no field carries its {use}"
    if use == "max_tokens" and not any(_bounds(field) for field in model.fields.values()):
        yield f"a price is for {metric}, but its {use} has no end"
    if metric in _TIMED and not model.has("seconds") and model.seconds is None:
        yield f"a price is for {metric}, but how long its output is nobody says"
    if metric == "predict_time":
        yield "a price by predict_time is given by naming its hardware"


def _bounds(field: ModelField) -> bool:
    return field.use == "max_tokens" and bool(field.default or field.most)


def _look_at_cases(model: Model) -> Iterator[str]:
    """Yield where the prices of a metric do not cover every case, or one of them none."""
    last = {price.metric: price for price in model.price}
    for metric, price in last.items():
        if price.when:
            yield f"the last price for {metric} has a condition: some input would have no price"
    for at, price in enumerate(model.price):
        if not price.when and price is not last[price.metric]:
            yield f"price {at + 1} has no condition: those after it are never used"


def _look_at_fallback(model: Model, by_name: Mapping[str, Model]) -> Iterator[str]:
    seen, at = {model.name}, model
    while at.fallback is not None:
        if at.fallback not in by_name:
            if at is model:
                yield f"falls back to “{at.fallback}”, which is no model"
            return
        at = by_name[at.fallback]
        if at.name in seen:
            yield f"its fallbacks go round in a circle at “{at.name}”"
            return
        seen.add(at.name)
    following = by_name.get(model.fallback or "")
    if following is not None and not set(model.kinds) <= set(following.kinds):
        yield f"falls back to “{following.name}”, which is for {', '.join(following.kinds)}"


def _look_at_tiers(
    by_name: Mapping[str, Model], tiers: Mapping[ModelKind, Mapping[Tier, str]]
) -> Iterator[str]:
    for kind in get_args(ModelKind):
        for tier in get_args(Tier):
            name = tiers.get(kind, {}).get(tier)
            if name is None:
                yield f"tiers: {kind}: {tier} names no model"
            elif name not in by_name:
                yield f"tiers: {kind}: {tier}: “{name}” is no model"
            elif kind not in by_name[name].kinds:
                yield f"tiers: {kind}: {tier}: “{name}” is for {', '.join(by_name[name].kinds)}"
