"""Ends that are on a list before they are written: told whoever dies, and marked by nobody else."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from shared.jobs import signals
from shared.jobs.job import Job, State
from shared.jobs.ledger import JOBS
from shared.jobs.outcomes import Made, Produced
from shared.jobs.untold import UNTOLD, Untold
from shared.ports import Doc, Is, Update
from shared.story.errors import StoreUnavailable
from shared.story.events import Event
from shared.story.view import JobSpec
from tests.jobs.replicas import Pair, Stop, working
from tests.jobs.test_worker import RULES, SPEC, LoneWorker


def spec(beat: int) -> JobSpec:
    return SPEC.model_copy(update={"beat": beat})


def end_of(beat: int) -> str:
    return f"v/ImageReady/{beat}/0/0"


def hear(w: LoneWorker) -> list[str]:
    """Have the bus of a replica take everything; what it took is in the list."""
    heard: list[str] = []

    async def publish(events: Sequence[Event]) -> None:
        heard.extend(event.id for event in events)

    w.bus.publish = publish  # type: ignore[method-assign]
    return heard


@pytest.fixture
def heard(pair: Pair) -> list[str]:
    """What replica `b` publishes. The bus of `a` takes nothing, as if it had died before."""
    for w in (pair.a, pair.b):
        w.engine.submit = make
        w.engine.repeatable = True
    return hear(pair.b)


async def make(task: Any, prepared: None) -> Produced:
    return Produced(Made(data={"key": "k"}))


async def due_lists(w: LoneWorker) -> list[Doc]:
    return await w.store.find(UNTOLD, {"publish_at": Is("present")})


async def marked(w: LoneWorker) -> list[Doc]:
    return await w.store.find(JOBS, {"publish_at": Is("present")})


async def take(w: LoneWorker, *specs: JobSpec) -> list[Job]:
    """Take jobs in hand."""
    await w.open()
    await w.ledger.insert(specs)
    return await w.ledger.claim({SPEC.kind: len(specs)})


async def finish(w: LoneWorker, job: Job) -> Job:
    """Write the end of a job in hand."""
    after = await w.ledger.advance(job, signals.Finished({"key": "k"}))
    assert after is not None
    return after


async def test_an_end_is_told_though_its_process_died_before_it_told_it(
    pair: Pair, heard: list[str]
) -> None:
    await pair.open()
    async with working(pair.a):
        await pair.end()
    await pair.b.relay.scan()
    assert heard == [], "its process has its time to tell it"
    pair.clock.move(RULES.relay_ms + 1)
    await pair.b.relay.scan()
    assert heard == [end_of(1)]
    pair.clock.move(RULES.relay_ms + 1)
    await pair.b.relay.scan()
    assert heard == [end_of(1)] and not await due_lists(pair.b) and not await marked(pair.b)


async def test_an_end_that_was_told_is_told_by_nobody_else_and_marked_by_nobody(
    pair: Pair, heard: list[str]
) -> None:
    told, update, written = hear(pair.a), pair.a.store.update, list[Update]()

    async def note(collection: str, updates: Sequence[Update]) -> set[str]:
        written.extend(updates if collection == JOBS else ())
        return await update(collection, updates)

    pair.a.store.update = note  # type: ignore[method-assign]
    await pair.open()
    async with working(pair.a):
        await pair.end()
        await pair.a.worker.drain(5)
        await pair.a.relay.drain(5)
    assert told == [end_of(1)]
    assert not any("publish_at" in [*each.set, *each.unset] for each in written)
    pair.clock.move(RULES.relay_ms + 1)
    await pair.b.relay.scan()
    assert heard == [] and not await due_lists(pair.b)


async def test_of_two_ends_the_list_keeps_the_one_that_is_not_told(
    pair: Pair, heard: list[str]
) -> None:
    hear(pair.a)
    one, two = await take(pair.a, spec(1), spec(2))
    pair.a.relay.offer_end(await finish(pair.a, one))
    await pair.a.relay.drain(5)
    await finish(pair.a, two)
    pair.clock.move(RULES.relay_ms + 1)
    await pair.b.relay.scan()
    assert heard == [end_of(2)]


async def test_an_end_that_is_written_long_after_it_was_listed_is_told(
    pair: Pair, heard: list[str]
) -> None:
    """Its process stands still between the two, wakes up, writes the end, and dies."""
    (job,) = await take(pair.a, SPEC)
    stop, update = Stop(), pair.a.store.update
    stopped = stop.before(update)

    async def write(collection: str, updates: Sequence[Update]) -> set[str]:
        won: set[str] = await (stopped if collection == JOBS else update)(collection, updates)
        return won

    pair.a.store.update = write  # type: ignore[method-assign]
    writing = asyncio.create_task(finish(pair.a, job))
    await stop.until_reached()
    for _ in range(3):
        pair.clock.move(RULES.relay_ms + 1)
        await pair.b.relay.scan()
    assert heard == []
    stop.go_on.set()
    await writing
    pair.clock.move(RULES.relay_ms + 1)
    await pair.b.relay.scan()
    assert heard == [end_of(1)] and not await due_lists(pair.b)


async def test_a_list_is_done_with_once_another_has_claimed_what_is_on_it(
    pair: Pair, heard: list[str]
) -> None:
    (job,) = await take(pair.a, SPEC)
    await pair.a.relay.untold.note([job])  # and then it dies
    pair.clock.move(RULES.lease_ms + 1)
    await pair.b.relay.scan()
    assert await due_lists(pair.b), "it may still be ended by that attempt"
    async with working(pair.b):
        assert (await pair.end()).attempt == 2
        await pair.b.worker.drain(5)
        await pair.b.relay.drain(5)
    pair.clock.move(RULES.relay_ms + 1)
    await pair.b.relay.scan()
    assert heard == [end_of(1)] and not await due_lists(pair.b)
    # of a video that is deleted nothing may stay, not even on a list that is done with
    assert not any(row["ends"] for row in await pair.b.store.find(UNTOLD, {}))


async def test_who_has_lost_its_claim_leaves_nothing_on_the_list(
    pair: Pair, heard: list[str]
) -> None:
    (job,) = await take(pair.a, SPEC)
    pair.clock.move(RULES.lease_ms + 1)
    (again,) = await pair.b.ledger.claim({SPEC.kind: 1})
    assert await pair.a.ledger.advance(job, signals.Finished({"key": "late"})) is None
    await pair.a.relay.untold.clear()
    assert not await due_lists(pair.a)
    assert again.attempt == 2


async def test_an_end_that_its_process_forgot_is_told_though_others_follow_it(
    pair: Pair, heard: list[str]
) -> None:
    """What ends later writes the list anew, and must not put off for ever what is on it."""
    hear(pair.a)
    jobs = await take(pair.a, *map(spec, range(20)))
    await finish(pair.a, jobs[0])  # and nobody offers it
    for job in jobs[1:]:
        pair.clock.move(RULES.relay_ms // 4)
        pair.a.relay.offer_end(await finish(pair.a, job))
        await pair.a.relay.drain(0.2)
        await pair.b.relay.scan()
    assert heard.count(end_of(0)) == 1
    assert len(heard) <= 4, "besides it, only what was on its list at last is told twice"


async def test_a_list_that_is_written_late_takes_no_end_off_another(
    pair: Pair, heard: list[str]
) -> None:
    """The store did not answer, and did as it was asked only after the next list was written."""
    one, two = await take(pair.a, spec(1), spec(2))
    update, late = pair.a.store.update, list[Any]()

    async def put_off(collection: str, updates: Sequence[Update]) -> set[str]:
        late.append((collection, updates))
        raise StoreUnavailable("no answer")

    pair.a.store.update = put_off  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable):
        await finish(pair.a, one)
    pair.a.store.update = update  # type: ignore[method-assign]
    await finish(pair.a, two)
    await update(*late[0])
    pair.clock.move(RULES.relay_ms + 1)
    await pair.b.relay.scan()
    assert heard == [end_of(2)]


async def test_a_list_that_nobody_can_read_holds_up_no_other(pair: Pair, heard: list[str]) -> None:
    odd = {"_id": "storyboard/odd", "service": "storyboard", "publish_at": 0, "ends": {"new": 1}}
    await pair.a.store.insert(UNTOLD, [odd])
    await finish(pair.a, (await take(pair.a, SPEC))[0])
    pair.clock.move(RULES.relay_ms + 1)
    await pair.b.relay.scan()
    assert heard == [end_of(1)]
    assert [row["_id"] for row in await due_lists(pair.b)] == ["storyboard/odd"]


async def test_a_look_at_a_list_takes_nothing_off_that_was_put_on_meanwhile(pair: Pair) -> None:
    """Whose list it is was taken for dead."""
    one, two = await take(pair.a, spec(1), spec(2))
    await pair.a.relay.untold.note([one])
    pair.clock.move(RULES.relay_ms - 1)
    get = pair.b.store.get

    async def meanwhile(collection: str, ids: Sequence[str]) -> dict[str, Doc]:
        rows = await get(collection, ids)
        pair.clock.move(-2)
        await pair.a.relay.untold.note([two])
        return rows

    pair.b.store.get = meanwhile  # type: ignore[method-assign]
    pair.clock.move(2)
    await pair.a.store.update(JOBS, [Update(one.id, set={"attempt": 5})])
    await pair.b.relay.scan()
    (left,) = await due_lists(pair.a)
    assert f"{two.id}:{two.attempt}" in left["ends"]


async def test_an_end_without_a_list_is_marked_in_its_row(pair: Pair) -> None:
    (job,) = await take(pair.a, SPEC)
    await pair.a.store.update(JOBS, [Update(job.id, set={"state": State.NEW.value})])
    await pair.b.ledger.cancel("v")
    assert [row["_id"] for row in await marked(pair.a)] == [job.id], "any process tells it"


async def test_an_empty_list_is_written_once(pair: Pair) -> None:
    told = Untold(pair.a.store, "storyboard", RULES)
    (job,) = await take(pair.a, SPEC)
    await told.note([job])
    told.strike(job.id, job.attempt)
    update, writes = pair.a.store.update, list[str]()

    async def count(collection: str, updates: Sequence[Update]) -> set[str]:
        writes.append(collection)
        return await update(collection, updates)

    pair.a.store.update = count  # type: ignore[method-assign]
    for _ in range(3):
        await told.clear()
    assert writes == [UNTOLD]
