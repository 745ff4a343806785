"""A finished video changed: only what the change touches is made again."""

import asyncio
from pathlib import Path

from shared.bus.chaos import Chaos
from shared.story.brief import EndCard
from shared.story.events import RevisionRequested, VideoCompleted
from shared.story.kinds import CONFORM, CUT
from tests.pipeline.world import World, brief, world


async def finished(w: World, rev: int) -> VideoCompleted:
    async with asyncio.timeout(20):
        while True:
            view = await w.app.shell("gateway").view("v")
            done = view.latest(VideoCompleted) if view else None
            if done and done.rev == rev:
                return done
            await asyncio.sleep(0.01)


async def test_another_shape_asks_no_model_for_anything(tmp_path: Path) -> None:
    async with world(tmp_path, chaos=Chaos(seed=7, shuffle=True, double=0.5)) as w:
        wanted = brief(3, 2).model_copy(update={"end_card": EndCard(), "duration": 32.5})
        await w.request("v", wanted)
        first = await finished(w, 1)
        before = set(w.engine.runs)
        asked = RevisionRequested(video_id="v", rev=2, action="reframe", aspect="1:1")
        await w.app.shell("gateway").emit([asked])
        second = await finished(w, 2)
        new = set(w.engine.runs) - before
        kinds = sorted(job.split("/")[1] for job in new)
        segments = [job for job in before if f"/{CONFORM}/" in job]
        assert kinds == [CONFORM.name] * len(segments) + [CUT.name]
        assert set(w.engine.runs.values()) == {1}
        assert second.chunk_keys == first.chunk_keys
        assert second.key != first.key
