"""Steps that a video is to do without: asked for while they are not made, and taken back again.

What is under way for one of them is stopped; what that run cost, and nothing else, is waited for.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field

from services.gateway.answers import SERVED
from services.gateway.errors.problems import NotNow
from services.gateway.fields import EXACT, accept_whole
from services.gateway.read.actions import Action
from services.gateway.revisions import Revisions, derive, is_made
from services.gateway.wishes import is_asked
from shared.story.errors import BadInput
from shared.story.events import BeatsPlanned, RevisionRequested
from shared.story.kinds import CARD, CLIP, MUSIC, REFERENCE, VOICE, AnyKind, Item, references_of
from shared.story.plan import active_chunks
from shared.story.view import View

STEPS: Mapping[str, AnyKind] = {kind.name: kind for kind in (VOICE, MUSIC, REFERENCE, CARD, CLIP)}


Number = Annotated[int, Field(ge=0, le=10_000), BeforeValidator(accept_whole)]


class StepRequest(BaseModel):
    """A step that the video goes on without, as if it had failed."""

    model_config = EXACT

    step: Literal["voice", "music", "reference", "card", "clip"] = Field(
        description="card is the picture behind the end card's text."
    )
    beat: Number | None = Field(
        None, description="Of a voice, a reference or clips: those of this beat."
    )
    chunk: Number | None = Field(None, description="Of a clip: this one.")
    back: bool = Field(False, description="true: it is made after all.")


@dataclass(frozen=True)
class Skips:
    """Asks the planner for a plan without some steps."""

    revisions: Revisions
    list_jobs: Callable[[str], Awaitable[Collection[str]]]
    """Returns the ids of the jobs of a video that have not ended."""

    async def skip(self, video_id: str, owner: str, asked: StepRequest) -> None:
        """Let a video go on without a step, or take that back. What is so already stays so."""
        if is_asked(await self.revisions.videos.find(video_id, owner)):
            return
        view, now = await self.revisions.find_planned(video_id, owner, Action.SKIP_STEP)
        plan = view.latest(BeatsPlanned)
        assert plan is not None, "it was waited for"
        _check_place(asked)
        named = dict(_list_named(plan, asked))
        if not named:
            raise BadInput(f"the video has no such {asked.step}: its storyboard lists all", "step")
        steps = (
            _list_skipped(plan, named) if asked.back else _list_skippable(view, plan, asked, named)
        )
        if not steps:
            return
        under_way = {named[step] for step in steps} & set(await self.list_jobs(video_id))
        request = RevisionRequested(
            video_id=video_id,
            rev=now.rev + 1,
            action="skip_step",
            steps=tuple(steps),
            back=asked.back,
            stops=() if asked.back else tuple(sorted(under_way)),
            kept=_list_made(view, named.values()) if asked.back else (),
            request=SERVED.get(),
        )
        await self.revisions.ask(derive(view, request).request, owner)


def _check_place(asked: StepRequest) -> None:
    """Refuse a step at a place where there is none of its kind."""
    if asked.chunk is not None and asked.step != CLIP.name:
        raise BadInput("only a clip has a chunk: leave it out", "chunk")
    if asked.step == CLIP.name and asked.chunk is None and asked.beat is None:
        raise BadInput("say which clip: give its chunk, or a beat for all of its clips", "chunk")
    if asked.step in (MUSIC.name, CARD.name) and asked.beat is not None:
        raise BadInput(f"the {asked.step} is of the whole video: leave it out", "beat")


def _list_skipped(plan: BeatsPlanned, named: Mapping[str, str]) -> list[str]:
    """Return those of these steps that the plan does without."""
    return [step for step in named if step in plan.skipped]


def _list_skippable(
    view: View, plan: BeatsPlanned, asked: StepRequest, named: Mapping[str, str]
) -> list[str]:
    """Return what is not made and not skipped yet; refuse where there is nothing to skip."""
    if named.keys() <= set(plan.skipped):
        return []
    steps = [
        step
        for step, job in named.items()
        if not (step in plan.skipped or step in plan.given or is_made(view, job))
    ]
    if not steps:
        raise NotNow(
            f"The {asked.step} is there already, and costs nothing more: there is nothing to skip."
        )
    if asked.step == CLIP.name and not _list_others(plan, steps):
        raise NotNow("It is the only clip that is left: a video of none would be no video.")
    return steps


def _list_made(view: View, jobs: Iterable[str]) -> tuple[str, ...]:
    """Return those of these jobs that were made all the same: they are not made, or paid, again."""
    return tuple(sorted(job for job in jobs if is_made(view, job)))


def _list_others(plan: BeatsPlanned, steps: Collection[str]) -> set[str]:
    """Return the clips that are left without these."""
    return {CLIP.take_name(item) for item in CLIP.items(plan)} - set(steps)


def _list_named(plan: BeatsPlanned, asked: StepRequest) -> Iterator[tuple[str, str]]:
    """Yield what a request names, each with the job that makes it, also where it is skipped."""
    whole, kind = plan.model_copy(update={"skipped": ()}), STEPS[asked.step]
    for item in _list_items(whole, kind, asked):
        yield kind.take_name(item), kind.job(plan, beat=item.beat, n=item.n)


def _list_items(plan: BeatsPlanned, kind: AnyKind, asked: StepRequest) -> list[Item]:
    if asked.chunk is not None:
        return [Item(c.beat, c.index) for c in active_chunks(plan) if c.index == asked.chunk]
    if kind is REFERENCE and asked.beat is not None:
        return references_of(plan, [b for b in plan.beats if b.index == asked.beat])
    return [item for item in kind.items(plan) if asked.beat in (None, item.beat)]
