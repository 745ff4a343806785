"""The aggregator's decision: which clips may start now, and when every chain is settled.

There is no barrier: a chunk is ready the moment that what it starts from exists. A chunk that can
never be made takes the rest of its own chain with it, and nothing else.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from shared.story.beats import (
    BadPlan,
    Chain,
    Chunk,
    ChunkError,
    OrphanChunk,
    chains,
    check_numbers,
    frames,
)
from shared.story.events import BeatsPlanned, WavesCompleted
from shared.story.formats import FPS, canvas
from shared.story.kinds import CLIP, IMAGE, ChunkReady, ClipOrder, ImageReady, clip_job
from shared.story.plan import active_chunks
from shared.story.view import Decision, JobSpec, View

CLIP_SECONDS = 60.0
"""What fairness counts for a clip."""


def decide(view: View, plan: BeatsPlanned) -> Decision:
    """Release what is ready, up to the video's limit; when all is settled, say how it went."""
    try:
        check_numbers(plan.chunks)
    except BadPlan as refusal:
        return Decision(events=(_refused(plan, str(refusal)),), done=True)
    fates = [fate for chain in chains(active_chunks(plan)) for fate in _fates(view, plan, chain)]
    if all(fate.settled for fate in fates):
        return Decision(events=(_completed(view, plan, fates),), done=not view.in_flight)
    return Decision(_wave(view, plan, fates))


# ── the fate of each chunk ──────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Source:
    """What a chunk starts from: a file, or not yet, or never because of an error."""

    files: Mapping[str, str] | None = None
    error: str | None = None


@dataclass(frozen=True)
class Fate:
    """How a chunk stands. Neither ready, lost nor startable: it waits for what it starts from."""

    chunk: Chunk
    remaining: int
    """How many chunks of its chain are not made before the chain ends, itself included."""
    ready: ChunkReady | None = None
    error: str | None = None
    files: Mapping[str, str] | None = None
    """What it starts from, once that exists."""

    @property
    def settled(self) -> bool:
        return self.ready is not None or self.error is not None


def _fates(view: View, plan: BeatsPlanned, chain: Chain) -> Iterator[Fate]:
    """The chunks of one chain in order, each starting from what became of the one before."""
    source = _first_source(view, plan, chain[0])
    for place, chunk in enumerate(chain):
        fate = Fate(chunk, len(chain) - place, error=source.error, files=source.files)
        if fate.files is not None:
            fate = _started(view, fate, clip_job(plan, chunk))
        yield fate
        source = _next_source(fate)


def _started(view: View, fate: Fate, job: str) -> Fate:
    """The fate of a chunk that has what it starts from."""
    failure = view.failure(job)
    if failure is not None:
        return replace(fate, error=failure.error)
    return replace(fate, ready=view.ready(ChunkReady, job))


def _first_source(view: View, plan: BeatsPlanned, chunk: Chunk) -> Source:
    if chunk.kind == "continuous":
        return Source(error=str(OrphanChunk(chunk.index)))
    job = IMAGE.wanted(plan, beat=chunk.beat)
    failure, image = view.failure(job), view.ready(ImageReady, job)
    if failure is not None:
        # where a model can start from words alone, this is the place to let it
        return Source(error=f"chunk {chunk.index} has no storyboard image: {failure.error}")
    return Source({"image": image.key}) if image else Source()


def _next_source(fate: Fate) -> Source:
    chunk = fate.chunk.index
    if fate.error:
        return Source(error=f"chunk {chunk} before it was not made: {fate.error}")
    if fate.ready is None:
        return Source()
    if fate.ready.last_frame_key is None:
        return Source(error=f"chunk {chunk} before it left no last frame")
    return Source({"last_frame": fate.ready.last_frame_key})


# ── what is released ────────────────────────────────────────────────────────────────────────────


def _wave(view: View, plan: BeatsPlanned, fates: list[Fate]) -> tuple[JobSpec, ...]:
    """All that is ready to start, longest remaining chain first, up to the limit."""
    room = plan.brief.clips_at_once - len(view.in_flight)
    startable = [fate for fate in fates if _may_start(view, plan, fate)] if room > 0 else []
    startable.sort(key=lambda fate: (-fate.remaining, fate.chunk.index))
    return tuple(_clip(plan, fate) for fate in startable[:room])


def _may_start(view: View, plan: BeatsPlanned, fate: Fate) -> bool:
    waits = fate.settled or fate.files is None
    return not waits and clip_job(plan, fate.chunk) not in view.released


def _clip(plan: BeatsPlanned, fate: Fate) -> JobSpec:
    brief, chunk = plan.brief, fate.chunk
    size = canvas(brief.aspect, brief.quality)
    repeated = chunk.kind == "continuous"  # its first frame is the last one of the chunk before
    order = ClipOrder(
        chunk=chunk.index,
        kind=chunk.kind,
        prompt=next(beat.prompt for beat in plan.beats if beat.index == chunk.beat),
        style=brief.style,
        seed=brief.seed,
        seconds=round((frames(chunk) + repeated) / FPS, 6),
        width=size.width,
        height=size.height,
        wants_last_frame=fate.remaining > 1,
    )
    return CLIP.ask(
        plan, order, beat=chunk.beat, n=chunk.index, files=fate.files, seconds=CLIP_SECONDS
    )


# ── the end of the waves ────────────────────────────────────────────────────────────────────────


def _completed(view: View, plan: BeatsPlanned, fates: list[Fate]) -> WavesCompleted:
    ends = [view.end(clip_job(plan, fate.chunk)) for fate in fates]
    errors = [(fate.chunk, fate.error) for fate in fates if fate.error]
    return WavesCompleted(
        video_id=plan.video_id,
        rev=plan.rev,
        total=len(fates),
        succeeded=sum(fate.ready is not None for fate in fates),
        failed=tuple(ChunkError(chunk=c.index, beat=c.beat, error=error) for c, error in errors),
        cost=sum(end.cost for end in ends if end),
        keys=tuple(fate.ready.key for fate in fates if fate.ready),
    )


def _refused(plan: BeatsPlanned, error: str) -> WavesCompleted:
    """A plan whose numbers can't be relied on is not begun: every chunk of it has failed."""
    chunks = active_chunks(plan)
    return WavesCompleted(
        video_id=plan.video_id,
        rev=plan.rev,
        total=len(chunks),
        succeeded=0,
        failed=tuple(ChunkError(chunk=c.index, beat=c.beat, error=error) for c in chunks),
    )
