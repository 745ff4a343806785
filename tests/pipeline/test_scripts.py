"""From a script to a finished plan: every step a job of its own, done once, shown as it passes."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from services.gateway.read.actions import Status
from services.gateway.read.status import read_status
from services.planner.work import WORK as PLANNING_WORK
from shared.base.pool import Pool
from shared.bus.chaos import Chaos
from shared.engines.local.engine import LocalEngine
from shared.jobs.engine import Task
from shared.jobs.outcomes import Produced
from shared.media.scripts import prepare
from shared.story.brief import Brief
from shared.story.errors import PermanentError
from shared.story.events import BeatsPlanned, VideoCompleted, VideoFailed
from shared.story.kinds import OF_SCRIPTS, PLAN, PLANNING, SELECTION, SETTINGS
from shared.story.script.files import script_key
from tests.pipeline.world import World, world

TEXT = (Path(__file__).parents[1] / "plans" / "scripts" / "carol.fountain").read_text()
STEPS = [kind.name for kind in PLANNING if kind is PLAN or kind.stage in OF_SCRIPTS]


class Planner(LocalEngine):
    """The planner's real work, counted; what is in `held` waits, what is in `broken` fails."""

    def __init__(self) -> None:
        self.pool = Pool(1)
        super().__init__(self.pool, PLANNING_WORK)
        self.runs: Counter[str] = Counter()
        self.held: dict[str, asyncio.Event] = {}
        self.broken: set[str] = set()

    async def submit(self, task: Task, prepared: None) -> Produced:
        kind = task.job.spec.kind
        self.runs[kind] += 1
        if kind in self.held:
            await self.held[kind].wait()
        if kind in self.broken:
            raise PermanentError(f"{kind} is refused")
        return await super().submit(task, prepared)


async def ask(made: World, **known: object) -> Brief:
    """Keep the script as the gateway does, and ask for its trailer."""
    file = prepare(TEXT.encode())
    wanted = Brief.model_validate(
        {"prompt": file.title, "script": file.id, "end_card": None, "min_clips": 1, **known}
    )
    await made.app.ports.blobs.put(script_key(wanted.owner, file.id), file.text.encode())
    await made.request("v", wanted)
    return wanted


async def percent(made: World, reached: int) -> None:
    """Wait until the gateway shows so many percent."""
    while True:
        view = await made.app.shell("gateway").view("v")
        now = read_status(view) if view else None
        if now and now.percent >= reached:
            assert now.percent == reached
            return
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("seed", range(3))
async def test_a_script_becomes_a_video_whatever_the_order_of_events(
    tmp_path: Path, seed: int
) -> None:
    planner = Planner()
    engines = dict.fromkeys(PLANNING, planner)
    async with world(tmp_path, chaos=Chaos(seed), engines=engines) as made:
        await ask(made)
        end = await made.ended("v", 40)
        assert isinstance(end, VideoCompleted), end
        view = await made.app.shell("gateway").view("v")
    planner.pool.close()
    assert view is not None
    plan = view.latest(BeatsPlanned)
    assert plan is not None
    assert planner.runs == Counter(STEPS), "each step is done once"
    assert plan.title == "A Christmas Carol"
    assert sum(beat.duration for beat in plan.beats) == pytest.approx(30, abs=0.001)
    assert all(beat.why for beat in plan.beats)
    assert {"Ebenezer Scrooge", "Marley's Ghost"} <= {beat.speaker for beat in plan.beats}
    now = read_status(view)
    assert now is not None
    shown = [record for record in now.stages if record.name in STEPS]
    assert [record.name for record in shown] == STEPS
    assert all(record.status == "completed" for record in shown)
    assert all(record.started_at and record.ended_at for record in shown)
    times = [record.ended_at for record in shown if record.ended_at]
    assert times[0] <= min(times[1:3]) and max(times[1:3]) <= times[3] <= times[4]


async def test_the_marks_of_the_steps_are_15_25_35_and_45(tmp_path: Path) -> None:
    planner = Planner()
    planner.held = {name: asyncio.Event() for name in STEPS}
    async with asyncio.timeout(40), world(tmp_path, engines=dict.fromkeys(PLANNING, planner)) as m:
        await ask(m)
        await percent(m, 5)
        for name, reached in zip(STEPS, (15, 25, 35, 45), strict=False):
            planner.held[name].set()
            await percent(m, reached)
        planner.held["plan"].set()
        assert isinstance(await m.ended("v", 30), VideoCompleted)
    planner.pool.close()


async def test_what_was_done_before_a_crash_is_not_done_again(tmp_path: Path) -> None:
    first = Planner()
    first.held = {SELECTION.name: asyncio.Event()}  # it never ends in this process
    async with world(tmp_path, engines=dict.fromkeys(PLANNING, first)) as made:
        await ask(made)
        await percent(made, 35)
    first.pool.close()
    second = Planner()
    async with world(tmp_path, engines=dict.fromkeys(PLANNING, second)) as made:
        assert isinstance(await made.ended("v", 40), VideoCompleted)
    second.pool.close()
    assert set(first.runs) >= {"script", "characters", "settings"}
    assert second.runs == Counter(["selection", "plan"])


async def test_a_step_that_fails_ends_the_video_and_says_where(tmp_path: Path) -> None:
    planner = Planner()
    planner.broken = {SETTINGS.name}
    async with world(tmp_path, engines=dict.fromkeys(PLANNING, planner)) as made:
        await ask(made)
        end = await made.ended("v", 40)
        assert isinstance(end, VideoFailed)
        assert (end.phase, end.error) == ("settings", "settings is refused")
        view = await made.app.shell("gateway").view("v")
    planner.pool.close()
    now = read_status(view) if view else None
    assert now is not None and now.status is Status.FAILED
    failed = {record.name.value: record.status for record in now.stages}
    assert (failed["script"], failed["settings"]) == ("completed", "failed")
    assert planner.runs["selection"] == 0


async def test_a_script_that_is_gone_fails_its_first_step(tmp_path: Path) -> None:
    planner = Planner()
    async with world(tmp_path, engines=dict.fromkeys(PLANNING, planner)) as made:
        wanted = Brief(prompt="p", script="s" + 32 * "0", end_card=None, min_clips=1)
        await made.request("v", wanted)
        end = await made.ended("v", 40)
    planner.pool.close()
    assert isinstance(end, VideoFailed)
    assert end.phase == "script" and "gone" in end.error


async def test_a_rehearsal_of_a_script_needs_none(tmp_path: Path) -> None:
    async with world(tmp_path) as made:
        await made.request("v", Brief(prompt="p", script="s", end_card=None, min_clips=1))
        assert isinstance(await made.ended("v", 40), VideoCompleted)
        assert {job.split("/")[1] for job in made.engine.runs} >= set(STEPS)
