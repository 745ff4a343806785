"""What a stop leaves behind, by the provider's books: nothing is bought by it, lost or untold."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from services.gateway.answers import SERVED
from services.gateway.changes import BeatChange, SkipRequest
from services.gateway.read.actions import Action
from services.gateway.skips import StepRequest
from shared.jobs.engine import Task
from shared.jobs.ledger import JOBS
from shared.ports import Doc
from shared.story.events import Event, VideoCompleted
from shared.story.kinds import CARD
from tests.pipeline.test_wishes import OWNER, WANTED, Stack, completed
from tests.pipeline.test_wishes_paid import (
    Narrow,
    Provider,
    beat_of,
    begin,
    is_settled_exactly,
    of_late,
    of_waiting,
    receipt,
    running,
    stack,
    stopped,
)


@dataclass
class Slow(Provider):
    """Its inputs are on their way to it for as long as it is told."""

    uploaded: asyncio.Event = field(default_factory=asyncio.Event)
    awaited: list[str] = field(default_factory=list)

    async def prepare(self, task: Task) -> None:
        self.awaited.append(task.job.id)
        await self.uploaded.wait()


@pytest.mark.parametrize("how", ["cancel", "delete", "change"])
async def test_what_is_stopped_while_its_inputs_are_uploaded_is_not_bought(
    tmp_path: Path, how: str
) -> None:
    provider = Slow()
    async with stack(tmp_path, provider) as s:
        await begin(s)
        async with asyncio.timeout(20):
            while len(provider.awaited) < 3:  # the wave is of three
                await asyncio.sleep(0.01)
        clips = list(provider.awaited)
        match how:
            case "cancel":
                await s.steer(Action.CANCEL)
            case "delete":
                await s.gateway.wishes.delete("v", OWNER)
            case _:
                beat = beat_of(clips[0])
                clips = [clip for clip in clips if beat_of(clip) == beat]
                await s.gateway.revisions.change("v", OWNER, beat, SkipRequest(), set())
        async with asyncio.timeout(20):
            while not all(row.get("cancel") for row in await rows_of(s, clips)):
                await asyncio.sleep(0.01)
            provider.uploaded.set()
        await stopped(s, clips)
        assert not set(clips) & set(provider.jobs())
        held = await receipt(s)
        assert not any(hold.get("settled") for name, hold in held.items() if name[:-2] in clips)


async def rows_of(s: Stack, jobs: Sequence[str]) -> Collection[Doc]:
    return (await s.w.store.get(JOBS, jobs)).values()


async def test_a_change_that_is_asked_for_twice_while_its_jobs_begin_is_one_change(
    tmp_path: Path,
) -> None:
    provider = Narrow(finishes=True)
    async with stack(tmp_path, provider) as s:
        beat = beat_of((await of_waiting(s, provider))[1])
        SERVED.set("a key")
        revisions = s.gateway.revisions

        async def none_waits(video: str) -> set[str]:
            return set()

        async def emit(events: Sequence[Event]) -> None:
            # its client has had no answer, and repeats it meanwhile: by then a job has begun
            again = replace(revisions, list_waiting=none_waits)
            await again.change("v", OWNER, beat, SkipRequest(), set())
            await revisions.emit(events)

        asked = replace(revisions, emit=emit)
        await asked.change("v", OWNER, beat, SkipRequest(), set())
        provider.accepts.set()
        await s.until(completed(2))


async def test_a_clip_that_was_skipped_before_its_job_was_there_is_made_once_it_is_wanted_again(
    tmp_path: Path,
) -> None:
    """Who asks for clips heard late of the wish: the plan does not know what was stopped."""
    provider = Provider()
    async with stack(tmp_path, provider) as s:
        plan, late = await of_late(s, provider)
        await stopped(s, [late])
        async with asyncio.timeout(20):  # until then a change can't know that it is not there
            while late not in (await s.gateway.videos.find("v", OWNER)).ends:
                await asyncio.sleep(0.01)
        for prompt in ("Something else.", plan.beats[0].prompt):
            await s.gateway.revisions.change("v", OWNER, 0, BeatChange(prompt=prompt), set())
        provider.finishes = True
        now = await s.until(completed(4))
        await s.settled()
        assert now.chunks and not now.chunks.failed
        assert await is_settled_exactly(s, provider)


async def test_a_storyboard_whose_card_was_skipped_while_it_was_bought_tells_what_it_cost(
    tmp_path: Path,
) -> None:
    provider = Provider(heeds=False)
    async with stack(tmp_path, provider, CARD) as s:
        await begin(s, WANTED.model_copy(update={"workflow": "storyboard_only"}))
        await running(s, provider, 1)
        await s.gateway.skips.skip("v", OWNER, StepRequest(step="card"))
        for _ in range(3):  # all that could end the video has been heard
            await s.w.bus.wait_until_idle()
            await asyncio.sleep(0.05)
        provider.finishes = True
        await s.until(completed(2))
        await s.settled()
        view = await s.w.app.shell("gateway").view("v")
        assert view and (end := view.latest(VideoCompleted))
        assert end.cost == provider.billed == (await s.now()).cost
