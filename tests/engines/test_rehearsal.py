"""The rehearsal: what lies around the work, and of the work only what all else hangs on."""

from pathlib import Path
from typing import Any

import pytest

from shared.engines import rehearsal
from shared.engines.rehearsal import RehearsalEngine
from shared.jobs.engine import Claim, Task, Workspace
from shared.jobs.job import Job
from shared.jobs.outcomes import Made, Produced
from shared.story.brief import Brief
from shared.story.kinds import PLAN, PlanOrder
from shared.story.kinds.plans import plan_job


class Planner:
    """Makes plans that tell them apart, and counts them."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def work(self, order: PlanOrder, space: Workspace) -> Made:
        self.asked.append(order.brief.prompt)
        return Made(data={"title": order.brief.prompt})


async def nothing(*given: Any) -> Any: ...


async def make_plan(engine: RehearsalEngine, video: str, prompt: str, folder: Path) -> str:
    spec = plan_job(video, Brief(prompt=prompt), 1)
    claim = Claim(folder / video, 30, 0)
    task = Task(Job(spec=spec), PLAN.read(spec), claim, nothing, nothing)
    produced = await engine.submit(task, None)
    assert isinstance(produced, Produced)
    return str(produced.made.data["title"])


async def test_a_plan_is_made_once_for_each_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal, "REMEMBERED", 2)
    planner = Planner()
    engine = RehearsalEngine({PLAN: planner.work})
    for number, prompt in enumerate(["a fox", "a fox", "an owl", "a fox", "a bear", "an owl"]):
        assert await make_plan(engine, f"v{number}", prompt, tmp_path) == prompt
    # the bear came in the place of the owl, which nobody had asked for the longest
    assert planner.asked == ["a fox", "an owl", "a bear", "an owl"]
