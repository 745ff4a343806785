"""What follows a failed try, as a returned decision: try again after a wait, or give up.

Three tries a model, then the next model the job names; a permanent error ends it, and a model that
is retired is left at once.
"""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

from shared.story.kinds import RetryRules


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again after a wait."""

    tries: int
    wait_ms: int


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No further try can help, or none is left."""

    tries: int
    why: Literal["permanent", "exhausted"]


def after_failure(
    job: str,
    tried: int,
    rules: RetryRules,
    *,
    permanent: bool = False,
    retired: bool = False,
    retry_after_ms: int = 0,
    models: int = 1,
    most_tries: int | None = None,
) -> Retry | GiveUp:
    """Return what follows one more failure of a job that had failed `tried` times.

    `models`: so many may be tried, one after the other. `most_tries`: so often this kind of
    failure is worth a try at one model, where that is less than usual.
    """
    tries = tried + 1
    if permanent:
        return GiveUp(tries, "permanent")
    within = tried % rules.tries_a_model + 1
    if retired or (most_tries is not None and within >= most_tries):
        tries = (pick_model(tried, rules) + 1) * rules.tries_a_model
    if pick_model(tries, rules) >= models:
        return GiveUp(tries, "exhausted")
    wait = retry_after_ms if retired else max(_backoff(tries, rules), retry_after_ms)
    return Retry(tries, round(wait * _jitter(job, tries)))


def pick_model(tries: int, rules: RetryRules) -> int:
    """Return which model's turn it is after so many failures: 0 for the first one."""
    return tries // rules.tries_a_model


def _backoff(tries: int, rules: RetryRules) -> int:
    within = tries % rules.tries_a_model
    if within == 0:
        return rules.next_model_ms
    return rules.backoff_ms[min(within, len(rules.backoff_ms)) - 1]


def _jitter(job: str, tries: int) -> float:
    """Return 0.9 to 1.1, derived from job and try: jobs that failed together come back apart."""
    digest = blake2b(f"{job}#{tries}".encode(), digest_size=2).digest()
    return 0.9 + 0.2 * int.from_bytes(digest) / 0xFFFF
