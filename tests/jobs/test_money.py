"""Receipts, caps that change, shortages, and jobs of which nobody knows."""

import asyncio
from typing import Any

import pytest

from shared.bus.local import LocalBus
from shared.jobs.caps import change_cap, sum_committed
from shared.jobs.gate import MONEY, Gate, Hold, Verdict
from shared.jobs.ledger import JOBS, Ledger
from shared.jobs.machine import Accepted, Broke, Claimed, Finished, Job, Rules, State, Unknown
from shared.jobs.receipt import Receipt, read_receipt
from shared.jobs.relay import OUTBOX, Relay
from shared.jobs.rows import to_doc
from shared.jobs.shortage import find_shortage, tell_shortage
from shared.jobs.unresolved import UNRESOLVED, answer, list_unresolved
from shared.ports import Doc, Store, Update
from shared.story.errors import BadInput
from shared.story.kinds import CLIP, IMAGE, KINDS
from tests.histories import VIDEO, full_plan, spec

PLAN = full_plan(3, 1)


async def money(store: Store) -> Doc:
    return (await store.get(MONEY, [VIDEO]))[VIDEO]


async def open_video(store: Store, cap: int | None = 1_000) -> Gate:
    gate = Gate(store)
    await gate.open(VIDEO, "ann", cap)
    return gate


async def attempt(store: Store, gate: Gate, n: int, reserved: int, **about: Any) -> Job:
    """A clip that a provider may have taken; its hold is open."""
    ledger = Ledger(store, KINDS, Rules())
    [job] = await ledger.insert([spec(PLAN, CLIP, beat=n, n=n)], {CLIP.name: 1})
    assert job.state is State.SUBMITTING
    assert await gate.reserve(Hold(VIDEO, job.hold, reserved)) is Verdict.GRANTED
    known = {f"holds.{job.hold}.{name}": value for name, value in about.items()}
    await store.update(MONEY, [Update(VIDEO, set=known)] if known else [])
    return job


async def finish(store: Store, gate: Gate, job: Job, cost: int) -> None:
    await gate.settle(Hold(VIDEO, job.hold, cost))
    result = {"key": "k", "seconds": 5.0}
    assert await Ledger(store, KINDS, Rules()).advance(job, Finished(result, cost))


# ── receipts ────────────────────────────────────────────────────────────────────────────────────


async def test_a_receipt_has_a_row_for_each_paid_attempt_and_its_sum(store: Store) -> None:
    gate = await open_video(store)
    first = await attempt(store, gate, 0, 300, model="maker/fast", run="r1")
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
    gate = await open_video(store)
    job = await attempt(store, gate, 0, 300, why="it broke")
    ledger = Ledger(store, KINDS, Rules())
    await gate.settle(Hold(VIDEO, job.hold, 120))
    again = await ledger.advance(job, Broke("it broke", cost=120))
    assert again is not None
    again = await ledger.advance(again, Claimed())
    assert again is not None
    await gate.reserve(Hold(VIDEO, again.hold, 300))
    await finish(store, gate, again, 280)
    found = await read_receipt(store, VIDEO, PLAN)
    assert [(row.attempt, row.paid, row.why) for row in found.rows] == [
        (1, 120, "it broke"),
        (2, 280, ""),
    ]
    assert found.paid == found.recorded == 400


async def test_what_costs_nothing_is_not_on_the_receipt(store: Store) -> None:
    gate = await open_video(store)
    job = await attempt(store, gate, 0, 0)
    await finish(store, gate, job, 0)
    assert await read_receipt(store, VIDEO, PLAN) == Receipt(video_id=VIDEO, paid=0, cap=1_000)
    assert (await read_receipt(store, "nobody")).rows == ()


async def test_a_job_that_is_gone_has_its_price_all_the_same(store: Store) -> None:
    gate = await open_video(store)
    job = await attempt(store, gate, 0, 300)
    await gate.settle(Hold(VIDEO, job.hold, 200))
    await store.delete(JOBS, [job.id])
    found = await read_receipt(store, VIDEO, PLAN)
    assert [(row.job, row.item, row.paid) for row in found.rows] == [(job.id, job.id, 200)]
    assert (found.paid, found.recorded) == (200, 0)


