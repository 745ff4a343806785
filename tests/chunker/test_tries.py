"""A paid clip that looks spoiled, through the ledger: another try within the budget, or a note."""

from collections.abc import Callable
from pathlib import Path

import pytest

from services.chunker.work import check_clip
from shared.jobs.engine import Task
from shared.jobs.job import Job, State
from shared.jobs.outcomes import Made, Produced
from shared.ports import Store
from shared.story.brief import ClipCheck
from shared.story.kinds import CLIP, ChunkReady, ClipOrder
from shared.story.view import JobSpec
from tests.jobs.test_worker import LoneWorker, Scripted
from tests.media.drawings import HIGH, SECONDS, WIDE
from tests.media.scenes import GOOD, SPOILED, Scene, write_scene

PRICE = 4


def ordered(check: ClipCheck) -> JobSpec:
    order = ClipOrder(
        chunk=0,
        kind="reference",
        prompt="p",
        style="noir",
        seed=0,
        seconds=SECONDS,
        width=WIDE,
        height=HIGH,
        check=check,
    )
    input_ = order.model_dump(mode="json")
    return JobSpec(kind=CLIP.name, video_id="v", input=input_, files={"image": "v/start.png"})


def giving(scene: Scene) -> Callable[[Task], Produced]:
    def make(task: Task) -> Produced:
        clip, _ = write_scene(task.folder, "clip", scene)
        return Produced(Made({"key": clip}), cost=PRICE)

    return make


async def run(store: Store, folder: Path, check: ClipCheck, *scenes: Scene) -> tuple[Job, int]:
    """Run a clip's job on an engine that gives these one after the other; return what it cost."""
    engine = Scripted(*(giving(scene) for scene in scenes))
    lone = LoneWorker(store, folder, engine, CLIP, check_clip)
    await lone.blobs.open()
    _, start = write_scene(folder, "start", GOOD["slow pan"])
    await lone.blobs.put("v/start.png", start)
    job = await lone.ends(ordered(check))
    assert not engine.script, "each of them was asked for"
    [event] = lone.told
    assert event.model_dump().get("cost") == job.cost
    if isinstance(event, ChunkReady):
        assert list(event.doubts) == job.result.get("doubts", [])
    return job, await lone.spent()


FROZEN = SPOILED["frozen after a second"][0]


async def test_a_retry_is_one_more_try_and_both_are_paid(store: Store, tmp_path: Path) -> None:
    job, spent = await run(store, tmp_path, "retry", FROZEN, GOOD["slow pan"])
    assert (job.state, job.tries, spent) == (State.DONE, 1, 2 * PRICE)
    assert "doubts" not in job.result


async def test_after_the_last_try_the_clip_has_failed_and_says_why(
    store: Store, tmp_path: Path
) -> None:
    job, spent = await run(store, tmp_path, "retry", FROZEN, FROZEN, FROZEN)
    assert (job.state, spent) == (State.FAILED, 3 * PRICE)
    assert job.error == "the clip is frozen: nothing moves for 1.5 s"


@pytest.mark.parametrize(("check", "said"), [("warn", True), ("off", False)])
async def test_without_a_retry_the_clip_is_used_and_paid_once(
    store: Store, tmp_path: Path, check: ClipCheck, said: bool
) -> None:
    job, spent = await run(store, tmp_path, check, FROZEN)
    assert (job.state, spent) == (State.DONE, PRICE)
    assert bool(job.result.get("doubts")) is said
