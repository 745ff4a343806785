"""A finished video changed: only what the change touches is made again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.gateway.changes import BeatChange, Change, ChooseRequest, RegenerateRequest
from services.gateway.parts import Gateway, build_gateway
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


WANTED = brief(3, 2)


class Changing:
    """A finished video whose beats are changed, one change after another."""

    def __init__(self, w: World, gateway: Gateway) -> None:
        self.w = w
        self.gateway = gateway
        self.rev = 1

    async def change(self, beat: int, asked: Change) -> set[str]:
        """Change a beat; gives what was run for it, once the video is finished again."""
        before = set(self.w.engine.runs)
        offer = await self.gateway.revisions.offer("v", "local", beat, asked, set())
        assert set(self.w.engine.runs) == before, "a dry run runs nothing"
        await self.gateway.revisions.change("v", "local", beat, asked, set())
        self.rev += 1
        await finished(self.w, self.rev)
        new = set(self.w.engine.runs) - before
        assert set(self.w.engine.runs.values()) == {1} and self.w.engine.rerun == []
        told = {f"v/{s.kind}/{s.beat}/{s.n}/{s.take}" for s in offer.stale}
        assert new == told | {f"v/cut/0/0/{self.rev}"}, "what was said is what is run"
        return {"/".join(job.split("/")[1:]) for job in told}


@asynccontextmanager
async def changing(folder: Path) -> AsyncIterator[Changing]:
    async with world(folder, chaos=Chaos(seed=5, shuffle=True, double=0.5)) as w:
        gateway = build_gateway(w.app)
        try:
            await w.request("v", WANTED)
            await finished(w, 1)
            yield Changing(w, gateway)
        finally:
            gateway.close()


async def test_of_a_changed_beat_only_what_is_stale_is_made_and_what_there_was_is_free(
    tmp_path: Path,
) -> None:
    async with changing(tmp_path) as video:
        said = await video.change(1, BeatChange(narration="Other words."))
        assert said == {"voice/1/0/1", "conform/1/2/1", "conform/1/3/1"}
        drawn = await video.change(1, RegenerateRequest(what="image"))
        assert drawn == {
            "image/1/0/1", "clip/1/2/1", "clip/1/3/1", "conform/1/2/2", "conform/1/3/2",
        }  # fmt: skip
        assert await video.change(1, ChooseRequest(kind="image", take=0)) == set()
        assert await video.change(1, ChooseRequest(kind="voice", take=0)) == set()
        assert await video.change(1, ChooseRequest(kind="clip", take=1)) == {
            "conform/1/2/3", "conform/1/3/3",
        }  # fmt: skip


async def test_a_longer_beat_makes_the_film_longer_and_only_its_own_clips_anew(
    tmp_path: Path,
) -> None:
    async with changing(tmp_path) as video:
        made = await video.change(0, BeatChange(duration=12.0))
        assert made == {"clip/0/0/1", "clip/0/1/1", "conform/0/0/1", "conform/0/1/1"}


async def test_changes_follow_each_other_while_the_film_is_still_being_made(tmp_path: Path) -> None:
    async with changing(tmp_path) as video:
        revisions = video.gateway.revisions
        for beat in range(3):
            await revisions.change(
                "v", "local", beat, BeatChange(narration=f"Words {beat}."), set()
            )
        await finished(video.w, 4)
        runs = video.w.engine.runs
        assert {job for job in runs if "/voice/" in job and job.endswith("/1")} == {
            f"v/voice/{beat}/0/1" for beat in range(3)
        }
        assert set(runs.values()) == {1}
