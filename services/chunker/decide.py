"""The aggregator's decision: which clips start now, and when every chain is settled.

There is no barrier: a chunk can start the moment that what it starts from exists. All clips that
are released at one time are a *wave*. A chunk that can't be made takes the rest of its own chain
with it, and nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shared.story.beats import (
    BadPlan,
    Chain,
    Chunk,
    ChunkError,
    OrphanChunk,
    check_numbers,
    link_chains,
)
from shared.story.codes import read_code
from shared.story.durations import find_waves_ms
from shared.story.events import BeatsPlanned, Failed, WavesCompleted
from shared.story.kinds import (
    CLIP,
    IMAGE,
    ChunkReady,
    ImageReady,
    chosen_image,
    clip_job,
    clip_order,
)
from shared.story.plan import active_chunks, is_skipped
from shared.story.view import Decision, JobSpec, View

SKIPPED = "it was skipped"
CLIP_SECONDS = 60.0
"""Fairness between owners counts a clip as so long."""


def decide(view: View, plan: BeatsPlanned) -> Decision:
    """Release the clips that can start, up to the video's limit; report once all is settled."""
    try:
        check_numbers(plan.chunks)
    except BadPlan as refusal:
        return Decision(events=(_refuse_plan(plan, str(refusal)),), done=True)
    told = next((each for each in view.all(WavesCompleted) if each.rev == plan.rev), None)
    if told is not None:  # by an earlier version, it may be: what is over is not begun again
        return Decision(events=(told,), done=not view.in_flight)
    chains = link_chains(active_chunks(plan))
    states = [state for chain in chains for state in _follow_chain(view, plan, chain)]
    if all(state.is_settled for state in states):
        # clips of an earlier take, or of a beat that is skipped now, may still be running
        return Decision(events=(_report_waves(view, plan, states),), done=not view.in_flight)
    return Decision(_release_wave(view, plan, states))


# ── where each chunk stands ─────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Source:
    """The file that a chunk starts from; neither file nor error: it is still waited for."""

    files: Mapping[str, str] | None = None
    error: str | None = None
    code: str = ""
    """Why, for programs; empty where its user did without it."""
    image_error: str = ""
    """Why there is no storyboard image: without a file it can start from words alone, perhaps."""


@dataclass(frozen=True)
class ChunkState:
    """A chunk that is ready, or lost, or able to start, or waiting for what it starts from."""

    chunk: Chunk
    remaining: int
    """The chunks from here to the end of its chain, itself included."""
    ready: ChunkReady | None = None
    error: str | None = None
    code: str = ""
    files: Mapping[str, str] | None = None
    """The file that it starts from, once there is one."""
    image_error: str = ""
    """Why it is to start from words alone."""

    @property
    def is_settled(self) -> bool:
        """Tell whether it is ready or lost: nothing more will happen to it."""
        return self.ready is not None or self.error is not None


def _follow_chain(view: View, plan: BeatsPlanned, chain: Chain) -> Iterator[ChunkState]:
    """Yield the state of each chunk in order: it starts from what became of the one before."""
    source = _find_first_source(view, plan, chain[0])
    for place, chunk in enumerate(chain):
        if is_skipped(plan, CLIP.name, chunk.index):  # also where it has come all the same
            source = Source(error=SKIPPED)
        state = _find_state(view, plan, chunk, len(chain) - place, source)
        yield state
        source = _find_next_source(state)


def _find_state(
    view: View, plan: BeatsPlanned, chunk: Chunk, remaining: int, source: Source
) -> ChunkState:
    # without what it starts from it can't have been made, at this take: nothing is looked up
    if source.files is None:
        return ChunkState(chunk, remaining, error=source.error, code=source.code)
    job = clip_job(plan, chunk)
    failure = view.failure(job)
    return ChunkState(
        chunk,
        remaining,
        view.ready(ChunkReady, job),
        error=_explain_failure(chunk, source, failure) if failure else None,
        code=read_code(failure.code) if failure else "",
        files=source.files,
        image_error=source.image_error,
    )


