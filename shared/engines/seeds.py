"""A seed of each paid job's own, so that no two of them send the same input. Pure.

The same job always has the same one, whoever claims it: a submit whose answer was lost is found
again by its input. A try after a failure has another one: what was refused by chance may pass.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from shared.jobs.job import Job

MOST = 2**31 - 1
"""The largest seed that every provider takes."""


def seed_of(job: Job, least: int = 0, most: int = MOST) -> int:
    """Return the seed of a job at its present try, within a range."""
    tries = f"#{job.tries}" if job.tries else ""
    digest = blake2b(f"{_find_seed(job.spec.input)}/{job.id}{tries}".encode(), digest_size=8)
    return least + int.from_bytes(digest.digest()) % (most - least + 1)


def _find_seed(order: Mapping[str, Any]) -> int:
    """Return the brief's seed: an order holds it, or the brief that does."""
    found = order.get("seed", order.get("brief", {}).get("seed", 0))
    return int(found)
