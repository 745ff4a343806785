"""What processes do while something is wrong: how much they compute, and what they say."""

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.cluster.fleet import Replica

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Seen:
    """Of one stretch of time: by process, seconds of computing and lines of its log."""

    cpu: dict[str, float] = field(default_factory=dict)
    lines: dict[str, list[str]] = field(default_factory=dict)

    def said_often(self, most: int) -> dict[str, Counter[str]]:
        """Return, by process, what it has said more often than that, whatever the numbers in it."""
        counted = {name: Counter(map(_without_numbers, said)) for name, said in self.lines.items()}
        often = {
            name: Counter({text: times for text, times in said.items() if times > most})
            for name, said in counted.items()
        }
        return {name: said for name, said in often.items() if said}


@contextmanager
def watch(replicas: Sequence[Replica]) -> Iterator[Seen]:
    """Give what these processes do for as long as this is open; it is complete afterwards."""
    seen = Seen()
    before = {_name(replica): (_cpu(replica), _size(replica.log)) for replica in replicas}
    yield seen
    for replica in replicas:
        name = _name(replica)
        computed, said = before[name]
        seen.cpu[name] = _cpu(replica) - computed
        seen.lines[name] = _warnings(replica.log, said)


def list_away(replicas: Sequence[Replica]) -> dict[str, list[str]]:
    """Return, by process, the servers for which it says that it waits."""
    return {_name(replica): sorted(_ask(replica).get("away", ())) for replica in replicas}


def _ask(replica: Replica) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.get(f"{replica.url}/readyz", timeout=5).json()
    return answer


def _name(replica: Replica) -> str:
    return f"{replica.service}-{replica.number}"


def _cpu(replica: Replica) -> float:
    """Return the seconds that the process itself has computed, its children apart."""
    assert replica.process is not None
    fields = Path(f"/proc/{replica.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _size(log: Path) -> int:
    return log.stat().st_size


def _warnings(log: Path, start: int) -> list[str]:
    with log.open("rb") as file:
        file.seek(start)
        lines = file.read().decode(errors="replace").splitlines()
    return [line for line in lines if '"level": "info"' not in line]


def _without_numbers(line: str) -> str:
    said = re.sub(r'"time": "[^"]*"', "", line)
    return re.sub(r"\d+", "#", said)
