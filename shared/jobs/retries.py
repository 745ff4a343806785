"""What follows a failed try, as a returned decision: try again after a wait, or give up.

Three tries a model, then the next model the job names; a permanent error ends it, and a model that
is retired is left at once.
"""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

from shared.story.kinds import RetryRules
from shared.story.view import JobSpec


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
    spec: JobSpec,
    tried: int,
    rules: RetryRules,
    *,
    permanent: bool = False,
    retired: bool = False,
    retry_after_ms: int = 0,
) -> Retry | GiveUp:
    """Return what follows one more failure of a job that had failed `tried` times."""
    tries = tried + 1
    if retired:
        tries = (tried // rules.tries_a_model + 1) * rules.tries_a_model
    elif permanent:
        return GiveUp(tries, "permanent")
    if tries >= rules.tries_a_model * max(1, len(spec.models)):
        return GiveUp(tries, "exhausted")
    wait = retry_after_ms if retired else max(_backoff(tries, rules), retry_after_ms)
    return Retry(tries, round(wait * _jitter(spec.id, tries)))


def model(spec: JobSpec, tries: int, rules: RetryRules) -> str | None:
    """Return the model whose turn it is, where the job names models."""
    models = spec.models
    return models[min(tries // rules.tries_a_model, len(models) - 1)] if models else None


def _backoff(tries: int, rules: RetryRules) -> int:
    within = tries % rules.tries_a_model
    if within == 0:
        return rules.next_model_ms
    return rules.backoff_ms[min(within, len(rules.backoff_ms)) - 1]


def _jitter(job: str, tries: int) -> float:
    """Return 0.9 to 1.1, derived from job and try: jobs that failed together come back apart."""
    digest = blake2b(f"{job}#{tries}".encode(), digest_size=2).digest()
    return 0.9 + 0.2 * int.from_bytes(digest) / 0xFFFF
