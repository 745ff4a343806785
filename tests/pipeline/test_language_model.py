"""Whole videos that a language model plans, over real HTTP."""

import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from shared.engines.chat import ChatEngine, Server
from shared.engines.chatreplies import Prices
from shared.jobs.gate import MONEY
from shared.jobs.ledger import JOBS
from shared.jobs.receipt import read_receipt
from shared.jobs.rows import from_doc
from shared.story.beats import check_plan
from shared.story.brief import Brief
from shared.story.events import BeatsPlanned, VideoCompleted, VideoFailed
from shared.story.kinds import PLAN
from tests.pipeline.world import QUICK, World, world
from tests.standins.chat import LATE_SECONDS, ChatServer, chat_server

BRIEF = Brief(
    prompt="A lighthouse keeper who paints the sea", duration=20, min_clips=1, budget=5_000_000
)
PAID = Prices(Decimal("0.15"), Decimal("0.6"))
PRICE = 660
"""Micro-dollars of one answer: see the tokens that the stand-in counts."""


def model(server: ChatServer, prices: Prices = Prices()) -> ChatEngine:  # noqa: B008
    return ChatEngine(Server(server.url, "small", prices=prices))


async def plan_of(w: World, video: str) -> BeatsPlanned:
    view = await w.app.shell("gateway").view(video)
    assert view is not None
    plan = view.latest(BeatsPlanned)
    assert plan is not None
    return plan


async def test_a_video_is_made_as_the_language_model_plans_it(tmp_path: Path) -> None:
    async with (
        chat_server("no_schema", "no_schema", "fenced") as server,
        world(tmp_path, engines={PLAN: model(server)}) as w,
    ):
        end = await w.ended(await w.request("v", BRIEF))
        plan = await plan_of(w, "v")
        assert isinstance(end, VideoCompleted) and end.cost == 0
        assert (plan.title, len(plan.beats)) == ("The sea in colours", 3)
        assert plan.brief.end_card is not None
        assert plan.brief.end_card.call_to_action == "Come and see"
        assert server.accepted == 1
        # a keeper in two beats is drawn once, for both of them to follow
        assert w.engine.runs["v/reference/0/0/0"] == 1


async def test_what_planning_costs_is_on_the_bill_of_the_video(tmp_path: Path) -> None:
    async with (
        chat_server("no_json", "good") as server,
        world(tmp_path, engines={PLAN: model(server, PAID)}) as w,
    ):
        end = await w.ended(await w.request("v", BRIEF))
        assert isinstance(end, VideoCompleted), end
        assert end.cost == server.accepted * PRICE == 2 * PRICE
        holds = (await w.store.get(MONEY, ["v"]))["v"]["holds"]
        assert str(holds).count(str(PRICE)) == 2


async def test_a_flagged_prompt_ends_the_video_and_is_asked_once(tmp_path: Path) -> None:
    async with (
        chat_server("flagged") as server,
        world(tmp_path, engines={PLAN: model(server, PAID)}) as w,
    ):
        end = await w.ended(await w.request("v", BRIEF))
        assert isinstance(end, VideoFailed)
        assert "word it otherwise" in end.error
        assert (len(server.asked), end.cost) == (1, 0)


async def test_a_lost_answer_is_paid_at_most_once_more_and_both_are_on_the_bill(
    tmp_path: Path,
) -> None:
    async with chat_server("cut", "good") as server:
        later = time.time_ns() // 1_000_000 + 3_600_000  # by then it can't come any more
        chat = ChatEngine(Server(server.url, "small", prices=PAID), now=lambda: later)
        async with world(tmp_path, engines={PLAN: chat}) as w:
            end = await w.ended(await w.request("v", BRIEF))
            assert isinstance(end, VideoCompleted), end
            row = (await w.store.get(JOBS, ["v/plan/0/0/1"]))["v/plan/0/0/1"]
            ceiling = chat.quote(from_doc(row)).ceiling
            assert ceiling is not None and end.cost == ceiling + PRICE
            assert server.accepted == 2


