"""Sentences of PromQL that the boards use again and again."""

from tools.observe.panels import Query

WINDOW = "[$__rate_interval]"


def rate(metric: str, by: str = "", where: str = "", times: float = 1) -> str:
    """Return how much a counter rises a second, or in so many."""
    grouped = f" by ({by})" if by else ""
    factor = f" * {times:g}" if times != 1 else ""
    return f"sum{grouped} (rate({metric}{where}{WINDOW})){factor}"


def moving(metric: str, by: str, times: float = 1) -> str:
    """Return the same for those labels alone whose counter rises: most of them stay at zero."""
    return f"{rate(metric, by, times=times)} > 0"


def quantile(share: float, metric: str, by: str = "", where: str = "") -> str:
    """Return a quantile of a histogram."""
    grouped = f"le, {by}" if by else "le"
    inner = f"sum by ({grouped}) (rate({metric}_bucket{where}{WINDOW}))"
    return f"histogram_quantile({share:g}, {inner})"


def quantiles(metric: str, where: str = "") -> list[Query]:
    """Return what half of them stay below, and 95 of a hundred, with the videos behind them."""
    return [
        Query(quantile(0.5, metric, where=where), "half"),
        Query(quantile(0.95, metric, where=where), "95 %", exemplars=True),
    ]


def mean(metric: str, by: str = "", where: str = "") -> str:
    """Return the mean of a histogram."""
    return f"{rate(f'{metric}_sum', by, where)} / {rate(f'{metric}_count', by, where)}"


def highest(metric: str, by: str = "") -> str:
    """Return a gauge that is the same in all replicas of a service."""
    return f"max by ({by}) ({metric})" if by else f"max({metric})"


def rises(metric: str, by: str = "", where: str = "", window: str = "[1h]") -> str:
    """Return by how much a counter has risen lately."""
    grouped = f" by ({by})" if by else ""
    return f"sum{grouped} (increase({metric}{where}{window}))"


def median(metric: str, where: str = "") -> str:
    """Return what half of the last hour stayed below."""
    return f"histogram_quantile(0.5, sum by (le) (increase({metric}_bucket{where}[1h])))"


def share(metric: str, part: str, whole: str = "", window: str = "[1h]") -> str:
    """Return which part of what a counter has counted lately was of one sort."""
    counted = rises(metric, where=f"{{{part}}}", window=window)
    return f"{counted} / {rises(metric, where=f'{{{whole}}}', window=window)}"
