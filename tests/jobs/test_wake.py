"""A reason to look at a job at once: which jobs it reaches, and which it must not touch."""

from typing import Any

import pytest

from shared.jobs.ledger import JOBS
from shared.jobs.wake import wake
from shared.ports import Update
from shared.store.sqlite import SqliteStore
from tests.clock import Clock

JOB = "v1/clip/0/2/0"


async def keep(store: SqliteStore, **known: Any) -> int:
    """Keep a job that is looked at again in a minute; return when."""
    due = store.now() + 60_000
    row = {"state": "running", "attempt": 7, "posted_attempt": 2, "due_at": due}
    await store.insert(JOBS, [{"_id": JOB, **row, **known}])
    return due


async def due_at(store: SqliteStore) -> Any:
    return (await store.get(JOBS, [JOB]))[JOB].get("due_at")


async def test_a_job_at_a_provider_is_due_at_once_whoever_looked_at_it_since(
    store: SqliteStore,
) -> None:
    await keep(store)
    assert await wake(store, JOB, 2)
    assert await due_at(store) <= store.now()


async def test_who_looked_before_the_news_can_not_put_the_next_look_off(
    store: SqliteStore,
) -> None:
    await keep(store)
    await wake(store, JOB, 2)
    late = Update(JOB, where={"state": "running", "attempt": 7}, set={"due_at": 10**15})
    assert not await store.update(JOBS, [late])


@pytest.mark.parametrize("state", ["new", "submitting", "storing", "settling", "done", "failed"])
async def test_a_job_in_any_other_state_is_left_alone(store: SqliteStore, state: str) -> None:
    due = await keep(store, state=state)
    assert not await wake(store, JOB, 2)
    assert await due_at(store) == due


async def test_an_attempt_that_is_over_wakes_nothing(store: SqliteStore) -> None:
    due = await keep(store)
    assert not await wake(store, JOB, 1)
    assert not await wake(store, "v1/clip/0/3/0", 2)
    assert await due_at(store) == due


async def test_what_is_due_already_keeps_its_turn(store: SqliteStore, clock: Clock) -> None:
    due = await keep(store)
    clock.move(90_000)
    assert not await wake(store, JOB, 2)
    assert await due_at(store) == due


async def test_who_looks_next_can_tell_that_there_was_news_although_it_was_due_already(
    store: SqliteStore, clock: Clock
) -> None:
    await keep(store)
    clock.move(90_000)
    await wake(store, JOB, 2)
    assert (await store.get(JOBS, [JOB]))[JOB]["attempt"] == 8
