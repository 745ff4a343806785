"""The whole embedded stack in one test: six services, a real store, an engine that plays."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import services
from shared.base.pool import Pool
from shared.blobs.disk import DiskBlobs
from shared.bus.chaos import Chaos
from shared.bus.local import LocalBus
from shared.engines.rehearsal import RehearsalEngine
from shared.jobs.engine import Engine, Task, Work, Workspace
from shared.jobs.job import Rules, State
from shared.jobs.ledger import JOBS
from shared.jobs.means import Pace
from shared.jobs.outcomes import Made, Produced
from shared.jobs.turns import Room
from shared.ports import Store
from shared.runtime.allowances import Allowances
from shared.runtime.app import App, Parts, Ports, run_services
from shared.runtime.service import Service
from shared.runtime.terms import NOTHING_COSTS, Terms
from shared.store.sqlite import SqliteStore
from shared.story.beats import plan_chunks
from shared.story.brief import Brief
from shared.story.drafts import Draft, time_beats
from shared.story.errors import PermanentError
from shared.story.events import BeatsPlanned, VideoCompleted, VideoFailed, VideoRequested
from shared.story.kinds import CLIP, KINDS, PLAN, AnyKind, Kinds, PlanOrder, RetryRules

SERVICES = tuple(services.load(name) for name in services.NAMES)

QUICK = Rules(relay_ms=50, retries=RetryRules(backoff_ms=(5, 10), next_model_ms=10))
"""Leases are as long as in earnest: else a busy machine outlasts one, and a job is run twice."""
PACE = Pace(look=0.05, hold=0.05, away=0.02)


def plan_by_lines(order: PlanOrder, space: Workspace) -> Made:
    """A plan with one beat a line of the prompt: tests choose how many there are."""
    wanted = order.brief
    drafts = [Draft(line, narration=line) for line in wanted.prompt.splitlines()]
    beats = time_beats(drafts, wanted.duration)
    chunks = plan_chunks(beats, wanted.chunk_seconds)
    plan = {"brief": wanted, "beats": beats, "chunks": chunks}
    return Made(data=BeatsPlanned(video_id="", rev=1, **plan).model_dump(mode="json"))


WORK: Mapping[AnyKind, Work] = {PLAN: plan_by_lines}


def brief(beats: int = 3, chunks: int = 1, **known: Any) -> Brief:
    """A video of so many beats with so many chunks each."""
    return Brief(
        prompt="\n".join(f"Scene {n}." for n in range(beats)),
        duration=5.0 * beats * chunks,
        end_card=None,
        min_clips=1,
        **known,
    )


class Counting(RehearsalEngine):
    """Keeps the truth about what was run, and what was run although it was finished.

    It refuses the clips in `broken`.
    """

    def __init__(self, store: Store, work: Mapping[AnyKind, Work] = WORK, **known: Any) -> None:
        super().__init__(work, **known)
        self._store = store
        self.runs: Counter[str] = Counter()
        self.rerun: list[str] = []
        self.broken: frozenset[int] = frozenset()
        self.held: dict[str, asyncio.Event] = {}
        """Kind → what its work waits for."""

    async def submit(self, task: Task, prepared: None) -> Produced:
        row = (await self._store.get(JOBS, [task.job.id]))[task.job.id]
        if row["state"] == State.DONE:
            self.rerun.append(task.job.id)
        self.runs[task.job.id] += 1
        if task.job.spec.kind in self.held:
            await self.held[task.job.spec.kind].wait()
        if task.job.spec.kind == CLIP.name and task.job.spec.n in self.broken:
            raise PermanentError(f"clip {task.job.spec.n} is refused")
        return await super().submit(task, prepared)


@dataclass
class World:
    """A running stack, and what a test asks of it."""

    app: App
    store: Store
    bus: LocalBus
    engine: Counting

    async def request(self, video_id: str, wanted: Brief) -> str:
        await self.app.gate.open(video_id, wanted.owner, wanted.budget, wanted.on_cap)
        await self.app.shell("gateway").emit([VideoRequested(video_id=video_id, brief=wanted)])
        return video_id

    async def ended(self, video_id: str, seconds: float = 20.0) -> VideoCompleted | VideoFailed:
        """Wait until the gateway knows how the video ended."""
        async with asyncio.timeout(seconds):
            while True:
                view = await self.app.shell("gateway").view(video_id)
                if view and (end := view.latest(VideoCompleted) or view.latest(VideoFailed)):
                    return end
                await asyncio.sleep(0.01)


@asynccontextmanager
async def world(
    folder: Path,
    *,
    chaos: Chaos | None = None,
    store: Store | None = None,
    rules: Rules = QUICK,
    table: Sequence[Service] = SERVICES,
    kinds: Kinds = KINDS,
    work: Mapping[AnyKind, Work] = WORK,
    room: Room | None = None,
    terms: Terms = NOTHING_COSTS,
    engines: Mapping[AnyKind, Engine] | None = None,
    given: Engine | None = None,
    **engine: Any,
) -> AsyncIterator[World]:
    """The stack on a folder: opening it twice is a restart. `engines` take kinds of their own."""
    store = store or SqliteStore(folder / "storywave.db")
    bus, counting = LocalBus(chaos=chaos), Counting(store, work, **engine)
    parts = Parts(
        Ports(store, bus, DiskBlobs(folder / "blobs")),
        kinds,
        {**dict.fromkeys(kinds, counting), **(engines or {})},
        folder / "work",
        Pool(1),
        given=given,
        rules=rules,
        pace=PACE,
        drain_seconds=1.0,
        terms=terms,
        allowances=Allowances(room=room or Room()),
    )
    async with run_services(parts, table) as app:
        yield World(app, store, bus, counting)
