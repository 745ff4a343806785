"""What really happened, read from the rows and the logs of real processes."""

from collections.abc import Iterable, Mapping
from typing import Any


def run_again(lines: Iterable[Mapping[str, Any]], finished: Mapping[str, int]) -> list[str]:
    """Jobs that some process began at a later attempt than the one that finished them."""
    begun = [line for line in lines if line.get("action") == "start"]
    assert begun, "no process has logged the start of a job"
    named = [(f"{x['video_id']}/{x['stage']}/{x['beat']}/{x['n']}/{x['take']}", x) for x in begun]
    return [job for job, line in named if line["attempt"] > finished[job]]
