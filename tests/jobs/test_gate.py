"""The gate: never a cent above the cap, whoever asks, however often."""

import asyncio
import random

import pytest

from shared.jobs.gate import MONEY, Gate, Hold, Settlement, Verdict
from shared.ports import Doc, Store

V = Verdict


def paid(job: str, amount: int | None, attempt: int = 1, run: str | None = None) -> Settlement:
    return Settlement("v", job, f"{job}:{attempt}", amount, run=run, before=attempt)


async def money(store: Store, video: str = "v") -> Doc:
    return (await store.get(MONEY, [video]))[video]


def balances(doc: Doc, cap: int) -> bool:
    held = sum(hold.get("settled", hold["reserved"]) for hold in doc["holds"].values())
    return bool(doc["available"] + held == cap)


async def test_reserve_holds_and_settle_gives_back_the_rest(store: Store) -> None:
    gate = Gate(store)
    await gate.open("v", "ann", cap=100)
    assert await gate.reserve(Hold("v", "a:1", 60)) is V.GRANTED
    assert await gate.reserve(Hold("v", "b:1", 60)) is V.NO_MONEY
    await gate.settle(paid("a", 25))
    assert await gate.reserve(Hold("v", "b:1", 60)) is V.GRANTED
    doc = await money(store)
    assert doc["holds"] == {"a:1": {"reserved": 60, "settled": 25}, "b:1": {"reserved": 60}}
    assert balances(doc, 100)


async def test_racing_settlements_of_one_hold_make_no_money(store: Store) -> None:
    gates = [Gate(store) for _ in range(3)]
    await gates[0].open("v", "ann", cap=100)
    await gates[0].reserve(Hold("v", "a:1", 40))
    ends = [gates[i % 3].settle(paid("a", 10)) for i in range(9)]
    await asyncio.gather(*ends)
    doc = await money(store)
    assert doc["available"] == 90 and balances(doc, 100)


async def test_a_settled_hold_is_not_granted_again(store: Store) -> None:
    gate = Gate(store)
    await gate.open("v", "ann", cap=100)
    await gate.reserve(Hold("v", "a:1", 40))
    await gate.settle(paid("a", 10))
    assert await gate.reserve(Hold("v", "a:1", 40)) is V.SETTLED


async def test_what_was_not_used_leaves_no_trace(store: Store) -> None:
    gate = Gate(store)
    await gate.open("v", "ann", cap=100)
    for attempt in range(1, 50):
        await gate.reserve(Hold("v", f"a:{attempt}", 40))
        await gate.settle(paid("a", None, attempt))
    doc = await money(store)
    assert (doc["available"], doc["holds"]) == (100, {})


async def test_a_settlement_gives_back_what_lost_claims_held(store: Store) -> None:
    gate = Gate(store)
    await gate.open("v", "ann", cap=100)
    for name in ("a:1", "a:2", "ab:1"):
        await gate.reserve(Hold("v", name, 30, model="fast"))
    await gate.settle(paid("a", 20, attempt=2, run="p1"))
    doc = await money(store)
    used = {"reserved": 30, "model": "fast", "settled": 20, "run": "p1"}
    assert doc["holds"] == {"a:2": used, "ab:1": {"reserved": 30, "model": "fast"}}
    assert balances(doc, 100)


