"""Whole pipelines: from a request to its end, shuffled and doubled from a printed seed."""

import asyncio
import random
from pathlib import Path

import pytest

from shared.bus.chaos import Chaos
from shared.jobs.ledger import JOBS
from shared.jobs.relay import OUTBOX
from shared.story.events import VideoCompleted, VideoFailed
from shared.story.kinds import CLIP, CONFORM
from tests.pipeline.world import World, brief, world

SEED = random.SystemRandom().randrange(10**6)


def expected_jobs(beats: int, chunks: int) -> int:
    """A plan, an image and a voice a beat, music, a clip and a conform a chunk, a cut."""
    return 1 + 2 * beats + 1 + 2 * beats * chunks + 1


@pytest.mark.parametrize("beats", [1, 2, 3, 4, 5, 7])
@pytest.mark.parametrize("chunks", [1, 2, 3])
async def test_every_shape_shuffled_and_doubled(tmp_path: Path, beats: int, chunks: int) -> None:
    seed = SEED + 10 * beats + chunks
    print(f"seed={seed}")
    chaos = Chaos(seed=seed, shuffle=True, double=0.5)
    async with world(tmp_path, chaos=chaos) as w:
        end = await w.ended(await w.request("v", brief(beats, chunks)))
        assert isinstance(end, VideoCompleted), end
        assert (end.total, end.succeeded, end.failed) == (beats * chunks, beats * chunks, ())
        assert len(end.chunk_keys) == beats * chunks
        assert sum(w.engine.runs.values()) == len(w.engine.runs) == expected_jobs(beats, chunks)
        assert await unpublished(w) == 0


async def test_a_bus_that_crashes_handlers_changes_nothing(tmp_path: Path) -> None:
    print(f"seed={SEED}")
    chaos = Chaos(seed=SEED, shuffle=True, double=0.3, crash=0.2)
    async with world(tmp_path, chaos=chaos) as w:
        end = await w.ended(await w.request("v", brief(4, 2)))
        assert isinstance(end, VideoCompleted)
        assert set(w.engine.runs.values()) == {1}


async def test_three_videos_at_once(tmp_path: Path) -> None:
    print(f"seed={SEED}")
    chaos = Chaos(seed=SEED, shuffle=True, double=0.3)
    async with world(tmp_path, chaos=chaos) as w:
        shapes = {"a": (1, 3), "b": (5, 1), "c": (3, 2)}
        for video, shape in shapes.items():
            await w.request(video, brief(*shape))
        ends = await asyncio.gather(*map(w.ended, shapes))
        for end, (beats, chunks) in zip(ends, shapes.values(), strict=True):
            assert isinstance(end, VideoCompleted) and end.total == beats * chunks
        assert len(w.engine.runs) == sum(expected_jobs(*shape) for shape in shapes.values())


async def test_a_restart_on_a_finished_video_runs_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.ended(await w.request("v", brief(2)))
    async with world(tmp_path) as w:
        await w.ended(await w.request("other", brief(2)))  # there was time enough
        assert not jobs_of("v", w)


async def test_a_replay_changes_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        first = await w.ended(await w.request("v", brief(3, 2)))
        before = dict(w.engine.runs)
        assert await w.app.replicas["planner"].relay.replay("v") > 20
        while await unpublished(w):
            await asyncio.sleep(0.02)
        await w.bus.wait_until_idle()
        assert w.engine.runs == before and await w.ended("v") == first


async def test_no_more_clips_than_allowed_are_in_flight(tmp_path: Path) -> None:
    def latency(job: object) -> float:
        return 0.02

    async with world(tmp_path, latency=latency) as w:
        most = 0

        async def watch() -> None:
            nonlocal most
            while True:
                clips = await w.store.find(JOBS, {"spec.kind": CLIP.name})
                most = max(most, sum("finished_at" not in clip for clip in clips))
                await asyncio.sleep(0.002)

        watching = asyncio.create_task(watch())
        await w.ended(await w.request("v", brief(7, 2, clips_at_once=3)))
        watching.cancel()
        assert most == 3


async def test_a_failed_chain_leaves_its_siblings_alone(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.engine.broken = frozenset({2})
        end = await w.ended(await w.request("v", brief(3, 2)))
        assert isinstance(end, VideoCompleted)
        failed = {error.chunk: error.error for error in end.failed}
        assert set(failed) == {2, 3} and "clip 2 is refused" in failed[2]
        assert (end.total, end.succeeded) == (6, 4)
        assert w.engine.runs[f"v/{CONFORM}/1/2/0"] == 1, "the gap is filled"


async def test_too_few_clips_fail_the_video_with_every_error(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.engine.broken = frozenset({0, 1})
        wanted = brief(3, 1).model_copy(update={"min_clips": 2})
        end = await w.ended(await w.request("v", wanted))
        assert isinstance(end, VideoFailed)
        assert end.phase == "clips" and (end.total, end.succeeded) == (3, 1)
        assert [error.chunk for error in end.failed] == [0, 1]


def jobs_of(video: str, w: World) -> set[str]:
    """The jobs of a video that the engine was given."""
    return {job for job in w.engine.runs if job.startswith(f"{video}/")}


async def unpublished(w: World) -> int:
    rows = [*await w.store.find(JOBS, {}), *await w.store.find(OUTBOX, {})]
    return sum("publish_at" in row for row in rows)


async def test_nothing_more_is_made_for_a_video_that_has_failed(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.app.shell("stitcher").emit([VideoFailed(video_id="v", rev=1, phase="x", error="y")])
        await w.request("v", brief(3, 2))
        await w.ended(await w.request("other", brief(3, 2)))  # there was time enough
        assert jobs_of("v", w) == set()
