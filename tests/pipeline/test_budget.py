"""Whole pipelines under a budget: a plan that is too dear costs nothing beyond planning."""

import asyncio
import logging
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from shared.bus.chaos import Chaos
from shared.story.budget import find_block
from shared.story.events import BudgetExceeded, VideoCompleted, VideoFailed, VideoSteered
from shared.story.kinds import PLAN
from tests.pipeline.world import World, brief, world
from tests.prices import CENT, TERMS

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