async def test_an_answer_that_takes_longer_than_a_lease_is_paid_once_and_used(
    tmp_path: Path,
) -> None:
    rules = replace(QUICK, lease_ms=round(LATE_SECONDS * 800))  # renewed while it is waited for
    async with (
        chat_server("late") as server,
        world(tmp_path, rules=rules, engines={PLAN: model(server, PAID)}) as w,
    ):
        end = await w.ended(await w.request("v", BRIEF))
        assert isinstance(end, VideoCompleted), end
        assert (server.accepted, end.cost) == (1, PRICE)


BAD = {
    "no_json": "holds no beats as JSON",
    "no_beats": "holds no beats as JSON",
    "half": "was cut off",
    "empty": "holds no beats as JSON",
    "endless": "was cut off",
}
"""How a model answers that gives no plan → what the history says of it."""


@pytest.mark.parametrize("mode", BAD)
async def test_a_bad_answer_is_mended_and_both_are_on_the_receipt(
    tmp_path: Path, mode: str
) -> None:
    async with (
        chat_server(mode, "good") as server,
        world(tmp_path, engines={PLAN: model(server, PAID)}) as w,
    ):
        end = await w.ended(await w.request("v", BRIEF))
        assert isinstance(end, VideoCompleted), end
        plan = await plan_of(w, "v")
        first, last = plan.history
        assert first.startswith("try 1: ") and BAD[mode] in first
        assert last == "try 2 gave this plan"
        shown = "Your last answer" in server.asked[1]["messages"][1]["content"]
        assert shown == (mode != "empty"), "of nothing there is nothing to mend"
        receipt = await read_receipt(w.store, "v", plan)
        assert [(row.kind, row.model, row.paid) for row in receipt.rows] == [
            ("plan", "small", PRICE)
        ] * 2
        assert end.notes == ()


@pytest.mark.parametrize("prices", [PAID, Prices()], ids=["paid", "free"])
@pytest.mark.parametrize("mode", BAD)
async def test_a_model_that_only_answers_badly_is_replaced_and_the_video_says_so(
    tmp_path: Path, mode: str, prices: Prices
) -> None:
    async with (
        chat_server(mode) as server,
        world(tmp_path, engines={PLAN: model(server, prices)}) as w,
    ):
        end = await w.ended(await w.request("v", BRIEF))
        assert isinstance(end, VideoCompleted), end
        plan = await plan_of(w, "v")
        check_plan(plan.beats, plan.chunks)
        assert plan.history[-1] == "the built-in planner took over"
        assert len(plan.history) == 4 and all(BAD[mode] in said for said in plan.history[:3])
        assert any("the built-in planner took over" in note for note in end.notes)
        assert len(server.asked) == 3
        assert end.cost == (3 * PRICE if prices is PAID else 0)


async def test_a_plan_that_was_mended_and_paid_for_is_used_again_for_the_same_request(
    tmp_path: Path,
) -> None:
    async with (
        chat_server("no_json", "good") as server,
        world(tmp_path, engines={PLAN: model(server, PAID)}) as w,
    ):
        await w.ended(await w.request("v", BRIEF))
        end = await w.ended(await w.request("w", BRIEF))
        assert isinstance(end, VideoCompleted) and end.cost == 0
        assert (await plan_of(w, "w")).reused
        assert len(server.asked) == 2
        richer = BRIEF.model_copy(update={"budget": 9_000_000, "aspect": "1:1"})
        await w.ended(await w.request("richer", richer))
        plan = await plan_of(w, "richer")
        assert plan.reused and (plan.brief.budget, plan.brief.aspect) == (9_000_000, "1:1")
        assert len(server.asked) == 2
        other = BRIEF.model_copy(update={"seed": 9})
        await w.ended(await w.request("x", other))
        assert len(server.asked) == 3, "another seed is another plan"
