"""What a picture of a board is drawn from: a Prometheus, and the logs of the services."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tools.observe.files import fill

POINTS = 160


@dataclass(frozen=True)
class Series:
    """One line: its name, its times and values."""

    name: str
    times: Sequence[float]
    values: Sequence[float]

    @property
    def top(self) -> float:
        """Return the highest value; -1 where none is a number."""
        return max((value for value in self.values if value == value), default=-1)


@dataclass(frozen=True)
class Source:
    """A Prometheus, and the stretch of time that is looked at."""

    url: str
    begin: float
    end: float
    window: int
    """Seconds over which rates are taken."""
    logs: Path | None = None
    """A folder with the services' logs, in place of Loki."""
    video: str = ""
    """The video whose log is shown."""

    def read(self, expr: str, legend: str) -> list[Series]:
        """Return the lines of an expression that have any number, the highest first."""
        step = max(2.0, (self.end - self.begin) / POINTS)
        found = self._ask("query_range", query=fill(expr, self.window), step=step)
        lines = [_read_series(each, legend) for each in found]
        known = (line for line in lines if line.top >= 0)
        return sorted(known, key=lambda line: (-line.top, line.name))

    def read_exemplars(self, expr: str) -> list[tuple[float, float]]:
        """Return the points of single videos: time and value."""
        found = self._ask("query_exemplars", query=fill(expr, self.window))
        points = (each for series in found for each in series["exemplars"])
        return [(float(each["timestamp"]), float(each["value"])) for each in points]

    def read_log(self, most: int) -> list[str]:
        """Return what was said of the video, in order: the first lines, and the last."""
        lines = sorted(self._list_lines(), key=lambda line: str(line["time"]))
        said = [_describe(line) for line in lines]
        return said if len(said) <= most else [*said[: most // 2], "…", *said[-(most // 2) :]]

    def _list_lines(self) -> Iterator[Mapping[str, Any]]:
        for log in sorted(self.logs.glob("*-0.log")) if self.logs else ():
            for line in log.read_text(errors="replace").splitlines():
                if f'"{self.video}"' in line and line.startswith("{"):
                    yield {"service": log.stem.removesuffix("-0"), **json.loads(line)}

    def _ask(self, what: str, **asked: Any) -> list[Any]:
        known = {**asked, "start": self.begin, "end": self.end}
        answer = httpx.get(f"{self.url}/api/v1/{what}", params=known, timeout=60).json()
        if answer["status"] != "success":
            raise ValueError(f"{asked['query']}: {answer['error']}")
        data = answer["data"]
        return list(data if isinstance(data, list) else data["result"])


def _read_series(found: Mapping[str, Any], legend: str) -> Series:
    labels: Mapping[str, str] = found["metric"]
    name = legend if legend != "__auto" else " ".join(labels.values())
    for label, value in labels.items():
        name = name.replace("{{" + label + "}}", value)
    pairs = [(float(at), float(value)) for at, value in found["values"]]
    return Series(name, [at for at, _ in pairs], [value for _, value in pairs])


SHOWN = (
    "beat",
    "chunk",
    "seconds",
    "waiting",
    "running",
    "storing",
    "generation_ms",
    "cost",
    "error",
)


def _describe(line: Mapping[str, Any]) -> str:
    facts = " ".join(f"{name}={line[name]}" for name in SHOWN if line.get(name) not in (None, ""))
    return f"{line['time'][11:23]}  {line['service']:<10}  {line['message'][:60]:<28}  {facts}"


def to_days(times: Sequence[float]) -> list[float]:
    """Return times as matplotlib counts them, by the clock of this machine, as Grafana does."""
    return [(at - time.timezone) / 86_400 for at in times]