def test_amounts_leave_as_exact_texts() -> None:
    said = Receipt(video_id="v", paid=1_250_000, cap=None).model_dump(mode="json")
    assert (said["paid"], said["cap"], said["held"]) == ("1.25", None, "0.00")


# ── caps ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_raised_cap_lets_more_be_spent_and_twice_is_once(store: Store) -> None:
    gate = await open_video(store, 500)
    await attempt(store, gate, 0, 400)
    assert await gate.reserve(Hold(VIDEO, "x:1", 300)) is Verdict.NO_MONEY
    for _ in range(2):
        await change_cap(store, VIDEO, 700)
    assert await gate.reserve(Hold(VIDEO, "x:1", 300)) is Verdict.GRANTED
    assert await gate.reserve(Hold(VIDEO, "y:1", 1)) is Verdict.NO_MONEY


async def test_a_video_without_a_cap_gets_one(store: Store) -> None:
    gate = await open_video(store, None)
    await change_cap(store, VIDEO, 100)
    assert await gate.reserve(Hold(VIDEO, "x:1", 101)) is Verdict.NO_MONEY
    assert await gate.reserve(Hold(VIDEO, "x:1", 100)) is Verdict.GRANTED


async def test_no_cap_can_be_below_what_is_spent_or_held(store: Store) -> None:
    gate = await open_video(store, 2_000_000)
    await finish(store, gate, await attempt(store, gate, 0, 600_000), 500_000)
    await attempt(store, gate, 1, 700_000)
    with pytest.raises(BadInput, match=r"give at least 1\.20"):
        await change_cap(store, VIDEO, 1_199_999)
    await change_cap(store, VIDEO, 1_200_000)
    assert (await money(store))["available"] == 0


async def test_caps_that_change_amid_racing_reservations_balance(store: Store) -> None:
    gates = [await open_video(store, 1_000) for _ in range(3)]
    holds = [Hold(VIDEO, f"j{n}:1", 10) for n in range(90)]
    changes = [change_cap(store, VIDEO, cap) for cap in (1_100, 1_250, 1_400)]
    await asyncio.gather(*changes, *(gates[n % 3].reserve(hold) for n, hold in enumerate(holds)))
    doc = await money(store)
    assert doc["available"] + sum_committed(doc) == doc["cap"]


# ── shortages ───────────────────────────────────────────────────────────────────────────────────


async def test_money_that_may_come_free_is_no_shortage_yet(store: Store) -> None:
    gate = await open_video(store, 500)
    held = await attempt(store, gate, 0, 400)
    job = Job(spec=spec(PLAN, IMAGE))
    assert find_shortage(await money(store), job, 300) is None, "the hold may settle for less"
    assert find_shortage(await money(store), job, 501) is not None, "no settlement can help"
    await gate.settle(Hold(VIDEO, held.hold, 350))
    found = find_shortage(await money(store), job, 300)
    assert found is not None
    assert (found.current, found.estimate, found.cap, found.item) == (350, 300, 500, job.id)


