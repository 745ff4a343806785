"""What goes wrong at the provider: by chance all the time, and a few times on purpose."""

from collections.abc import Mapping, Sequence
from typing import Any

RATES: Mapping[str, float] = {
    "429": 0.02,
    "5xx": 0.02,
    "5xx_after": 0.02,
    "lost": 0.02,
    "cut": 0.02,
    "unreadable": 0.01,
    "fails": 0.02,
    "canceled": 0.01,
    "aborted": 0.01,
    "no_output": 0.01,
    "truncated": 0.01,
    "hook_lost": 0.1,
    "hook_late": 0.05,
    "hook_doubled": 0.1,
    "hook_forged": 0.02,
    "hook_stale": 0.02,
    "read_429": 0.01,
    "read_5xx": 0.02,
    "read_lost": 0.02,
    "download_5xx": 0.03,
    "download_cut": 0.02,
}
"""What happens by chance, all the time."""

SCRIPT: Sequence[Mapping[str, Any]] = (
    {"name": "slow_accept", "seconds": 4, "after": 30, "times": 4},
    {"name": "slow_answer", "seconds": 6, "after": 60, "times": 4},
    {"name": "fails", "error": "E005", "kind": "clip", "after": 20, "pays": True},
    {"name": "fails", "error": "E005", "kind": "image", "after": 20},
    {"name": "fails", "error": "RISK", "kind": "clip", "after": 60},
    {"name": "fails", "error": "E001", "kind": "clip", "after": 90},
    {"name": "slow_run", "seconds": 15, "kind": "clip", "after": 40, "times": 3},
)
"""What happens once, or a few times."""
