"""What a run may cost, and what it did cost: price tier × metric, or seconds of its hardware. Pure.

Before a run every quantity is the most that it can be. After it, a quantity that the provider does
not tell counts as that most, never as nothing.
"""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from decimal import ROUND_CEILING, Decimal
from math import isfinite
from typing import Any

from shared.engines.replicate.catalog import Catalog, load
from shared.engines.replicate.models import Metric, Price, Use
from shared.engines.replicate.payload import Payload
from shared.story.fact import Micros

log = logging.getLogger(__name__)

_MICROS = 1_000_000
_SELECTED_BY: Mapping[str, Use] = {"resolution_target": "resolution", "with_audio": "sound"}
"""Which of its prices a run was billed by is also told among its metrics."""


def ceiling(payload: Payload, catalog: Catalog | None = None) -> Micros | None:
    """Return the most that a run can cost; None where the catalog has no price for its model."""
    prices = list(_list_prices(payload, {}, catalog or load()))
    if not prices:
        return None
    return _round_up([_multiply(price, count_most(payload, price.metric)) for price in prices])


def price(
    payload: Payload,
    metrics: Mapping[str, Any] | None,
    *,
    has_output: bool = True,
    catalog: Catalog | None = None,
) -> Micros:
    """Return what a finished run cost, from its metrics.

    A run without an output (failed, cancelled, aborted) is billed for what it counted, if it has
    counted anything. All else that is not told counts as the most it can be.
    """
    told = metrics or {}
    amounts = []
    for each in _list_prices(payload, told, catalog or load()):
        quantity = _read_quantity(told, each)
        if quantity is None and told and not has_output:
            quantity = Decimal(0)
        if quantity is None:
            quantity = count_most(payload, each.metric)
            log.warning(
                "%s did not tell its %s: counted as %s, the most that it can be",
                *(payload.model.name, each.metric, quantity),
            )
        amounts.append(_multiply(each, quantity))
    return _round_up(amounts)


def count_most(payload: Payload, metric: Metric) -> Decimal:
    """Return the most that a run with this input can have of a metric."""
    return Decimal(_COUNT[metric](payload))


def _list_prices(payload: Payload, metrics: Mapping[str, Any], catalog: Catalog) -> Iterator[Price]:
    """Yield the price for each metric that counts with this input."""
    model = payload.model
    if model.hardware is not None:
        yield Price(metric="predict_time", usd=catalog.hardware[model.hardware])
    values = _find_tier(payload, metrics)
    for metric in dict.fromkeys(each.metric for each in model.price):
        yield next(
            each
            for each in model.price
            if each.metric == metric and each.when.items() <= values.items()
        )


def _find_tier(payload: Payload, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that decide the price: what was billed, else what was asked for."""
    model = payload.model
    values = {name: field.default for name, field in model.fields.items()}
    values |= payload.input
    for told, use in _SELECTED_BY.items():
        name, value = model.field_for(use), metrics.get(told)
        field = model.fields[name] if name else None
        # a word that is no value of the field says nothing about its price
        if name and field and (value in field.enum or (isinstance(value, bool) and use == "sound")):
            values[name] = value
    return {name: value for name, value in values.items() if not isinstance(value, (dict, list))}


def _multiply(each: Price, quantity: Decimal) -> Decimal:
    return each.usd * quantity * _MICROS / each.per


def _round_up(amounts: Iterable[Decimal]) -> Micros:
    # once, as the provider does: each by itself would come to a little more than its bill
    return int(sum(amounts, Decimal(0)).to_integral_value(ROUND_CEILING))


def _read_quantity(metrics: Mapping[str, Any], each: Price) -> Decimal | None:
    """Return the quantity that a price is for, as it was told; None where it was not."""
    value = metrics.get(each.metric, metrics.get(each.instead or ""))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return Decimal(str(value)) if isfinite(value) and value >= 0 else None


# ── the most of each metric ─────────────────────────────────────────────────────────────────────


def _count_one(payload: Payload) -> int:
    return 1


def _count_images(payload: Payload) -> int:
    many = (payload.input.get(name) for name in ("num_outputs", "max_images"))
    return next((each for each in many if each), 1)


def _count_seconds(payload: Payload) -> Decimal:
    name = payload.model.field_for("seconds")
    if name is None:
        return Decimal(str(payload.model.seconds))
    field = payload.model.fields[name]
    units = payload.input.get(name) or field.default or field.most or max(field.enum)
    return Decimal(str(units)) / field.a_second


def _count_letters(payload: Payload) -> int:
    return len(_read_prompt(payload))


def _count_tokens_in(payload: Payload) -> int:
    """Return the bytes of all texts, since no token is shorter, and what the pictures count as."""
    values = payload.input.values()
    texts = [json.dumps(value) if isinstance(value, dict) else str(value) for value in values]
    names = payload.files.values()
    pictures = sum(1 if isinstance(each, str) else len(each) for each in names)
    return sum(len(text.encode()) for text in texts) + pictures * payload.model.tokens_a_file


def _count_tokens_out(payload: Payload) -> int:
    name = payload.model.field_for("max_tokens") or ""
    field = payload.model.fields[name]
    return int(payload.input.get(name) or field.default or field.most or 0)


def _read_prompt(payload: Payload) -> str:
    return str(payload.input.get(payload.model.field_for("prompt") or "", ""))


_COUNT: Mapping[Metric, Any] = {
    "predict_time": lambda payload: payload.cancel_after_seconds,
    "image_output_count": _count_images,
    "video_output_count": _count_one,
    "video_output_duration_seconds": _count_seconds,
    "audio_output_count": _count_one,
    "audio_output_duration_seconds": _count_seconds,
    "character_input_count": _count_letters,
    "token_input_count": _count_tokens_in,
    "token_output_count": _count_tokens_out,
}
