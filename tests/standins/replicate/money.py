"""What a run costs: the sum of tier × metric, in whole micro-dollars, rounded up."""

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

Metrics = dict[str, Any]

SELECTORS = ("model_variant", "resolution_target", "with_audio")
CLOCKS = ("predict_time", "total_time")


class Price:
    """So many dollars for one of a quantity, where the metrics say this and that."""

    def __init__(self, unit: str, usd: str, **where: Any) -> None:
        self.unit = unit
        self.micros = Decimal(usd) * 1_000_000
        self.where = where

    def fits(self, metrics: Mapping[str, Any]) -> bool:
        """Tell whether this tier is the one of these metrics."""
        return self.unit in metrics and all(
            metrics.get(key) == value for key, value in self.where.items()
        )


def cost_of(prices: Iterable[Price], metrics: Mapping[str, Any]) -> int:
    """Return the micro-dollars of these metrics: for each quantity, the first tier that fits."""
    total, counted = Decimal(0), set[str]()
    for price in prices:
        if price.unit not in counted and price.fits(metrics):
            counted.add(price.unit)
            total += price.micros * Decimal(str(metrics[price.unit]))
    return math.ceil(total)


def share_of(metrics: Metrics, share: float) -> Metrics:
    """Return the quantities of a run that was stopped early: whole ones are rounded up."""
    return {
        key: value if key in SELECTORS else _cut(value, share) for key, value in metrics.items()
    }


def _cut(value: float, share: float) -> float:
    return math.ceil(value * share) if isinstance(value, int) else round(value * share, 2)
