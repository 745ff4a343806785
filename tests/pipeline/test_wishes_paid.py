"""Videos whose clips are paid: what a wish stops, and what it has cost, by the provider's books."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from services.gateway.changes import BeatChange, RegenerateRequest, SkipRequest
from services.gateway.parts import build_gateway
from services.gateway.read.actions import Action, Status
from services.gateway.skips import StepRequest
from shared.jobs.engine import Task
from shared.jobs.gate import MONEY
from shared.jobs.job import Job
from shared.jobs.ledger import JOBS
from shared.jobs.outcomes import Accepted, Ended, Found, Made, Pending, Produced, Quote
from shared.jobs.rates import NO_LIMITS
from shared.ports import Doc
from shared.story.brief import Brief
from shared.story.events import BeatsPlanned, VideoFailed
from shared.story.kinds import CLIP, IMAGE, AnyKind, clip_order
from tests.pipeline.test_wishes import OWNER, SHUFFLED, WANTED, Stack, completed
from tests.pipeline.world import world

CEILING, PRICE, CANCELLED_PRICE = 10, 7, 2


@dataclass
class Run:
    """A run in the provider's books."""

    job: str
    wants_last_frame: bool
    status: str = "running"
    cost: int = 0


@dataclass
class Provider:
    """Runs go on until they are let finish, or are cancelled; then they cost something."""

    runs: dict[str, Run] = field(default_factory=dict)
    finishes: bool = False
    heeds: bool = True
    """It stops a run that is cancelled; else the run goes on to its end."""

    name = "provider"
    slots = 50
    repeatable = False
    makes_files = False
    limits = NO_LIMITS

    @property
    def billed(self) -> int:
        return sum(run.cost for run in self.runs.values())

    def jobs(self) -> list[str]:
        return [run.job for run in self.runs.values()]

    def quote(self, job: Job) -> Quote:
        return Quote(CEILING, "clip-model")

    def count_models(self, job: Job) -> int:
        return 1

    async def fingerprint(self, task: Task) -> None: ...

    async def prepare(self, task: Task) -> None: ...

    async def submit(self, task: Task, prepared: None) -> Accepted:
        id_ = f"run-{len(self.runs)}"
        self.runs[id_] = Run(task.job.id, getattr(task.order, "wants_last_frame", False))
        return Accepted(id_)

    async def poll(self, task: Task) -> Pending | Produced | Ended:
        run = self.runs[task.job.external_id or ""]
        if run.status == "running" and self.finishes:
            run.status, run.cost = "succeeded", PRICE
        if run.status == "running":
            return Pending(0.01)
        if run.status == "cancelled":
            return Ended("cancelled", cancelled=True, cost=run.cost)
        last = f"{run.job}/last" if run.wants_last_frame else None
        data = {"key": run.job, "last_frame_key": last, "seconds": 5.0}
        return Produced(Made(data=data), cost=run.cost)

    async def find(self, task: Task) -> Found:
        return Found((), is_complete=True)

    async def cancel(self, task: Task) -> None:
        run = self.runs[task.job.external_id or ""]
        if run.status == "running" and self.heeds:
            run.status, run.cost = "cancelled", CANCELLED_PRICE


@asynccontextmanager
async def stack(folder: Path, provider: Provider, kind: AnyKind = CLIP) -> AsyncIterator[Stack]:
    async with world(folder, chaos=SHUFFLED, engines={kind: provider}) as w:
        gateway = build_gateway(w.app)
        try:
            yield Stack(w, gateway)
        finally:
            gateway.close()


async def begin(s: Stack, wanted: Brief = WANTED) -> None:
    """Ask for a video with money enough."""
    await s.w.app.gate.open("v", OWNER, cap=1_000)
    await s.w.request("v", wanted)


async def running(s: Stack, provider: Provider, count: int) -> None:
    async with asyncio.timeout(20):
        while len(provider.runs) < count:
            await asyncio.sleep(0.01)


async def receipt(s: Stack) -> dict[str, Doc]:
    """The holds of the video that could have cost something."""
    money = (await s.w.store.get(MONEY, ["v"]))["v"]
    return {name: hold for name, hold in money["holds"].items() if hold["reserved"]}


async def is_settled_exactly(s: Stack, provider: Provider) -> bool:
    holds = (await receipt(s)).values()
    assert all("settled" in hold for hold in holds)
    settled: int = sum(hold["settled"] for hold in holds)
    return settled == provider.billed == (await s.now()).cost