async def test_a_run_above_its_ceiling_is_paid_from_the_budget_and_told(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate(store)
    await gate.open("v", "ann", cap=100)
    await gate.reserve(Hold("v", "a:1", 30))
    await gate.settle(paid("a", 45))
    assert (await money(store))["available"] == 55
    assert [line.__dict__["action"] for line in caplog.records] == ["overrun"]


async def test_a_cap_can_be_moved_and_what_is_spent_stays_spent(store: Store) -> None:
    gate = Gate(store)
    await gate.open("v", "ann", cap=50)
    await gate.reserve(Hold("v", "a:1", 40))
    assert not await gate.has_news("v", 20)
    for _ in range(2):
        await gate.steer("v", "running", 1, 60)
    assert await gate.has_news("v", 20) and not await gate.has_news("v", 21)
    await gate.steer("v", "running", 2, 10)
    assert await gate.reserve(Hold("v", "b:1", 1)) is V.NO_MONEY
    assert balances(await money(store), 10)


async def test_the_cap_of_the_latest_wish_counts_and_a_wish_without_one_leaves_it(
    store: Store,
) -> None:
    gate = Gate(store)
    await gate.open("v", "ann", cap=50)
    for number, cap in ((2, 60), (1, 900), (3, None), (2, 900)):
        await gate.steer("v", "running", number, cap)
    doc = await money(store)
    assert (doc["cap"], doc["available"]) == (60, 60)


async def test_a_video_that_is_to_be_finished_at_its_cap_says_so(store: Store) -> None:
    gate = Gate(store)
    await gate.open("v", "ann", cap=5, on_cap="finish")
    assert await gate.reserve(Hold("v", "a:1", 10)) is V.OVER


async def test_asking_twice_is_asking_once(store: Store) -> None:
    gate = Gate(store)
    await gate.open("v", "ann", cap=100)
    await gate.open("v", "ann", cap=999)
    for _ in range(2):
        assert await gate.reserve(Hold("v", "a:1", 70)) is V.GRANTED
    for cost in (30, 55):
        await gate.settle(paid("a", cost))
    doc = await money(store)
    assert doc["holds"]["a:1"] == {"reserved": 70, "settled": 30} and balances(doc, 100)


async def test_the_wish_with_the_highest_number_counts_in_whatever_order_they_come(
    store: Store,
) -> None:
    gate = Gate(store)
    await gate.open("v", "ann")
    wishes = [("paused", 4), ("running", 9), ("cancelled", 6), ("paused", 4)]
    for desired, number in wishes:
        await gate.steer("v", desired, number)
    assert (await money(store))["desired"] == "running"
    await asyncio.gather(*(Gate(store).steer("v", f"{n}", n) for n in (12, 30, 20, 10)))
    assert (await money(store))["desired"] == "30"


async def test_racing_gates_never_pass_the_cap(store: Store) -> None:
    gates = [Gate(store) for _ in range(4)]
    await gates[0].open("v", "ann", cap=1_000)
    draw = random.Random(5)
    holds = [Hold("v", f"j{i}:1", draw.choice([7, 11, 40])) for i in range(120)]
    verdicts = await asyncio.gather(*(gates[i % 4].reserve(hold) for i, hold in enumerate(holds)))
    granted = [h for h, verdict in zip(holds, verdicts, strict=True) if verdict is V.GRANTED]
    spent = sum(hold.amount for hold in granted)
    assert 1_000 - 40 < spent <= 1_000
    assert (await money(store))["available"] == 1_000 - spent
    await asyncio.gather(
        *(
            gates[i % 4].settle(paid(h.name.removesuffix(":1"), h.amount))
            for i, h in enumerate(granted)
        )
    )
    assert balances(await money(store), 1_000)


async def test_a_large_wish_does_not_stand_in_the_way_of_small_ones(store: Store) -> None:
    gate = Gate(store)
    await gate.open("v", "ann", cap=10)
    asked = [Hold("v", "big:1", 50), Hold("v", "small:1", 4), Hold("v", "tiny:1", 1)]
    verdicts = await asyncio.gather(*map(gate.reserve, asked))
    assert verdicts == [V.NO_MONEY, V.GRANTED, V.GRANTED]


async def test_paused_and_cancelled_and_unknown_videos_spend_nothing(store: Store) -> None:
    gate = Gate(store)
    await gate.open("v", "ann")
    for desired, verdict in (("paused", V.PAUSED), ("cancelled", V.CANCELLED)):
        await gate.steer("v", desired)
        assert await gate.reserve(Hold("v", f"{desired}:1", 0)) is verdict
    assert await gate.reserve(Hold("nobody", "a:1", 0)) is V.CANCELLED
    await gate.steer("v", "running")
    assert await gate.reserve(Hold("v", "a:1", 0)) is V.GRANTED


async def test_many_videos_in_one_batch(store: Store) -> None:
    gate = Gate(store)
    for i in range(20):
        await gate.open(f"v{i}", "ann", cap=i)
    verdicts = await asyncio.gather(*(gate.reserve(Hold(f"v{i}", "a:1", 10)) for i in range(20)))
    assert verdicts == [V.NO_MONEY] * 10 + [V.GRANTED] * 10
