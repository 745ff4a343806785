"""A video that is deleted while it is bought, by the books of the stand-in for Replicate."""

import asyncio
from pathlib import Path

import pytest

from services.gateway.hooks import Hooks
from shared.jobs.gate import MONEY
from shared.story.events import VideoDeleted
from tests.pipeline.test_deletion import VIDEO, buried, gone
from tests.pipeline.test_replicate import ENOUGH, hooks, replicate
from tests.pipeline.test_wishes import OWNER
from tests.pipeline.test_workflows_paid import paid_stack
from tests.pipeline.world import brief
from tests.standins.receiver import Receiver
from tests.standins.replicate.server import StandIn
from tests.standins.replicate.settings import Kind

__all__ = ["hooks", "replicate"]

WANTED = brief(2, 1, models={"words": "draft"}, budget=ENOUGH, reuse=False)


@pytest.mark.parametrize("answer", ["heard", "lost"])
@pytest.mark.parametrize("kind", ["image", "words", "clip"])
async def test_a_video_that_is_deleted_owes_what_it_was_billed_and_nothing_is_still_on(
    tmp_path: Path, replicate: StandIn, hooks: Receiver, kind: Kind, answer: str
) -> None:
    replicate.settings.latency = {kind: (0.01, 30.0)}
    if answer == "lost":
        replicate.provider.script.set_rates({"lost": 1.0})
    async with paid_stack(tmp_path, hooks.url) as s:
        await s.w.request(VIDEO, WANTED)
        async with asyncio.timeout(30):
            while not any(run.kind == kind for run in replicate.runs):
                await asyncio.sleep(0.005)
        await s.gateway.wishes.delete(VIDEO, OWNER)
        await gone(s.gateway, VIDEO)
        await buried(s.w, VIDEO)
        first = replicate.judge()
        assert first.paid_twice == () and all(run.is_over for run in replicate.runs)
        view = await s.w.app.shell("gateway").view(VIDEO)
        stone = view and view.one(VideoDeleted)
        assert stone and stone.cost == first.billed

        hears = Hooks(s.w.store, replicate.settings.secret)
        for hook in await hooks.wait_for(len(replicate.runs)):
            await hears.hear(hook.path.partition("?")[2], hook.headers, hook.body)
        await buried(s.w, VIDEO)
        assert not await s.w.store.get(MONEY, [VIDEO])
