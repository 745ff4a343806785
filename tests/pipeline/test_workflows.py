"""Shorter videos and what continues them, and the reviews on the way, in any order of events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from services.gateway.changes import BeatChange, SkipRequest
from services.gateway.errors.problems import NotNow
from services.gateway.parts import build_gateway
from services.gateway.read.actions import Action, Status
from services.gateway.read.status import VideoStatus
from shared.jobs.engine import Workspace
from shared.jobs.ledger import JOBS
from shared.jobs.outcomes import Made
from shared.jobs.turns import Room
from shared.ports import Update
from shared.runtime.shell import SILENT_MS
from shared.story.brief import Brief, EndCard, Review, Workflow
from shared.story.errors import PermanentError
from shared.story.events import VideoSteered
from shared.story.kinds import ANIMATIC, CUT, IMAGE, AnimaticOrder
from tests.pipeline.test_wishes import OWNER, SHUFFLED, Stack, completed
from tests.pipeline.world import WORK, brief, world


def wanted(workflow: Workflow = "full", *review: Review, **known: Any) -> Brief:
    short = brief(3, 2, workflow=workflow, review=review, **known)
    return short.model_copy(update={"end_card": EndCard(), "duration": 32.5})


@asynccontextmanager
async def stack(folder: Path, **known: Any) -> AsyncIterator[Stack]:
    async with world(folder, chaos=SHUFFLED, **known) as w:
        gateway = build_gateway(w.app)
        try:
            yield Stack(w, gateway)
        finally:
            gateway.close()


async def waiting(s: Stack, what: Review, rev: int = 1) -> VideoStatus:
    """Wait until this waits for an approval."""
    return await s.until(lambda now: (now.awaiting, now.rev) == (what, rev))


async def quiet(s: Stack) -> set[str]:
    """The kinds that were run, once all that is on its way has been heard."""
    await s.settled()
    for _ in range(3):
        await s.w.bus.wait_until_idle()
        await asyncio.sleep(0.05)
    return kinds_of(s.runs())


def kinds_of(jobs: set[str]) -> set[str]:
    return {job.split("/")[1] for job in jobs}


async def approve(s: Stack, what: Review, rev: int = 1) -> None:
    await s.gateway.wishes.approve("v", OWNER, what, rev)


PLANNED = {"plan"}
DRAWN = {"plan", "image", "card", "animatic"}


# ── shorter workflows ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("workflow", "made"), [("plan_only", PLANNED), ("storyboard_only", DRAWN)])
async def test_a_shorter_video_is_completed_with_what_was_asked_for_and_makes_nothing_else(
    tmp_path: Path, workflow: Workflow, made: set[str]
) -> None:
    async with stack(tmp_path) as s:
        await s.w.request("v", wanted(workflow))
        now = await s.until(completed(1))
        assert await quiet(s) == made
        assert (now.percent, now.workflow, now.seconds) == (100, workflow, None)
        assert Action.CONTINUE in now.actions
        assert {Action.DOWNLOAD, Action.REFRAME}.isdisjoint(now.actions)
        assert "media" not in now.links
        assert ("animatic" in now.links) is (workflow == "storyboard_only")


@pytest.mark.parametrize(
    "steps", [("plan_only", "full"), ("plan_only", "storyboard_only", "full"),
              ("storyboard_only", "full"), ("full",)],
    ids="-".join,
)  # fmt: skip
async def test_whatever_the_way_to_it_the_film_is_cut_from_the_same_and_each_thing_made_once(
    tmp_path: Path, steps: tuple[Workflow, ...]
) -> None:
    async with stack(tmp_path) as s:
        await s.w.request("v", wanted("full"))
        await s.until(completed(1))
        straight = s.runs()
        film = (await s.one_job(CUT))["spec"]
        await s.w.request("w", wanted(steps[0]))
        for rev, workflow in enumerate(steps[1:], start=2):
            await s.until(completed(rev - 1), "w")
            await s.gateway.revisions.go_on("w", OWNER, workflow)
            await s.gateway.revisions.go_on("w", OWNER, workflow)
        await s.until(completed(len(steps)), "w")
        await s.settled("w")
        again = (await s.one_job(CUT, "w"))["spec"]
        assert again["input"] == film["input"]
        assert parts_of(again["files"]) == parts_of(film["files"])
        roundabout = {name_without_rev(job) for job in s.runs("w")} - {"animatic/0/0"}
        assert roundabout == {name_without_rev(job) for job in straight}


def name_without_rev(job: str) -> str:
    _, kind, beat, n, take = job.split("/")
    return "/".join((kind, beat, n, *([] if kind in ("cut", "animatic") else [take])))


def parts_of(files: dict[str, str]) -> dict[str, list[str]]:
    """What of its video each file is, whichever video that is."""
    return {name: key.split("/")[2:] for name, key in files.items()}


async def test_what_can_not_be_continued_says_what_is_possible(tmp_path: Path) -> None:
    async with stack(tmp_path) as s:
        await s.w.request("v", wanted("storyboard_only"))
        await s.until(completed(1))
        with pytest.raises(NotNow, match="nothing to continue to storyboard_only"):
            await s.gateway.revisions.go_on("v", OWNER, "storyboard_only")
        await s.gateway.revisions.go_on("v", OWNER, "full")
        await s.until(completed(2))
        with pytest.raises(NotNow, match="nothing to continue to storyboard_only"):
            await s.gateway.revisions.go_on("v", OWNER, "storyboard_only")
        await s.gateway.revisions.go_on("v", OWNER, "full")
        assert (await s.now()).rev == 2, "asked for twice is asked for once"


async def test_a_storyboard_without_any_picture_is_a_failure_and_says_why(tmp_path: Path) -> None:
    def draw_nothing(order: Any, space: Workspace) -> Made:
        raise PermanentError("no brush is left")

    async with stack(tmp_path, work={**WORK, IMAGE: draw_nothing}) as s:
        await s.w.request("v", wanted("storyboard_only"))
        now = await s.until(lambda now: now.status is Status.FAILED)
        assert now.error == "no storyboard image could be made: no brush is left"
        assert now.failed_at is not None and now.failed_at.phase == "images"


# ── reviews ─────────────────────────────────────────────────────────────────────────────────────


async def test_nothing_beyond_a_review_is_made_before_its_approval(tmp_path: Path) -> None:
    async with stack(tmp_path) as s:
        await s.w.request("v", wanted("full", "plan", "storyboard"))
        now = await waiting(s, "plan")
        assert now.status is Status.AWAITING_APPROVAL and Action.APPROVE in now.actions
        assert await quiet(s) == PLANNED
        with pytest.raises(NotNow, match="the plan of revision 1, not the storyboard"):
            await approve(s, "storyboard")
        await approve(s, "plan")
        await approve(s, "plan")
        now = await waiting(s, "storyboard")
        assert await quiet(s) == DRAWN
        percent = now.percent
        await approve(s, "plan")
        assert (await s.now()).awaiting == "storyboard", "a late repetition approves nothing more"
        await approve(s, "storyboard")
        now = await s.until(completed(1))
        assert now.percent == 100 > percent
        assert set(s.w.engine.runs.values()) == {1}


async def test_what_is_edited_at_a_review_is_approved_as_it_is_then_and_not_before(
    tmp_path: Path,
) -> None:
    async with stack(tmp_path) as s:
        await s.w.request("v", wanted("full", "storyboard"))
        await waiting(s, "storyboard")
        edit = BeatChange(prompt="A quiet harbour.")
        await s.gateway.revisions.change("v", OWNER, 1, edit, set())
        with pytest.raises(NotNow):
            await approve(s, "storyboard", rev=1)
        await waiting(s, "storyboard", rev=2)
        with pytest.raises(NotNow, match="of revision 2, not the storyboard of revision 1"):
            await approve(s, "storyboard", rev=1)
        await s.gateway.revisions.change("v", OWNER, 0, SkipRequest(), set())
        await waiting(s, "storyboard", rev=3)
        assert await quiet(s) == DRAWN
        await approve(s, "storyboard", rev=3)
        await s.until(completed(3))
        assert {job for job in s.runs() if "/image/" in job} == {
            "v/image/0/0/0", "v/image/1/0/0", "v/image/2/0/0", "v/image/1/0/1",
        }  # fmt: skip
        assert not [job for job in s.runs() if job.startswith("v/clip/0/")]


async def test_an_approval_holds_for_changes_that_show_nothing_new_and_for_no_other(
    tmp_path: Path,
) -> None:
    async with stack(tmp_path) as s:
        await s.w.request("v", wanted("full", "plan", "storyboard"))
        for what in ("plan", "storyboard"):
            await waiting(s, what)
            await approve(s, what)
        await s.until(completed(1))
        await s.gateway.revisions.reframe("v", OWNER, "1:1")
        await s.until(completed(2))
        await s.gateway.revisions.change("v", OWNER, 2, SkipRequest(), set())
        await s.until(completed(3))
        edit = BeatChange(prompt="A quiet harbour.")
        await s.gateway.revisions.change("v", OWNER, 0, edit, set())
        await waiting(s, "plan", rev=4)


@pytest.mark.parametrize("what", ["plan", "storyboard"])
async def test_a_video_at_a_review_survives_a_restart(tmp_path: Path, what: Review) -> None:
    async with stack(tmp_path) as s:
        await s.w.request("v", wanted("full", what))
        await waiting(s, what)
    async with stack(tmp_path) as s:
        await waiting(s, what)
        assert await quiet(s) <= DRAWN
        await approve(s, what)
    async with stack(tmp_path) as s:
        await s.until(completed(1))
        assert not s.w.engine.rerun


async def test_approvals_told_twice_and_in_the_wrong_order_are_what_the_latest_says(
    tmp_path: Path,
) -> None:
    async with stack(tmp_path) as s:
        both = VideoSteered(video_id="v", rev=2, approved_plan=1, approved_storyboard=1)
        one = VideoSteered(video_id="v", rev=1, approved_plan=1)
        await s.w.app.shell("gateway").emit([both])
        await s.w.app.shell("gateway").emit([one, both])
        await s.w.request("v", wanted("full", "plan", "storyboard"))
        await s.until(completed(1))
        assert set(s.w.engine.runs.values()) == {1}


@pytest.mark.parametrize("what", ["plan", "storyboard"])
async def test_pause_resume_cancel_and_retry_at_a_review(tmp_path: Path, what: Review) -> None:
    async with stack(tmp_path) as s:
        await s.w.request("v", wanted("full", what))
        await waiting(s, what)
        await s.steer(Action.PAUSE)
        assert (await s.now()).status is Status.PAUSED
        with pytest.raises(NotNow, match="does not allow approve"):
            await approve(s, what)
        await s.steer(Action.RESUME, Action.RESUME)
        await waiting(s, what)
        await s.steer(Action.CANCEL)
        await s.settled()
        await s.long_after()
        await s.retry()
        await waiting(s, what, rev=2)
        assert await quiet(s) <= DRAWN
        await approve(s, what, rev=2)
        await s.until(completed(2))


async def test_a_video_that_waits_for_a_person_leaves_its_place_to_others(tmp_path: Path) -> None:
    async with stack(tmp_path, room=Room(an_owner=1)) as s:
        await s.w.request("v", wanted("full", "storyboard"))
        await waiting(s, "storyboard")
        await s.time_passes("other")
        await approve(s, "storyboard")
        await s.until(completed(1))


async def test_a_silent_review_is_no_trouble_and_nothing_is_told_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with stack(tmp_path) as s:
        await s.w.request("v", wanted("full", "storyboard"))
        await waiting(s, "storyboard")
        await quiet(s)
        for service in ("gateway", "chunker", "soundtrack", "stitcher"):
            shell = s.w.app.shell(service)
            long_ago = s.w.store.now() - 2 * SILENT_MS
            past = Update("v", set={"heard_at": long_ago, "check_at": long_ago})
            assert await s.w.store.update(shell.service.views, [past])
            assert await shell.sweep() == 1
        assert "silent" not in caplog.text


# ── the animatic ────────────────────────────────────────────────────────────────────────────────


async def test_an_animatic_that_can_not_be_made_is_a_note_and_stops_nothing(tmp_path: Path) -> None:
    def fail(order: AnimaticOrder, space: Workspace) -> Made:
        raise PermanentError("the projector is broken")

    async with stack(tmp_path, work={**WORK, ANIMATIC: fail}) as s:
        await s.w.request("v", wanted("full", "storyboard"))
        await waiting(s, "storyboard")
        await quiet(s)
        now = await s.now()
        said = [note.message for note in now.warnings]
        assert said == ["the animatic could not be made: the projector is broken"]
        assert "animatic" not in now.links
        await approve(s, "storyboard")
        await s.until(completed(1))
        await s.w.request("short", wanted("storyboard_only"))
        await s.until(completed(1), "short")


async def test_an_approval_waits_for_no_animatic(tmp_path: Path) -> None:
    async with stack(tmp_path) as s:
        hold = s.w.engine.held[ANIMATIC.name] = asyncio.Event()
        await s.w.request("v", wanted("full", "storyboard"))
        await waiting(s, "storyboard")
        await approve(s, "storyboard")
        await s.until(completed(1))
        hold.set()
        await s.settled()


async def test_the_animatic_follows_every_change_of_the_storyboard(tmp_path: Path) -> None:
    async with stack(tmp_path) as s:
        await s.w.request("v", wanted("storyboard_only"))
        await s.until(completed(1))
        edit = BeatChange(narration="Other words.")
        await s.gateway.revisions.change("v", OWNER, 1, edit, set())
        await s.until(completed(2))
        rows = await s.w.store.find(JOBS, {"spec.kind": ANIMATIC.name})
        said = {row["spec"]["take"]: row["spec"]["input"]["beats"][1] for row in rows}
        assert said[1]["narration"] == "Scene 1." and said[2]["narration"] == "Other words."
        assert kinds_of(s.runs()) == DRAWN