def _find_first_source(view: View, plan: BeatsPlanned, chunk: Chunk) -> Source:
    if chunk.kind == "continuous":
        return Source(error=str(OrphanChunk(chunk.index)), code="internal")
    job = IMAGE.job(plan, beat=chunk.beat)
    failure, image = view.failure(job), view.ready(ImageReady, job)
    if failure is None:
        return Source({"image": chosen_image(plan, image)}) if image else Source()
    if failure.is_stopped:  # for a change: the plan that answers it comes
        return Source()
    if failure.code == "flagged":  # its words would be refused again, and are never sent again
        return Source(error=_explain_lack(chunk, failure.error), code="flagged")
    # whether a model can start from words alone is known to who runs it
    return Source({}, image_error=failure.error)


def _explain_failure(chunk: Chunk, source: Source, failure: Failed) -> str:
    if not source.image_error:
        return failure.error
    return f"{_explain_lack(chunk, source.image_error)}; without one, {failure.error}"


def _explain_lack(chunk: Chunk, error: str) -> str:
    return f"chunk {chunk.index} has no storyboard image: {error}"


def _find_next_source(before: ChunkState) -> Source:
    """Return what the chunk after this one starts from: an error goes down the whole chain."""
    chunk = before.chunk.index
    if before.error:
        error = f"chunk {chunk} before it was not made: {before.error}"
        return Source(error=error, code=before.code)
    if before.ready is None:
        return Source()
    if before.ready.last_frame_key is None:
        return Source(error=f"chunk {chunk} before it left no last frame", code="encode")
    return Source({"last_frame": before.ready.last_frame_key})


# ── the next wave ───────────────────────────────────────────────────────────────────────────────


def _release_wave(
    view: View, plan: BeatsPlanned, states: Sequence[ChunkState]
) -> tuple[JobSpec, ...]:
    """Return the jobs of all chunks that can start now, up to the limit of clips at once."""
    limit = plan.brief.clips_at_once or len(states)  # 0 is no limit
    room = limit - len(view.in_flight)
    if room <= 0:  # a slice to a negative number would leave out only the last ones
        return ()
    startable = [
        state
        for state in states
        if not state.is_settled
        and state.files is not None
        and clip_job(plan, state.chunk) not in view.released
    ]
    # The longest chain takes longest of all: what waits for it would end the video late. The index
    # makes the order the same wherever this is decided.
    startable.sort(key=lambda state: (-state.remaining, state.chunk.index))
    return tuple(_ask_for_clip(plan, state) for state in startable[:room])


def _ask_for_clip(plan: BeatsPlanned, state: ChunkState) -> JobSpec:
    chunk = state.chunk
    order = clip_order(plan, chunk, state.image_error)
    return CLIP.ask(
        plan, order, beat=chunk.beat, n=chunk.index, files=state.files, seconds=CLIP_SECONDS
    )


# ── the end of the waves ────────────────────────────────────────────────────────────────────────


def _report_waves(view: View, plan: BeatsPlanned, states: Sequence[ChunkState]) -> WavesCompleted:
    # a clip that failed was paid for as well; what one that is skipped cost may be known later
    ends = [view.end(job) for job in CLIP.jobs(plan)]
    lost = [(state.chunk, state.error, state.code) for state in states if state.error]
    return WavesCompleted(
        video_id=plan.video_id,
        rev=plan.rev,
        total=len(states),
        succeeded=sum(state.ready is not None for state in states),
        failed=tuple(
            ChunkError(chunk=chunk.index, beat=chunk.beat, error=error, code=code)
            for chunk, error, code in lost
        ),
        cost=sum(end.cost for end in ends if end),
        keys=tuple(state.ready.key for state in states if state.ready),
        generation_ms=find_waves_ms(view, plan),
    )


def _refuse_plan(plan: BeatsPlanned, error: str) -> WavesCompleted:
    """Return that every chunk has failed: a plan whose numbers can't be relied on is not begun."""
    chunks = active_chunks(plan)
    return WavesCompleted(
        video_id=plan.video_id,
        rev=plan.rev,
        total=len(chunks),
        succeeded=0,
        failed=tuple(
            ChunkError(chunk=chunk.index, beat=chunk.beat, error=error, code="internal")
            for chunk in chunks
        ),
    )
