"""Receipts, caps that change, shortages, and jobs of which nobody knows."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace

import pytest

from services.gateway.read.status import sum_costs
from shared.jobs.gate import MONEY, Gate, Hold, Settlement, Verdict, sum_committed
from shared.jobs.job import Job, Rules, State
from shared.jobs.ledger import JOBS, Ledger
from shared.jobs.receipt import Receipt, read_receipt
from shared.jobs.rows import end_event, from_doc
from shared.jobs.shortage import find_shortage
from shared.jobs.signals import (
    Accepted,
    Broke,
    Claimed,
    Finished,
    NotAccepted,
    Posted,
    Produced,
    Settled,
    Signal,
)
from shared.jobs.unresolved import find_unresolved, list_unresolved, settle_by_hand
from shared.ports import Doc, Store
from shared.story.errors import BadInput
from shared.story.events import AttemptSettled, Event
from shared.story.kinds import CLIP, IMAGE, KINDS
from shared.story.view import View
from tests.histories import VIDEO, full_plan, spec

PLAN = full_plan(3, 1)


async def money(store: Store) -> Doc:
    return (await store.get(MONEY, [VIDEO]))[VIDEO]


async def open_video(store: Store, cap: int | None = 1_000) -> Gate:
    gate = Gate(store)
    await gate.open(VIDEO, "ann", cap)
    return gate


async def attempt(store: Store, gate: Gate, n: int, reserved: int, model: str = "") -> Job:
    """A clip that is posted to a provider; its hold is open."""
    ledger = Ledger(store, KINDS, Rules())
    [job] = await ledger.insert([spec(PLAN, CLIP, beat=n, n=n)], {CLIP.name: 1})
    assert job.state is State.SUBMITTING
    return await post(ledger, gate, job, reserved, model)


async def post(ledger: Ledger, gate: Gate, job: Job, reserved: int, model: str = "") -> Job:
    hold = Hold(VIDEO, f"{job.id}:{job.attempt}", reserved, model or None)
    assert await gate.reserve(hold) is Verdict.GRANTED
    return await advance(ledger, job, Posted(reserved, model or None))


async def advance(ledger: Ledger, job: Job, signal: Signal) -> Job:
    after = await ledger.advance(job, signal)
    assert after is not None
    return after


async def settle(store: Store, gate: Gate, job: Job, signal: Signal, why: str = "") -> Job:
    """The attempt ends so; the row says it first, then the money, then it is a fact."""
    ledger = Ledger(store, KINDS, Rules())
    due = await advance(ledger, job, signal)
    assert due.state is State.SETTLING
    end = Settlement(VIDEO, job.id, job.hold, due.owed, run=job.external_id, why=why or None)
    await gate.settle(end)
    return await advance(ledger, due, Settled())


async def finish(store: Store, gate: Gate, job: Job, cost: int) -> None:
    ledger = Ledger(store, KINDS, Rules())
    running = await advance(ledger, job, Accepted("r1"))
    stored = await advance(ledger, running, Produced({"key": "https://x"}, cost=cost))
    await settle(store, gate, stored, Finished({"key": "k", "seconds": 5.0}, cost))


# ── receipts ────────────────────────────────────────────────────────────────────────────────────


async def test_a_receipt_has_a_row_for_each_paid_attempt_and_its_sum(store: Store) -> None:
    gate = await open_video(store)
    first = await attempt(store, gate, 0, 300, model="maker/fast")
    await finish(store, gate, first, 250)
    await attempt(store, gate, 2, 400, model="maker/fast")
    found = await read_receipt(store, VIDEO, PLAN)
    assert [(row.item, row.attempt, row.state, row.reserved, row.paid) for row in found.rows] == [
        ("clip 0", 1, "settled", 300, 250),
        ("clip 2", 1, "open", 400, None),
    ]
    assert (found.rows[0].kind, found.rows[0].model, found.rows[0].run) == (
        "clip",
        "maker/fast",
        "r1",
    )
    assert (found.paid, found.held, found.cap) == (250, 400, 1_000)
    assert found.paid == found.recorded, "the sum of the rows is the sum of what the jobs say"


async def test_two_attempts_at_one_job_are_two_rows(store: Store) -> None:
    gate, ledger = await open_video(store), Ledger(store, KINDS, Rules())
    job = await attempt(store, gate, 0, 300)
    again = await settle(store, gate, job, Broke("it broke", cost=120), why="it broke")
    again = await post(ledger, gate, await advance(ledger, again, Claimed()), 300)
    await finish(store, gate, again, 280)
    found = await read_receipt(store, VIDEO, PLAN)
    assert [(row.attempt, row.paid, row.why) for row in found.rows] == [
        (1, 120, "it broke"),
        (2, 280, ""),
    ]
    assert found.paid == found.recorded == 400


async def test_what_costs_nothing_is_not_on_the_receipt(store: Store) -> None:
    gate = await open_video(store)
    await gate.reserve(Hold(VIDEO, f"{VIDEO}/cut/0/0/1:1", 0))
    assert await read_receipt(store, VIDEO, PLAN) == Receipt(video_id=VIDEO, paid=0, cap=1_000)
    assert (await read_receipt(store, "nobody")).rows == ()


async def test_a_job_that_is_gone_has_its_price_all_the_same(store: Store) -> None:
    gate = await open_video(store)
    job = await attempt(store, gate, 0, 300)
    await gate.settle(Settlement(VIDEO, job.id, job.hold, 200))
    await store.delete(JOBS, [job.id])
    found = await read_receipt(store, VIDEO, PLAN)
    assert [(row.job, row.item, row.paid) for row in found.rows] == [(job.id, job.id, 200)]
    assert (found.paid, found.recorded) == (200, 0)


def test_amounts_leave_as_exact_texts() -> None:
    said = Receipt(video_id="v", paid=1_250_000, cap=None).model_dump(mode="json")
    assert (said["paid"], said["cap"], said["held"]) == ("1.25", None, "0.00")


# ── caps ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_video_without_a_cap_spends_nothing_until_it_gets_one(store: Store) -> None:
    gate = await open_video(store, None)
    assert await gate.reserve(Hold(VIDEO, "free:1", 0)) is Verdict.GRANTED
    assert await gate.reserve(Hold(VIDEO, "x:1", 1)) is Verdict.NO_MONEY
    await gate.steer(VIDEO, "running", 1, 100)
    assert await gate.reserve(Hold(VIDEO, "x:1", 101)) is Verdict.NO_MONEY
    assert await gate.reserve(Hold(VIDEO, "x:1", 100)) is Verdict.GRANTED


async def test_caps_that_change_amid_racing_reservations_balance(store: Store) -> None:
    gates = [await open_video(store, 1_000) for _ in range(3)]
    holds = [Hold(VIDEO, f"j{n}:1", 10) for n in range(90)]
    caps = enumerate((1_100, 1_250, 1_400), start=1)
    changes = [gates[0].steer(VIDEO, "running", n, cap) for n, cap in caps]
    await asyncio.gather(*changes, *(gates[n % 3].reserve(hold) for n, hold in enumerate(holds)))
    doc = await money(store)
    assert doc["available"] + sum_committed(doc) == doc["cap"] == 1_400


async def test_who_wants_to_finish_waits_for_money_that_may_come_free(store: Store) -> None:
    """A hold is a ceiling: what it leaves over may pay for one clip more."""
    gate = Gate(store)
    await gate.open(VIDEO, "ann", 500, "finish")
    job = await attempt(store, gate, 0, 400)
    assert await gate.reserve(Hold(VIDEO, "x:1", 200)) is Verdict.NO_MONEY
    await gate.settle(Settlement(VIDEO, job.id, job.hold, 350))
    assert await gate.reserve(Hold(VIDEO, "x:1", 200)) is Verdict.OVER
    assert await gate.reserve(Hold(VIDEO, "x:1", 150)) is Verdict.GRANTED


async def test_every_check_of_a_budget_is_logged_passed_or_not(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "storywave.worker")
    gate = await open_video(store, 500)
    for hold in (Hold(VIDEO, "a:1", 400), Hold(VIDEO, "b:1", 200)):
        await gate.log_check(hold, await gate.reserve(hold))
    said = [record.__dict__ for record in caplog.records if record.__dict__["action"] == "budget"]
    assert [(s["current"], s["estimate"], s["cap"], s["passed"]) for s in said] == [
        (0, 400, 500, True),
        (400, 200, 500, False),
    ]


# ── shortages ───────────────────────────────────────────────────────────────────────────────────


async def test_money_that_may_come_free_is_no_shortage_yet(store: Store) -> None:
    gate = await open_video(store, 500)
    held = await attempt(store, gate, 0, 400)
    job = Job(spec=spec(PLAN, IMAGE))
    assert find_shortage(await money(store), job, 300) is None, "the hold may settle for less"
    assert find_shortage(await money(store), job, 501) is not None, "no settlement can help"
    await gate.settle(Settlement(VIDEO, held.id, held.hold, 350))
    found = find_shortage(await money(store), job, 300)
    assert found is not None
    assert (found.current, found.estimate, found.cap, found.item) == (350, 300, 500, job.id)


async def test_who_finishes_with_what_there_is_is_never_out_of_money(store: Store) -> None:
    gate = Gate(store)
    await gate.open(VIDEO, "ann", 100, "finish")
    job = Job(spec=spec(PLAN, CLIP))
    assert find_shortage(await money(store), job, 300) is None


async def test_the_price_of_what_was_held_makes_the_next_shortage_another(store: Store) -> None:
    gate = await open_video(store, 500)
    held = await attempt(store, gate, 0, 400)
    job = Job(spec=spec(PLAN, IMAGE))
    first = find_shortage(await money(store), job, 600)
    await gate.settle(Settlement(VIDEO, held.id, held.hold, 400))
    second = find_shortage(await money(store), job, 600)
    assert first and second and first.id != second.id


async def test_all_jobs_that_wait_for_the_same_money_tell_one_event(store: Store) -> None:
    gate = await open_video(store, 100)
    jobs = [Job(spec=spec(PLAN, CLIP, n=n)) for n in range(3)]
    found = [find_shortage(await money(store), job, 300) for job in jobs]
    assert len({each.id for each in found if each}) == 1 and None not in found
    await gate.steer(VIDEO, "running", 1, 400)
    await gate.reserve(Hold(VIDEO, "a:1", 300))
    await gate.settle(Settlement(VIDEO, "a", "a:1", 300))
    again = find_shortage(await money(store), jobs[1], 300)
    assert again is not None and again.id not in {each.id for each in found if each}


async def test_without_any_cap_there_is_never_money(store: Store) -> None:
    await open_video(store, None)
    found = find_shortage(await money(store), Job(spec=spec(PLAN, CLIP)), 1)
    assert found is not None and found.cap is None


# ── unresolved ──────────────────────────────────────────────────────────────────────────────────


class Emitted(list[Event]):
    async def __call__(self, events: Sequence[Event]) -> None:
        self += events


async def lose(store: Store, gate: Gate) -> Job:
    """A clip that was looked for in vain, twice."""
    ledger = Ledger(store, KINDS, replace(Rules(), most_resubmits=0))
    job = await attempt(store, gate, 0, 300, model="maker/fast")
    return await advance(ledger, job, NotAccepted())


async def test_what_nobody_knows_is_listed_with_the_money_that_it_holds(store: Store) -> None:
    job = await lose(store, await open_video(store))
    [found] = await list_unresolved(store, job.spec.owner)
    assert (found.job, found.model, found.held, found.attempt) == (job.id, "maker/fast", 300, 1)
    assert await list_unresolved(store, "another") == []
    [row] = (await read_receipt(store, VIDEO, PLAN)).rows
    assert (row.state, row.paid) == ("unresolved", None)


@pytest.mark.parametrize(("paid", "cost"), [(None, 300), (0, 0), (120, 120)])
async def test_who_settles_it_says_what_was_paid_and_else_it_is_all(
    store: Store, paid: int | None, cost: int
) -> None:
    gate, emit = await open_video(store), Emitted()
    job = await lose(store, gate)
    known = await find_unresolved(store, job.id)
    assert await settle_by_hand(store, gate, emit, wake_nobody, known, paid) == cost
    [event] = emit
    assert isinstance(event, AttemptSettled) and (event.job, event.cost) == (job.id, cost)
    found = await read_receipt(store, VIDEO, PLAN)
    assert found.paid == found.recorded == cost and found.held == 0
    assert (await money(store))["available"] == 1_000 - cost
    assert await list_unresolved(store) == []
    with pytest.raises(BadInput, match="no unresolved job"):
        await find_unresolved(store, job.id)


async def test_of_two_answers_the_first_counts_everywhere(store: Store) -> None:
    gate, emit = await open_video(store), Emitted()
    known = await find_unresolved(store, (await lose(store, gate)).id)
    assert await settle_by_hand(store, gate, emit, wake_nobody, known, 100) == 100
    assert await settle_by_hand(store, gate, emit, wake_nobody, known, 0) == 100
    assert {event.id: event for event in emit}.keys() == {emit[0].id}
    found = await read_receipt(store, VIDEO, PLAN)
    assert found.paid == found.recorded == 100


async def test_what_a_person_has_said_counts_once_though_the_end_is_told_only_then(
    store: Store,
) -> None:
    """The bus was away when the job ended, or somebody has all facts told again."""
    gate, emit = await open_video(store), Emitted()
    known = await find_unresolved(store, (await lose(store, gate)).id)
    await settle_by_hand(store, gate, emit, wake_nobody, known, 120)
    row = (await store.get(JOBS, [known.job]))[known.job]
    view = View(VIDEO, [*emit, end_event(from_doc(row), KINDS)])
    assert sum_costs(view) == (await read_receipt(store, VIDEO, PLAN)).paid == 120


async def test_more_than_was_held_can_not_have_been_paid(store: Store) -> None:
    gate = await open_video(store)
    known = await find_unresolved(store, (await lose(store, gate)).id)
    with pytest.raises(BadInput, match=r"give at most 0\.0003"):
        await settle_by_hand(store, gate, Emitted(), wake_nobody, known, 301)
    assert len(await list_unresolved(store)) == 1


async def wake_nobody(video_id: str) -> None:
    pass
