"""Retries, as a table of decisions."""

from typing import Any

import pytest

from shared.jobs.retries import GiveUp, Retry, after_failure, pick_model
from shared.story.kinds import RetryRules

RULES = RetryRules()

TABLE = [
    # failures so far, models, what kind of failure → failures after, waits about (None: gives up)
    (0, 1, {}, 1, 2_000),
    (1, 1, {}, 2, 4_000),
    (2, 1, {}, 3, None),
    (0, 1, {"permanent": True}, 1, None),
    (2, 2, {}, 3, 8_000),
    (3, 2, {}, 4, 2_000),
    (5, 2, {}, 6, None),
    (0, 2, {"retired": True}, 3, 0),
    (3, 2, {"retired": True}, 6, None),
    (0, 2, {"permanent": True}, 1, None),
    (0, 2, {"most_tries": 1}, 3, 8_000),
    (0, 2, {"most_tries": 2}, 1, 2_000),
    (1, 1, {"most_tries": 2}, 3, None),
    (0, 1, {"retry_after_ms": 30_000}, 1, 30_000),
    (0, 1, {"retry_after_ms": 10}, 1, 2_000),
]


@pytest.mark.parametrize(("tried", "models", "failure", "after", "wait"), TABLE)
def test_what_follows_a_failure(
    tried: int, models: int, failure: dict[str, Any], after: int, wait: int | None
) -> None:
    decision = after_failure("v/clip/0", tried, RULES, models=models, **failure)
    assert decision.tries == after
    if wait is None:
        assert isinstance(decision, GiveUp)
        assert decision.why == ("permanent" if failure.get("permanent") else "exhausted")
    else:
        assert isinstance(decision, Retry)
        assert wait * 0.9 <= decision.wait_ms <= wait * 1.1


def test_waits_differ_between_jobs_but_not_between_readings() -> None:
    jobs = [f"v{n}/clip/0" for n in range(20)]
    waits = [after_failure(job, 0, RULES) for job in jobs]
    assert waits == [after_failure(job, 0, RULES) for job in jobs]
    assert len({wait.wait_ms for wait in waits if isinstance(wait, Retry)}) > 10


def test_the_model_changes_when_its_tries_are_used_up() -> None:
    assert [pick_model(tries, RULES) for tries in range(7)] == [0] * 3 + [1] * 3 + [2]
