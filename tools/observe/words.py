"""Values as Grafana would write them: `1.5 min`, `87 %`, `$0.42`."""

import math

SECONDS = ((3600, "h"), (60, "min"), (1, "s"), (0.001, "ms"))
BYTES = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B"))
THOUSANDS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
RATES = {"cps": " c/s", "reqps": " req/s"}

MOST_STEPS = 4.5
"""Between the bottom and the top of a graph."""


def choose_step(top: float, unit: str) -> float:
    """Return the distance of two lines of a grid: a round number in its unit."""
    size = 1.0
    if unit == "bytes":
        size = next((size for size, _ in BYTES if top >= size), 1)
    elif unit == "s" and top >= 60:
        size = 3600 if top >= 7200 else 60
    step = 10.0 ** math.floor(math.log10(top / size))
    rounds = (0.25, 0.5, 1, 2, 2.5, 5, 10)
    return size * next(step * each for each in rounds if top / size / step / each <= MOST_STEPS)


def say_value(value: float, unit: str, decimals: int | float | None = None) -> str:
    """Return a value with its unit."""
    match unit:
        case "s":
            return _scale(value, SECONDS)
        case "bytes":
            return _scale(value, BYTES)
        case "percentunit":
            return f"{100 * value:.3g} %"
        case "currencyUSD":
            return f"${value:.2f}" if decimals else f"${_say_short(value)}"
    said = (
        f"{value:.{int(decimals)}f}" if decimals is not None and value < 1e4 else _say_short(value)
    )
    return said + RATES.get(unit, "")


def _scale(value: float, units: tuple[tuple[float, str], ...]) -> str:
    for size, name in units:
        if abs(value) >= size:
            return f"{value / size:.3g} {name}"
    return f"{value:.3g}" if value else f"0 {units[-2][1]}"


def _say_short(value: float) -> str:
    for size, name in THOUSANDS:
        if abs(value) >= size:
            return f"{value / size:.3g} {name}"
    return f"{value:.3g}"