async def test_a_cancel_stops_the_runs_at_the_provider_and_settles_what_they_cost(
    tmp_path: Path,
) -> None:
    provider = Provider()
    async with stack(tmp_path, provider) as s:
        await begin(s)
        await running(s, provider, 3)
        await s.steer(Action.CANCEL)
        await s.settled()
        assert {run.status for run in provider.runs.values()} == {"cancelled"}
        assert len(provider.runs) == 3
        assert await is_settled_exactly(s, provider)
        provider.finishes = True
        await s.retry()
        await s.until(completed(2))
        await s.settled()
        assert await is_settled_exactly(s, provider)
        assert len(provider.runs) == 3 + 6


async def test_a_clip_that_was_paid_in_spite_of_the_cancel_is_kept_and_used_by_the_retry(
    tmp_path: Path,
) -> None:
    provider = Provider(heeds=False)
    async with stack(tmp_path, provider) as s:
        await begin(s)
        await running(s, provider, 3)
        await s.steer(Action.CANCEL)
        provider.finishes = True
        await s.settled()
        assert (await s.now()).status is Status.CANCELLED
        assert provider.billed == 3 * PRICE
        await s.retry()
        await s.until(completed(2))
        assert sorted(provider.jobs()) == sorted(set(provider.jobs()))
        assert provider.billed == 6 * PRICE
        assert await is_settled_exactly(s, provider)


async def test_a_pause_begins_no_run_and_lets_those_that_are_paid_finish(tmp_path: Path) -> None:
    provider = Provider()
    async with stack(tmp_path, provider) as s:
        await begin(s)
        await running(s, provider, 3)
        await s.steer(Action.PAUSE)
        provider.finishes = True
        async with asyncio.timeout(20):
            while provider.billed < 3 * PRICE or not await is_known(s, 3):
                await asyncio.sleep(0.01)
        assert len(provider.runs) == 3
        await s.steer(Action.RESUME)
        await s.until(completed(1))
        assert len(provider.runs) == 6
        assert await is_settled_exactly(s, provider)


async def is_known(s: Stack, clips: int) -> bool:
    chunks = (await s.now()).chunks
    return chunks is not None and chunks.succeeded == clips


@pytest.mark.parametrize("heeds", [True, False])
async def test_a_failed_video_costs_nothing_more_than_what_was_running(
    tmp_path: Path, heeds: bool
) -> None:
    provider = Provider(heeds=heeds)
    async with stack(tmp_path, provider) as s:
        await begin(s)
        await running(s, provider, 3)
        failed = VideoFailed(video_id="v", rev=1, phase="clips", error="enough")
        await s.w.app.shell("stitcher").emit([failed])
        await s.until(lambda now: now.status is Status.FAILED)
        provider.finishes = True
        await s.settled()
        assert len(provider.runs) == 3
        assert await is_settled_exactly(s, provider)


async def of_late(s: Stack, provider: Provider) -> tuple[BeatsPlanned, str]:
    """The plan, and the job of a clip that was asked for after it was skipped.

    Its image came before who asks for clips had heard of the wish.
    """
    hold = s.w.engine.held[IMAGE.name] = asyncio.Event()
    await begin(s)
    await s.begun(IMAGE)
    plan = (await s.gateway.videos.find("v", OWNER)).latest(BeatsPlanned)
    assert plan is not None
    await s.gateway.skips.skip("v", OWNER, StepRequest(step="clip", chunk=0))
    await s.w.bus.wait_until_idle()
    late = CLIP.ask(plan, clip_order(plan, plan.chunks[0]), beat=0, n=0)
    await s.w.app.replicas["chunker"].worker.take_on([late])
    await running(s, provider, 1)
    hold.set()
    return plan, late.id


async def test_a_clip_that_is_asked_for_after_it_was_skipped_is_stopped(tmp_path: Path) -> None:
    provider = Provider()
    async with stack(tmp_path, provider) as s:
        await of_late(s, provider)
        await running(s, provider, 3)
        async with asyncio.timeout(20):
            while provider.runs["run-0"].status == "running":
                await asyncio.sleep(0.01)
        provider.finishes = True
        await s.until(completed(2))
        await s.settled()
        assert await is_settled_exactly(s, provider)


@dataclass
class Narrow(Provider):
    """Takes one run at a time, and is slow to accept the first."""

    slots = 1
    accepts: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[str] = field(default_factory=list)

    async def submit(self, task: Task, prepared: None) -> Accepted:
        self.asked.append(task.job.id)
        await self.accepts.wait()
        return await super().submit(task, prepared)


