"""A kind of job that no version has: it is declared here, and nowhere else.

All that lists kinds, or reads what they say, must know it from its declaration alone.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.gateway.read.live import list_news
from services.gateway.read.status import VideoStatus, read_status
from shared.jobs.engine import Work, Workspace
from shared.jobs.job import Rules
from shared.jobs.ledger import JOBS
from shared.jobs.outcomes import Made
from shared.runtime.service import Service
from shared.story.errors import PermanentError
from shared.story.events import BeatsPlanned, Failed, JobEnd, RevisionRequested, VideoCompleted
from shared.story.kinds import (
    IMAGE,
    KINDS,
    PLAN,
    ImageReady,
    Item,
    Kind,
    Kinds,
    Order,
    Stage,
    Success,
)
from shared.story.kinds.kind import name_always
from shared.story.revise import revise
from shared.story.view import NOTHING, Decision, View
from tests.histories import VIDEO, plan, view
from tests.pipeline.world import SERVICES, WORK, World, brief, world
from tools import documents

JOB = f"{VIDEO}/poster/0/0/0"


class PosterOrder(Order):
    """A poster to print."""

    title: str
    sheets: int = 1


class PosterReady(JobEnd):
    """A poster is printed."""

    key: str
    sheets: int


class PosterFailed(Failed):
    """A poster could not be printed."""


def _poster_ready(done: Success[PosterOrder]) -> PosterReady:
    return PosterReady.model_validate(done.facts("key") | {"sheets": done.order.sheets})


POSTER = Kind(
    name="poster",
    order=PosterOrder,
    ready=PosterReady,
    failed=PosterFailed,
    build=_poster_ready,
    stage=Stage.IMAGES,
    name_item=name_always("the poster"),
    deadline_seconds=60,
    items=lambda plan: [Item()],
    lacks="could not be printed",
    touched_by=frozenset({"shape"}),
)

WITH_POSTER = Kinds(*KINDS, POSTER)


def decide(view: View, plan: BeatsPlanned) -> Decision:
    """Ask for a poster once the first beat has its image."""
    image = view.ready(ImageReady, IMAGE.job(plan))
    if image is None:
        return NOTHING
    order = PosterOrder(title=plan.brief.prompt, sheets=len(plan.beats))
    job = POSTER.ask(plan, order, files={"image": image.key})
    return Decision((job,), done=view.end(job.id) is not None)


def print_poster(order: PosterOrder, space: Workspace) -> Made:
    """Print what was ordered."""
    poster = space.folder / "poster.txt"
    poster.write_text(f"{order.sheets} sheets")
    return Made({"key": poster})


def spoil_poster(order: PosterOrder, space: Workspace) -> Made:
    """Refuse to print anything."""
    raise PermanentError("there is no ink")


PRINTER = Service(
    name="printer",
    reads=(PLAN, IMAGE),
    decide=decide,
    needs_plan=True,
    work={POSTER: print_poster},
)


@asynccontextmanager
async def world_with_poster(folder: Path, work: Work) -> AsyncIterator[World]:
    """The six services and the printer."""
    table, doing = (*SERVICES, PRINTER), {**WORK, POSTER: work}
    # with leases that no busy machine outlasts: each job is to be run once
    async with world(folder, rules=Rules(), table=table, kinds=WITH_POSTER, work=doing) as w:
        yield w


async def make_video(w: World) -> tuple[View, VideoStatus]:
    """Make a video of two beats; return what the gateway knows once its poster has ended, too."""
    await w.request(VIDEO, brief(2))
    assert isinstance(await w.ended(VIDEO), VideoCompleted)
    async with asyncio.timeout(10):
        while True:
            known = await w.app.shell("gateway").view(VIDEO)
            if known and known.end(JOB):
                break
            await asyncio.sleep(0.01)
    shown = read_status(known, WITH_POSTER)
    assert shown is not None
    return known, shown


def test_a_decision_asks_for_it_by_a_typed_order() -> None:
    planned = plan(2)
    image = ImageReady(video_id=VIDEO, job=f"{VIDEO}/image/0/0/0", beat=0, key="picture")
    assert PRINTER.decide_on(view([planned])) == NOTHING
    (job,) = PRINTER.decide_on(view([planned, image])).jobs
    assert job.id == JOB and job.files == {"image": "picture"}
    assert POSTER.read(job) == PosterOrder(title="p", sheets=2)


async def test_it_passes_ledger_event_and_view_of_the_whole_stack(tmp_path: Path) -> None:
    async with world_with_poster(tmp_path, print_poster) as w:
        known, _ = await make_video(w)
        row = (await w.store.get(JOBS, [JOB]))[JOB]
        made = known.ready(PosterReady, JOB)
        assert made is not None
        await w.app.ports.blobs.fetch(made.key, tmp_path / "poster.txt")
    assert (row["state"], row["attempt"], w.engine.runs[JOB]) == ("done", 1, 1)
    assert (made.sheets, made.slot) == (2, "0/0/0")
    assert (tmp_path / "poster.txt").read_text() == "2 sheets"


async def test_it_is_counted_in_its_stage_and_named_to_who_watches(tmp_path: Path) -> None:
    async with world_with_poster(tmp_path, print_poster) as w:
        known, shown = await make_video(w)
    images = next(record for record in shown.stages if record.name is Stage.IMAGES)
    assert (images.done, images.total) == (3, 3), "two images and the poster"
    before = View(VIDEO, [fact for fact in known.facts if not isinstance(fact, PosterReady)])
    (told,) = list_news(before, known, WITH_POSTER)
    assert (told.item, told.message) == ("the poster", "images 3/3")


async def test_its_failure_is_noted_and_does_not_end_the_video(tmp_path: Path) -> None:
    async with world_with_poster(tmp_path, spoil_poster) as w:
        known, shown = await make_video(w)
    failed = known.failure(JOB)
    assert isinstance(failed, PosterFailed) and shown.status == "completed"
    said = [(note.stage, note.item, note.message) for note in shown.warnings]
    assert said == [("images", "the poster", "the poster could not be printed: there is no ink")]


def test_a_change_that_touches_it_asks_for_another_take() -> None:
    planned = plan(2)
    asked = RevisionRequested(video_id=VIDEO, rev=2, action="reframe", aspect="1:1")
    assert POSTER.job(revise([planned], asked, WITH_POSTER)) == f"{VIDEO}/poster/0/0/1"


def test_every_generated_document_tells_of_it() -> None:
    made = documents.build_documents((*SERVICES, PRINTER), WITH_POSTER)
    texts = {path.name: text for path, text in made.items()}
    assert "| [PosterReady](#posterready) | printer | gateway, printer |" in texts["events.md"]
    assert "## PosterFailed\n\nA poster could not be printed." in texts["events.md"]
    assert "| poster | printer | PosterReady | PosterFailed |" in texts["states.md"]
    assert "address: storywave.poster-ready" in texts["asyncapi.yaml"]