async def test_a_shortage_is_told_once_each_time_that_the_money_runs_out(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    gate = await open_video(store, 100)
    relay = Relay(store, LocalBus(), "chunker", runs=[CLIP], kinds=KINDS, rules=Rules())
    jobs = [Job(spec=spec(PLAN, CLIP, n=n)) for n in range(3)]
    for job in jobs * 2:
        assert await tell_shortage(store, relay, job, 300)
    assert len(await store.find(OUTBOX, {})) == 1, "all wait for the same"
    await change_cap(store, VIDEO, 400)
    await gate.reserve(Hold(VIDEO, "a:1", 300))
    await gate.settle(Hold(VIDEO, "a:1", 300))
    assert await tell_shortage(store, relay, jobs[1], 300)
    assert len(await store.find(OUTBOX, {})) == 2
    [said, *_] = [record for record in caplog.records if getattr(record, "action", "") == "budget"]
    assert (said.__dict__["current"], said.__dict__["estimate"], said.__dict__["cap"]) == (
        0,
        300,
        100,
    )
    assert said.__dict__["passed"] is False


async def test_without_any_cap_there_is_never_money(store: Store) -> None:
    await open_video(store, None)
    found = find_shortage(await money(store), Job(spec=spec(PLAN, CLIP)), 1)
    assert found is not None and found.cap is None


# ── unresolved ──────────────────────────────────────────────────────────────────────────────────


async def unresolved(store: Store, gate: Gate) -> Job:
    job = await attempt(store, gate, 0, 300, model="maker/fast")
    await Ledger(store, KINDS, Rules()).advance(job, Unknown(60_000))
    await store.update(JOBS, [Update(job.id, set={UNRESOLVED: True})])
    return job


async def test_what_nobody_knows_is_listed_with_the_money_that_it_holds(store: Store) -> None:
    job = await unresolved(store, await open_video(store))
    [found] = await list_unresolved(store, job.spec.owner)
    assert (found.job, found.model, found.held, found.attempt) == (job.id, "maker/fast", 300, 1)
    assert await list_unresolved(store, "another") == []
    [row] = (await read_receipt(store, VIDEO, PLAN)).rows
    assert (row.state, row.paid) == ("unresolved", None)


@pytest.mark.parametrize(("paid", "cost"), [(None, 300), (0, 0), (120, 120)])
async def test_who_drops_it_says_what_was_paid_and_else_it_is_all(
    store: Store, paid: int | None, cost: int
) -> None:
    gate = await open_video(store)
    job = await unresolved(store, gate)
    ledger = Ledger(store, KINDS, Rules())
    assert await answer(store, ledger, gate, job.id, "drop", paid) == cost
    [row] = await store.find(JOBS, {})
    assert (row["state"], row["cost"]) == ("failed", cost)
    found = await read_receipt(store, VIDEO, PLAN)
    assert found.paid == found.recorded == cost and found.held == 0
    assert await list_unresolved(store) == []
    with pytest.raises(BadInput, match="no unresolved job"):
        await answer(store, ledger, gate, job.id, "drop", paid)


async def test_who_retries_it_gets_another_attempt(store: Store) -> None:
    gate = await open_video(store)
    job = await unresolved(store, gate)
    await answer(store, Ledger(store, KINDS, Rules()), gate, job.id, "retry", 0)
    [row] = await store.find(JOBS, {})
    assert row["state"] == "new" and row["due_at"]
    assert (await money(store))["available"] == 1_000
    assert await list_unresolved(store) == []


async def test_more_than_was_held_can_not_have_been_paid(store: Store) -> None:
    gate = await open_video(store)
    job = await unresolved(store, gate)
    with pytest.raises(BadInput, match=r"give at most 0\.0003"):
        await answer(store, Ledger(store, KINDS, Rules()), gate, job.id, "drop", 301)
    assert len(await list_unresolved(store)) == 1


async def test_an_answer_that_came_too_late_changes_nothing(store: Store) -> None:
    """The run was found after all, and the job goes on."""
    gate = await open_video(store)
    job = await unresolved(store, gate)
    ledger = Ledger(store, KINDS, Rules())
    assert await ledger.advance(job, Accepted("r1"))
    with pytest.raises(BadInput, match="look again"):
        await answer(store, ledger, gate, job.id, "drop", 0)
    assert "settled" not in (await money(store))["holds"][job.hold]


async def test_a_job_that_was_given_up_keeps_its_hold_until_it_is_dropped(store: Store) -> None:
    gate = await open_video(store)
    job = await attempt(store, gate, 0, 300)
    failed = Job(spec=job.spec, state=State.FAILED, attempt=1, paid_attempt=1, finished_at=1)
    await store.delete(JOBS, [job.id])
    await store.insert(JOBS, [{**to_doc(failed), UNRESOLVED: True}])
    ledger = Ledger(store, KINDS, Rules())
    with pytest.raises(BadInput, match="storywave retry v1"):
        await answer(store, ledger, gate, job.id, "retry")
    assert await answer(store, ledger, gate, job.id, "drop", 0) == 0
    assert (await money(store))["available"] == 1_000
    assert await list_unresolved(store) == []