async def of_waiting(s: Stack, provider: Narrow) -> list[str]:
    """Return the clips that wait while the only place at the provider is taken."""
    await begin(s)
    async with asyncio.timeout(20):
        while True:
            rows = await s.w.store.find(JOBS, {"spec.video_id": "v", "spec.kind": CLIP.name})
            waiting = sorted(row["_id"] for row in rows if row["state"] == "new")
            if provider.asked and len(waiting) == 2:  # the wave is of three
                return waiting
            await asyncio.sleep(0.01)


async def stopped(s: Stack, jobs: Sequence[str]) -> None:
    """Wait until these jobs have ended, and nothing was made of them."""
    async with asyncio.timeout(20):
        while True:
            rows = (await s.w.store.get(JOBS, jobs)).values()
            if all(row["state"] == "cancelled" for row in rows):
                return
            await asyncio.sleep(0.01)


async def until_done(s: Stack, job: str) -> None:
    async with asyncio.timeout(20):
        while (await s.w.store.get(JOBS, [job]))[job]["state"] != "done":
            await asyncio.sleep(0.01)


def beat_of(job: str) -> int:
    return int(job.split("/")[2])


async def test_clips_that_wait_are_not_bought_once_a_change_has_replaced_them(
    tmp_path: Path,
) -> None:
    provider = Narrow()
    async with stack(tmp_path, provider) as s:
        waiting = await of_waiting(s, provider)
        redrawn, skipped = map(beat_of, waiting)
        await s.gateway.revisions.change("v", OWNER, skipped, SkipRequest(), set())
        redraw = RegenerateRequest(what="image")
        await s.gateway.revisions.change("v", OWNER, redrawn, redraw, set())
        await stopped(s, waiting)
        provider.finishes = True
        provider.accepts.set()
        await s.until(completed(3))
        await s.settled()
        assert not set(waiting) & set(provider.jobs())
        assert {beat_of(job) for job in provider.jobs()} == {0, 1, 2} - {skipped}
        assert await is_settled_exactly(s, provider)


async def test_what_was_stopped_before_it_began_is_made_once_it_is_wanted_again(
    tmp_path: Path,
) -> None:
    provider = Narrow()
    async with stack(tmp_path, provider) as s:
        waiting = await of_waiting(s, provider)
        beat = beat_of(waiting[1])
        await s.gateway.revisions.change("v", OWNER, beat, SkipRequest(), set())
        await s.gateway.revisions.change("v", OWNER, beat, BeatChange(narration="Back."), set())
        provider.finishes = True
        provider.accepts.set()
        now = await s.until(completed(3))
        await s.settled()
        made = [job for job in provider.jobs() if beat_of(job) == beat]
        assert len(made) == 2 and waiting[1] not in made
        assert now.chunks and not now.chunks.failed
        assert await is_settled_exactly(s, provider)


async def test_a_clip_that_came_though_it_was_skipped_is_not_bought_again(tmp_path: Path) -> None:
    provider = Provider(heeds=False)
    async with stack(tmp_path, provider) as s:
        await begin(s)
        await running(s, provider, 3)
        job = provider.jobs()[0]
        skip = StepRequest(step="clip", chunk=int(job.split("/")[3]))
        await s.gateway.skips.skip("v", OWNER, skip)
        s.w.engine.held["cut"] = asyncio.Event()
        provider.finishes = True
        await until_done(s, job)
        await s.w.bus.wait_until_idle()
        back = skip.model_copy(update={"back": True})
        await s.gateway.skips.skip("v", OWNER, back)
        s.w.engine.held["cut"].set()
        await s.until(completed(3))
        await s.settled()
        assert len(set(provider.jobs())) == len(provider.jobs()) == 6
        assert await is_settled_exactly(s, provider)


async def test_what_was_done_before_its_stop_came_is_not_bought_again(tmp_path: Path) -> None:
    """The gateway stands still after it looked at what waits, and before it says what to stop."""
    provider = Narrow()
    async with stack(tmp_path, provider) as s:
        job = (await of_waiting(s, provider))[1]

        async def look_and_stand(video: str) -> Collection[str]:
            waiting = await s.gateway.revisions.list_waiting(video)
            provider.finishes = True
            provider.accepts.set()
            await until_done(s, job)
            return waiting

        slow = replace(s.gateway.revisions, list_waiting=look_and_stand)
        await slow.change("v", OWNER, beat_of(job), SkipRequest(), set())
        back = BeatChange(skipped=False)
        await s.gateway.revisions.change("v", OWNER, beat_of(job), back, set())
        await s.until(completed(3))
        await s.settled()
        assert len(provider.jobs()) == 6
        assert await is_settled_exactly(s, provider)
