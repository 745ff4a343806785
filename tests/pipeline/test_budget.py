"""Whole pipelines under a budget: a plan that is too dear costs nothing beyond planning."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.gateway.parts import build_gateway
from shared.bus.chaos import Chaos
from shared.engines.rehearsal import RehearsalEngine
from shared.jobs.engine import Task
from shared.jobs.job import Job
from shared.jobs.outcomes import Ended, Produced, Quote
from shared.jobs.receipt import read_receipt
from shared.runtime.terms import Terms, ask_engines
from shared.story.budget import explain_excess, find_block
from shared.story.events import BudgetExceeded, VideoCompleted, VideoFailed, VideoSteered
from shared.story.kinds import CLIP, PLAN
from tests.pipeline.world import World, brief, world
from tests.prices import CENT, TERMS, ask

SEED = random.SystemRandom().randrange(10**6)

WHOLE = 2 * 4 + 2 * 1 + 5 + 4 * 25
"""Cents of two beats of two clips each, with music; this engine itself charges nothing."""


async def stopped(w: World, video: str) -> BudgetExceeded:
    """Wait until the gateway knows that the video waits for money."""
    async with asyncio.timeout(20):
        while True:
            view = await w.app.shell("gateway").view(video)
            if view and (found := find_block(view)):
                return found
            await asyncio.sleep(0.01)


async def settle(w: World) -> Sequence[str]:
    """What was run once all that is on its way has been heard."""
    for _ in range(5):
        await w.bus.wait_until_idle()
        await asyncio.sleep(0.05)
    return [job.split("/")[1] for job in w.engine.runs]


async def test_a_plan_beyond_its_budget_is_all_that_is_made_until_the_budget_is_raised(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    print(f"seed={SEED}")
    caplog.set_level(logging.INFO, "storywave.worker")
    chaos = Chaos(seed=SEED, shuffle=True, double=0.5)
    async with world(tmp_path, chaos=chaos, terms=TERMS) as w:
        video = await w.request("v", brief(2, 2, budget=(WHOLE - 1) * CENT))
        found = await stopped(w, video)
        assert (found.current, found.estimate, found.cap) == (0, WHOLE * CENT, (WHOLE - 1) * CENT)
        assert found.fits is not None and found.fits.clips == 3
        assert await settle(w) == [PLAN.name]
        more = VideoSteered(video_id=video, rev=1, cap=WHOLE * CENT)
        await w.app.shell("gateway").emit([more])
        end = await w.ended(video)
        assert isinstance(end, VideoCompleted) and end.succeeded == 4
        assert set(w.engine.runs.values()) == {1}
    checks = [r.__dict__ for r in caplog.records if getattr(r, "action", "") == "budget"]
    assert {(c["current"], c["estimate"], c["cap"], c["passed"]) for c in checks} == {
        (0, WHOLE * CENT, (WHOLE - 1) * CENT, False),
        (0, WHOLE * CENT, WHOLE * CENT, True),
    }


async def test_a_plan_within_its_budget_is_made_as_ever(tmp_path: Path) -> None:
    async with world(tmp_path, terms=TERMS) as w:
        end = await w.ended(await w.request("v", brief(2, 2, budget=WHOLE * CENT)))
        assert isinstance(end, VideoCompleted)
        view = await w.app.shell("gateway").view("v")
        assert view is not None and view.all(BudgetExceeded) == []


async def test_what_waits_for_money_waits_over_a_restart_too(tmp_path: Path) -> None:
    async with world(tmp_path, terms=TERMS) as w:
        await stopped(w, await w.request("v", brief(2, 2, budget=10 * CENT)))
    async with world(tmp_path, terms=TERMS) as w:
        await stopped(w, "v")
        assert await settle(w) == []
        more = VideoSteered(video_id="v", rev=1, cap=WHOLE * CENT)
        await w.app.shell("gateway").emit([more])
        assert isinstance(await w.ended("v"), VideoCompleted)


async def test_who_wants_to_finish_is_refused_where_too_few_clips_fit(tmp_path: Path) -> None:
    async with world(tmp_path, terms=TERMS) as w:
        wanted = brief(2, 2, budget=70 * CENT, on_cap="finish")
        end = await w.ended(await w.request("v", wanted.model_copy(update={"min_clips": 4})))
        assert isinstance(end, VideoFailed)
        assert end.phase == "budget" and "2 clips" in end.error
        assert await settle(w) == [PLAN.name]


async def test_who_wants_to_finish_goes_on_where_enough_clips_fit(tmp_path: Path) -> None:
    async with world(tmp_path, terms=TERMS) as w:
        end = await w.ended(await w.request("v", brief(2, 2, budget=70 * CENT, on_cap="finish")))
        assert isinstance(end, VideoCompleted)


# ── money that is really spent ──────────────────────────────────────────────────────────────────


class Charging(RehearsalEngine):
    """Makes clips for 20 cents each, of 25 that it may take; the first try at some breaks."""

    name = "maker"
    repeatable = False

    def __init__(self, breaks: frozenset[int] = frozenset(), price: int = 20 * CENT) -> None:
        super().__init__({}, latency=lambda job: 0.05)
        self._breaks = breaks
        self._price = price
        self.charged = 0

    def quote(self, job: Job) -> Quote:
        return ask(job.spec)

    async def submit(  # type: ignore[override]
        self, task: Task, prepared: None
    ) -> Produced | Ended:
        self.charged += self._price
        if task.job.tries == 0 and task.job.spec.n in self._breaks:
            return Ended("it is tired", cost=self._price)
        return replace(await super().submit(task, prepared), cost=self._price)


@asynccontextmanager
async def charged(folder: Path, engine: Charging, **known: Any) -> AsyncIterator[World]:
    terms = Terms(ask_engines({CLIP: engine}))
    async with world(folder, terms=terms, engines={CLIP: engine}, **known) as w:
        yield w


async def check_receipt(w: World, engine: Charging, end: VideoCompleted) -> None:
    """What the provider has charged is on the receipt, in the rows, and in the events."""
    receipt = await read_receipt(w.store, end.video_id)
    assert receipt.paid == receipt.recorded == end.cost == engine.charged
    assert receipt.held == 0


async def test_a_video_within_its_budget_costs_what_its_receipt_says(tmp_path: Path) -> None:
    print(f"seed={SEED}")
    engine, chaos = Charging(), Chaos(seed=SEED, shuffle=True, double=0.5)
    async with charged(tmp_path, engine, chaos=chaos) as w:
        end = await w.ended(await w.request("v", brief(2, 2, budget=100 * CENT)))
        assert isinstance(end, VideoCompleted) and end.cost == 80 * CENT
        await check_receipt(w, engine, end)


async def test_without_a_budget_nothing_is_spent(tmp_path: Path) -> None:
    engine = Charging()
    async with charged(tmp_path, engine) as w:
        found = await stopped(w, await w.request("v", brief(2, 2)))
        assert found.cap is None
        assert await settle(w) == [PLAN.name] and engine.charged == 0


async def test_a_video_that_runs_out_of_money_on_its_way_waits_and_goes_on(tmp_path: Path) -> None:
    """Tries that failed were paid for: so the plan fitted, and the video does not."""
    print(f"seed={SEED}")
    engine, chaos = Charging(frozenset({0, 2})), Chaos(seed=SEED, shuffle=True, double=0.5)
    async with charged(tmp_path, engine, chaos=chaos) as w:
        found = await stopped(w, await w.request("v", brief(2, 2, budget=100 * CENT)))
        # 4 of 6 attempts leave 20 cents, and the next may take 25
        assert (found.current, found.estimate) == (80 * CENT, 25 * CENT)
        assert "raise the budget to $1.05" in explain_excess(found)
        await settle(w)
        assert engine.charged == 80 * CENT
        gateway = build_gateway(w.app)
        await gateway.budgets.change_cap("v", "local", 130 * CENT)
        end = await w.ended("v")
        gateway.close()
        assert isinstance(end, VideoCompleted)
        assert (end.succeeded, end.cost) == (4, 120 * CENT)
        await check_receipt(w, engine, end)


async def test_a_video_that_is_to_finish_does_so_with_the_clips_there_are(tmp_path: Path) -> None:
    engine = Charging(frozenset({0, 2}))
    async with charged(tmp_path, engine) as w:
        wanted = brief(4, 1, budget=100 * CENT, on_cap="finish")
        end = await w.ended(await w.request("v", wanted))
        assert isinstance(end, VideoCompleted)
        assert end.succeeded < 4 and end.cost <= 100 * CENT
        assert all("budget is used up" in failed.error for failed in end.failed)
        await check_receipt(w, engine, end)


async def test_a_video_is_finished_too_where_no_attempt_gives_anything_back(tmp_path: Path) -> None:
    engine = Charging(price=25 * CENT)
    async with charged(tmp_path, engine) as w:
        wanted = brief(4, 1, budget=75 * CENT, on_cap="finish")
        end = await w.ended(await w.request("v", wanted))
        assert isinstance(end, VideoCompleted)
        assert (end.succeeded, end.cost) == (3, 75 * CENT)
        await check_receipt(w, engine, end)
