"""Pause, resume, cancel and retry, whatever is being made and in whatever order it is heard of."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from services.gateway.errors.problems import NotNow
from services.gateway.parts import Gateway, build_gateway
from services.gateway.read.actions import Action, Status
from services.gateway.read.status import VideoStatus
from shared.bus.chaos import Chaos
from shared.jobs.job import TERMINAL, Job
from shared.jobs.ledger import JOBS
from shared.jobs.rows import to_doc
from shared.jobs.turns import Room
from shared.ports import Doc, Update
from shared.story.brief import EndCard
from shared.story.events import VideoCompleted, VideoFailed
from shared.story.kinds import (
    ANIMATIC,
    CLIP,
    CONFORM,
    CUT,
    IMAGE,
    KINDS,
    OF_SCRIPTS,
    PLAN,
    PRODUCT,
    REFERENCE,
    AnyKind,
    ChunkReady,
)
from shared.story.view import JobSpec
from tests.pipeline.world import World, brief, world

OWNER = "local"
SHUFFLED = Chaos(seed=11, shuffle=True, double=0.5)
WANTED = brief(3, 2, models={"words": "draft"}).model_copy(update={"end_card": EndCard()})
# the plan of these tests has no persons, comes from no script and no product, and is not reviewed
UNUSED = (REFERENCE, PRODUCT, ANIMATIC)
USED = [
    kind
    for kind in KINDS
    if kind not in UNUSED and kind.stage not in OF_SCRIPTS and kind.is_awaited
]


class Stack:
    """The whole stack, and the gateway through which a user steers it."""

    def __init__(self, w: World, gateway: Gateway) -> None:
        self.w = w
        self.gateway = gateway

    async def steer(self, *actions: Action, video: str = "v") -> None:
        for action in actions:
            await self.gateway.wishes.steer(video, OWNER, action)

    async def retry(self) -> None:
        """Try again, as often as a service that heard late of the end has still asked for a job."""
        async with asyncio.timeout(20):
            while True:
                try:
                    return await self.gateway.wishes.retry("v", OWNER)
                except NotNow as refusal:
                    if "still being stopped" not in str(refusal):
                        raise
                await asyncio.sleep(0.01)

    async def now(self, video: str = "v") -> VideoStatus:
        return await self.gateway.videos.read_status(video, OWNER)

    async def until(self, is_so: Callable[[VideoStatus], bool], video: str = "v") -> VideoStatus:
        async with asyncio.timeout(20):
            while not is_so(now := await self.now(video)):
                await asyncio.sleep(0.01)
        return now

    async def begun(self, kind: AnyKind, video: str = "v") -> None:
        """Wait until the work on a job of this kind has begun."""
        async with asyncio.timeout(20):
            while not any(job.startswith(f"{video}/{kind}/") for job in self.w.engine.runs):
                await asyncio.sleep(0.01)

    async def settled(self, video: str = "v") -> None:
        """Wait until every job of a video has ended, and the gateway has heard of it."""
        async with asyncio.timeout(20):
            while True:
                rows = await self.w.store.find(JOBS, {"spec.video_id": video})
                view = await self.gateway.videos.find(video, OWNER)
                if all(row["state"] in TERMINAL and row["_id"] in view.ends for row in rows):
                    return
                await asyncio.sleep(0.01)

    async def long_after(self, video: str = "v") -> None:
        """Let the video have been cancelled a good while ago."""
        views = self.w.app.shell("gateway").service.views
        (doc,) = (await self.w.store.get(views, [video])).values()
        ago = {f"parts.VideoSteered.{slot}.at": 1 for slot in doc["parts"]["VideoSteered"]}
        await self.w.store.update(views, [Update(video, set=ago, inc={"version": 1})])

    async def time_passes(self, name: str) -> None:
        """Another video is made from its beginning to its end meanwhile."""
        await self.w.request(name, brief(2, 1))
        await self.until(lambda now: now.status is Status.COMPLETED, name)

    async def one_job(self, kind: AnyKind, video: str = "v") -> Doc:
        """The row of any job of this kind."""
        where = {"spec.video_id": video, "spec.kind": kind.name}
        return (await self.w.store.find(JOBS, where))[0]

    def runs(self, video: str = "v") -> set[str]:
        """The jobs of a video that an engine was given; none of them twice."""
        jobs = {job: n for job, n in self.w.engine.runs.items() if job.startswith(f"{video}/")}
        assert set(jobs.values()) <= {1}
        return set(jobs)

    async def done(self, video: str = "v") -> set[str]:
        """The jobs of a video that have given something."""
        rows = await self.w.store.find(JOBS, {"spec.video_id": video, "state": "done"})
        return {row["_id"] for row in rows}


@asynccontextmanager
async def stack(folder: Path, room: Room | None = None) -> AsyncIterator[Stack]:
    async with world(folder, chaos=SHUFFLED, room=room) as w:
        gateway = build_gateway(w.app)
        try:
            yield Stack(w, gateway)
        finally:
            gateway.close()


def completed(rev: int) -> Callable[[VideoStatus], bool]:
    return lambda now: (now.status, now.rev) == (Status.COMPLETED, rev)


# ── cancel ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", USED, ids=str)
async def test_cancelled_in_any_stage_nothing_more_begins_and_a_retry_goes_on_from_what_there_is(
    tmp_path: Path, kind: AnyKind
) -> None:
    async with stack(tmp_path) as s:
        hold = s.w.engine.held[kind.name] = asyncio.Event()
        await s.w.request("v", WANTED)
        await s.begun(kind)
        await s.steer(Action.CANCEL, Action.CANCEL)
        before = s.runs()
        with pytest.raises(NotNow, match="still being stopped"):
            await s.gateway.wishes.retry("v", OWNER)
        hold.set()
        await s.settled()
        assert s.runs() == before
        assert (await s.now()).status is Status.CANCELLED
        kept = await s.done()
        await s.retry()
        await s.until(completed(2))
        again = s.runs() - before
        # what was finished is never made anew; the film itself belongs to one revision
        assert not {_item(job) for job in again} & {_item(job) for job in kept - _cuts(kept)}


def _item(job: str) -> str:
    return job.rsplit("/", 1)[0]


def _cuts(jobs: set[str]) -> set[str]:
    return {job for job in jobs if f"/{CUT}/" in job}


async def test_a_cancelled_video_stays_cancelled_whatever_else_is_wished(tmp_path: Path) -> None:
    async with stack(tmp_path) as s:
        hold = s.w.engine.held[IMAGE.name] = asyncio.Event()
        await s.w.request("v", WANTED)
        await s.begun(IMAGE)
        await s.steer(Action.CANCEL)
        for action in (Action.PAUSE, Action.RESUME):
            with pytest.raises(NotNow, match=r"is cancelled .* It allows delete, retry"):
                await s.steer(action)
        hold.set()
        await s.settled()
        assert (await s.now()).status is Status.CANCELLED
        assert (await s.now()).error is None


async def test_cancelled_retried_and_cancelled_again(tmp_path: Path) -> None:
    async with stack(tmp_path) as s:
        for rev in (1, 2):
            hold = s.w.engine.held[CLIP.name] = asyncio.Event()
            if rev == 1:
                await s.w.request("v", WANTED)
            await s.begun(CLIP)
            await s.steer(Action.CANCEL)
            hold.set()
            await s.settled()
            assert (await s.now()).rev == rev
            await s.retry()
            await s.retry()  # asked for twice is asked for once
        now = await s.until(completed(3))
        assert now.retries == 2


async def test_a_video_that_was_cancelled_before_it_was_planned_is_planned_by_its_retry(
    tmp_path: Path,
) -> None:
    async with stack(tmp_path, Room(an_owner=1)) as s:
        hold = s.w.engine.held[PLAN.name] = asyncio.Event()
        await s.w.request("first", WANTED)
        await s.w.request("v", WANTED)
        await s.begun(PLAN, "first")
        await s.steer(Action.CANCEL)
        hold.set()
        await s.until(completed(1), "first")
        await s.settled()
        assert s.runs() == set()
        await s.retry()
        await s.until(completed(2))


# ── pause, resume ───────────────────────────────────────────────────────────────────────────────


async def test_a_paused_video_begins_nothing_and_goes_on_where_it_stood(tmp_path: Path) -> None:
    async with stack(tmp_path) as s:
        kinds: tuple[AnyKind, ...] = (PLAN, IMAGE, CLIP, CONFORM)
        for number, kind in enumerate(kinds):
            hold = s.w.engine.held[kind.name] = asyncio.Event()
            if kind is PLAN:
                await s.w.request("v", WANTED)
            else:
                await s.steer(Action.RESUME, Action.RESUME)
            await s.begun(kind)
            await s.steer(Action.PAUSE, Action.PAUSE)
            before = s.runs()
            hold.set()
            await s.time_passes(f"other-{number}")
            assert s.runs() == before
            assert (await s.now()).status is Status.PAUSED
        await s.steer(Action.RESUME)
        await s.until(completed(1))
        assert s.w.engine.rerun == []


async def test_what_is_wished_last_counts_however_fast_wishes_follow(tmp_path: Path) -> None:
    async with stack(tmp_path) as s:
        hold = s.w.engine.held[IMAGE.name] = asyncio.Event()
        await s.w.request("v", WANTED)
        await s.begun(IMAGE)
        for _ in range(10):
            await s.steer(Action.PAUSE, Action.RESUME)
        hold.set()
        await s.until(completed(1))


async def test_a_finished_video_is_not_paused_and_says_what_it_allows(tmp_path: Path) -> None:
    async with stack(tmp_path) as s:
        await s.w.request("v", brief(2, 1))
        await s.until(completed(1))
        with pytest.raises(NotNow, match="It allows delete, download, reframe;"):
            await s.steer(Action.PAUSE)
        with pytest.raises(NotNow, match="Nothing of this video has failed"):
            await s.gateway.wishes.retry("v", OWNER)


# ── failures, and trying again ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("min_clips", [1, 5], ids=["completed without it", "failed for it"])
async def test_a_retry_makes_the_lost_clip_and_its_segments_and_nothing_else(
    tmp_path: Path, min_clips: int
) -> None:
    async with stack(tmp_path) as s:
        s.w.engine.broken = frozenset({2})
        await s.w.request("v", WANTED.model_copy(update={"min_clips": min_clips}))
        word = Status.COMPLETED if min_clips == 1 else Status.FAILED
        await s.until(lambda now: now.status is word)
        await s.settled()
        before, s.w.engine.broken = s.runs(), frozenset()
        await s.retry()
        now = await s.until(completed(2))
        assert now.chunks is not None and now.chunks.failed == ()
        again = s.runs() - before
        clips = {job for job in again if f"/{CLIP}/" in job}
        # chunk 2 begins a chain of two: the one after it could not be begun before
        assert clips == {"v/clip/1/2/1", "v/clip/1/3/0"}
        others = {job.split("/")[1] for job in again - clips}
        assert others <= {CONFORM.name, CUT.name}


async def test_what_is_queued_of_a_video_that_has_failed_is_never_begun(tmp_path: Path) -> None:
    async with world(tmp_path, chaos=SHUFFLED, slots=1) as w:
        gateway = build_gateway(w.app)
        s = Stack(w, gateway)
        hold = w.engine.held[IMAGE.name] = asyncio.Event()
        await w.request("v", brief(6, 1))
        await s.begun(IMAGE)
        failed = VideoFailed(video_id="v", rev=1, phase="images", error="enough")
        await w.app.shell("stitcher").emit([failed])
        await s.until(lambda now: now.status is Status.FAILED)
        hold.set()
        await s.settled()
        assert sum(f"/{IMAGE}/" in job for job in s.runs()) == 1
        gateway.close()


async def test_the_jobs_of_a_failed_video_are_stopped_by_the_next_look_where_a_crash_came_between(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, slots=1) as w:
        gateway = build_gateway(w.app)
        s = Stack(w, gateway)
        hold = w.engine.held[IMAGE.name] = asyncio.Event()
        await w.request("v", brief(6, 1))
        await s.begun(IMAGE)
        shell = w.app.shell("gateway")
        steering, shell.steering = shell.steering, None  # a process that dies before it stops them
        failed = VideoFailed(video_id="v", rev=1, phase="images", error="enough")
        await w.app.shell("stitcher").emit([failed])
        await s.until(lambda now: now.status is Status.FAILED)
        shell.steering = steering
        await shell.handle([failed])  # it was never committed, and so it comes again
        hold.set()
        await s.settled()
        assert sum(f"/{IMAGE}/" in job for job in s.runs()) == 1
        gateway.close()


async def test_a_video_that_is_over_is_looked_at_until_its_jobs_have_ended(tmp_path: Path) -> None:
    async with stack(tmp_path) as s:
        hold = s.w.engine.held[CLIP.name] = asyncio.Event()
        await s.w.request("v", WANTED)
        await s.begun(CLIP)
        await s.steer(Action.CANCEL)
        views = s.w.app.shell("gateway").service.views
        assert (await s.w.store.get(views, ["v"]))["v"].get("check_at") is not None
        # a clip that a process released before it stood still, and asks for only now
        late = replace_n(await s.one_job(CLIP), 99)
        await s.w.store.insert(JOBS, [late])
        async with asyncio.timeout(20):  # what is heard meanwhile puts off the next look
            while (await s.w.store.get(JOBS, [late["_id"]]))[late["_id"]]["state"] != "cancelled":
                await s.w.store.update(views, [Update("v", set={"check_at": 1})])
                await asyncio.sleep(0.05)
        hold.set()
        await s.settled()
        await s.long_after()
        async with asyncio.timeout(20):
            while "check_at" in (await s.w.store.get(views, ["v"]))["v"]:
                await s.w.store.update(views, [Update("v", set={"check_at": 1})])
                await asyncio.sleep(0.05)


async def test_what_a_dead_process_had_not_told_of_a_cancelled_video_is_told_by_the_next_one(
    tmp_path: Path,
) -> None:
    async with stack(tmp_path) as s:
        hold = s.w.engine.held[CLIP.name] = asyncio.Event()
        await s.w.request("v", WANTED)
        await s.begun(CLIP)
        await s.steer(Action.CANCEL)
        hold.set()
        await s.settled()
        view = await s.gateway.videos.find("v", OWNER)
        # it died with the end of a clip in its queue, published, and heard by nobody
        lost = view.all(ChunkReady)[0]
        views = s.w.app.shell("gateway").service.views
        forget = Update("v", unset=[f"parts.ChunkReady.{lost.slot}"], inc={"version": 1})
        await s.w.store.update(views, [forget])
    async with stack(tmp_path) as s:
        await s.settled()
        await s.retry()
        assert isinstance(await s.w.ended("v"), VideoCompleted)


def replace_n(row: Doc, n: int) -> Doc:
    """The row of another job of the same kind, which nobody has begun."""
    spec = JobSpec.model_validate(row["spec"]).model_copy(update={"n": n})
    return to_doc(Job(spec=spec))


# ── turns ───────────────────────────────────────────────────────────────────────────────────────


async def test_videos_of_one_owner_take_turns_in_the_order_of_their_requests(
    tmp_path: Path,
) -> None:
    async with stack(tmp_path, Room(an_owner=2)) as s:
        hold = s.w.engine.held[PLAN.name] = asyncio.Event()
        videos = [f"v{n}" for n in range(5)]
        for video in videos:
            await s.w.request(video, brief(2, 1))
        await s.begun(PLAN, "v1")
        assert {(await s.now(video)).status for video in videos} == {Status.QUEUED}
        await s.w.request("hers", brief(2, 1, owner="ann"))
        await s.begun(PLAN, "hers")
        assert {job.split("/")[0] for job in s.w.engine.runs} == {"v0", "v1", "hers"}
        hold.set()
        for video in videos:
            await s.until(completed(1), video)
        plans = [job.split("/")[0] for job in s.w.engine.runs if f"/{PLAN}/" in job]
        assert [video for video in plans if video in videos] == videos


async def test_who_pauses_or_cancels_makes_room_for_the_next(tmp_path: Path) -> None:
    async with stack(tmp_path, Room(an_owner=1)) as s:
        hold = s.w.engine.held[IMAGE.name] = asyncio.Event()
        for video in ("a", "b", "c"):
            await s.w.request(video, brief(2, 1))
        await s.begun(IMAGE, "a")
        await s.steer(Action.PAUSE, video="a")
        await s.begun(IMAGE, "b")
        await s.steer(Action.RESUME, video="a")
        assert not s.runs("c")
        await s.steer(Action.CANCEL, video="b")
        await s.begun(IMAGE, "c")  # it has waited for longer than the one that was resumed
        hold.set()
        await s.until(completed(1), "c")
        await s.until(completed(1), "a")
