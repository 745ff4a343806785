"""The status of a video: all that a user sees of it, read from every fact about it.

Percent and stage never go back within a revision: both only look at how much is settled, and facts
are only ever added. Times leave here as UTC, money as a text of dollars.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from pydantic import Field

from services.gateway.asked import Asked, show_request
from services.gateway.read.actions import FINAL, Action, Status, list_actions
from services.gateway.read.block import Exceeded, describe_block
from services.gateway.read.files import build_links, find_clips
from services.gateway.read.retry import is_prompt_refused, list_again
from services.gateway.read.stages import (
    Progress,
    StageRecord,
    find_workflow,
    make_moment,
    measure_progress,
)
from shared.story.beats import ChunkError, Truncation, beat_to_chunk_map
from shared.story.brief import Review, Workflow
from shared.story.budget import find_block, find_cap
from shared.story.codes import Code, read_code
from shared.story.events import (
    AttemptSettled,
    BeatsPlanned,
    DeadLettered,
    Event,
    JobEnd,
    RevisionRequested,
    VideoCompleted,
    VideoDeleted,
    VideoFailed,
    VideoRequested,
    WavesCompleted,
)
from shared.story.fact import Fact, Micros
from shared.story.formats import Aspect
from shared.story.kinds import (
    KINDS,
    Kinds,
    Stage,
    clip_job,
)
from shared.story.money import Dollars
from shared.story.notes import Note, list_notes
from shared.story.plan import active_chunks
from shared.story.reviews import find_awaited
from shared.story.view import View
from shared.story.wishes import FIRST_REV, find_desired, find_rev, is_deleting


class FailedAt(Fact):
    """The place where a video failed."""

    phase: str
    item: str = ""


class Chunks(Fact):
    """The clips of a video: how many succeeded, what they show, which did not and why, and where
    they are."""

    total: int
    succeeded: int
    beats: Mapping[int, int] = Field(
        description="Clip → the beat that it starts; any other goes on from the clip before it."
    )
    failed: tuple[ChunkError, ...] = ()
    urls: tuple[str, ...] = ()


class VideoStatus(Fact):
    """A video as the API shows it."""

    id: str
    status: Status
    rev: int = Field(description="The revision of the plan that everything here refers to.")
    stage: Stage
    percent: int = Field(ge=0, le=100)
    request: Asked
    workflow: Workflow = Field(
        "full", description="How much of it is made. A shorter one can be continued."
    )
    awaiting: Review | None = Field(
        None, description="What `POST …/approve` is waited for, at this `rev`."
    )
    metadata: Mapping[str, str] = Field(
        default_factory=dict, description="What was written on it when it was asked for."
    )
    title: str = ""
    aspect: Aspect = Field(description="Its shape now: it may have been reframed.")
    revisions: tuple[int, ...] = Field((), description="Finished ones: `media?rev=1` stays there.")
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None = None
    stages: tuple[StageRecord, ...]
    chunks: Chunks | None = None
    truncation: Truncation | None = None
    warnings: tuple[Note, ...] = ()
    cost: Dollars = Field(0, description="What it has cost so far, in dollars.")
    budget: Dollars | None = Field(None, description="The cap in dollars, if there is one.")
    exceeded: Exceeded | None = Field(None, description="Set while the video waits for money.")
    retries: int = Field(0, description="How often a user asked to try something again.")
    error: str | None = None
    error_code: Code | None = Field(None, description="Why it failed, in a word for programs.")
    failed_at: FailedAt | None = None
    seconds: float | None = Field(None, description="How long the finished video is.")
    generation_ms: int | None = None
    links: Mapping[str, str] = Field(default_factory=dict)
    actions: tuple[Action, ...] = Field((), description="What may be asked of it now.")


def read_status(view: View, kinds: Kinds = KINDS) -> VideoStatus | None:
    """Return all that a user sees of a video; None where there is none, or none any more."""
    request = view.one(VideoRequested)
    if request is None or view.one(VideoDeleted) is not None:
        return None
    plan, done = view.latest(BeatsPlanned), view.latest(VideoCompleted)
    failure = _find_failure(view)
    ended = failure or done
    made = measure_progress(view, failure, kinds)
    word, awaited = _choose_status(view, failure), find_awaited(view)
    return VideoStatus(
        id=view.video_id,
        status=word,
        rev=find_rev(view),
        stage=made.stage,
        percent=made.percent,
        request=show_request(request.brief),
        workflow=find_workflow(view, request),
        awaiting=awaited.what if awaited and word is Status.AWAITING_APPROVAL else None,
        metadata=request.metadata,
        title=plan.title if plan else "",
        aspect=plan.brief.aspect if plan else request.brief.aspect,
        revisions=tuple(sorted(end.rev for end in view.all(VideoCompleted) if end.key)),
        created_at=make_moment(request.at),
        updated_at=make_moment(max(fact.at for fact in list_shown(view, kinds))),
        completed_at=make_moment(done.at) if done and word is Status.COMPLETED else None,
        stages=_stop_stages(made, word),
        chunks=_describe_chunks(view, plan),
        truncation=plan.truncation if plan else None,
        warnings=tuple(_list_warnings(view, plan, kinds)),
        cost=sum_costs(view),
        budget=find_cap(view, request.brief),
        exceeded=describe_block(view) if word is Status.BUDGET_EXCEEDED else None,
        retries=sum(asked.action == "retry" for asked in view.all(RevisionRequested)),
        error=failure.error if failure else None,
        error_code=read_code(failure.code) if failure else None,
        failed_at=FailedAt(phase=failure.phase, item=failure.item) if failure else None,
        seconds=done.seconds if done and done.key else None,
        generation_ms=ended.generation_ms if ended else None,
        links=build_links(view, done),
        actions=_list_actions(word, view, kinds),
    )


def _list_actions(word: Status, view: View, kinds: Kinds) -> tuple[Action, ...]:
    plan, done = view.latest(BeatsPlanned), view.latest(VideoCompleted)
    is_film = done is None or bool(done.key)
    can_retry = not is_prompt_refused(view, plan)
    if word is Status.COMPLETED and plan is not None:
        can_retry = bool(list_again(view, plan, kinds))
    return tuple(sorted(list_actions(word, is_film=is_film, can_retry=can_retry)))


def say_where(now: VideoStatus) -> str:
    """Return where whoever was refused looks on: of a video that is over nothing more is told."""
    return f"See {now.links['self']}." if now.status in FINAL else f"Follow {now.links['events']}."


def list_shown(view: View, kinds: Kinds = KINDS) -> list[Event]:
    """Return the facts that say something of the video itself, and not of who was told of it."""
    return [
        fact for fact in view.facts if not isinstance(fact, JobEnd) or kinds.of(fact).is_awaited
    ]


def _list_warnings(view: View, plan: BeatsPlanned | None, kinds: Kinds) -> Iterator[Note]:
    """Yield what the video lacks, and the messages that nobody could use."""
    yield from list_notes(view, plan, kinds)
    for letter in view.all(DeadLettered):
        message = f"a message was lost: {letter.error}"
        yield Note(stage=letter.service, item=letter.topic, message=message)


def sum_costs(view: View) -> Micros:
    """Return the exact sum of what every settled job cost, failed ones too."""
    by_hand = sum(settled.cost for settled in view.all(AttemptSettled))
    return by_hand + sum(end.cost for end in view.ends.values())


def _find_failure(view: View) -> VideoFailed | None:
    """Return the failure of the latest revision: an earlier one no longer counts.

    One that is cancelled has not failed, whatever its jobs ended in.
    """
    failed = view.latest(VideoFailed)
    counts = failed and failed.rev >= find_rev(view) and find_desired(view) != "cancelled"
    return failed if counts else None


def _choose_status(view: View, failure: VideoFailed | None) -> Status:
    # The order matters: what was cancelled stays so, also where its film came a moment later; and
    # a video that has ended stays so, whatever its user wants of it later.
    done, desired = view.latest(VideoCompleted), find_desired(view)
    if is_deleting(view):
        return Status.DELETING
    if desired == "cancelled":
        return Status.CANCELLED
    if done and done.rev >= find_rev(view):
        return Status.COMPLETED
    if failure:
        return Status.FAILED
    if desired == "paused":
        return Status.PAUSED
    if find_block(view):
        return Status.BUDGET_EXCEEDED
    if find_awaited(view):
        return Status.AWAITING_APPROVAL
    return Status.RUNNING if _has_begun(view) else Status.QUEUED


def _has_begun(view: View) -> bool:
    """Tell whether any job of the latest revision has ended: before that it may wait its turn."""
    asked = view.latest(RevisionRequested)
    if asked is None or asked.rev < find_rev(view) or asked.rev == FIRST_REV:
        return bool(view.ends)
    return any(end.at >= asked.at for end in view.ends.values())


def _stop_stages(made: Progress, word: Status) -> tuple[StageRecord, ...]:
    """Return the stages; nothing goes on in a video that waits for its user, or that has ended
    without success.
    """
    resting = dict.fromkeys((Status.FAILED, Status.CANCELLED, Status.DELETING), "stopped")
    resting[Status.AWAITING_APPROVAL] = "waiting"
    if word not in resting:
        return made.records
    return tuple(
        record.model_copy(update={"status": resting[word]})
        if record.status == "running"
        else record
        for record in made.records
    )


def _describe_chunks(view: View, plan: BeatsPlanned | None) -> Chunks | None:
    if plan is None:
        return None
    ready, waves = find_clips(view), view.latest(WavesCompleted)
    # the waves know of chunks that were lost with their chain, for which no job was ever released
    settled = waves if waves and waves.rev == plan.rev else None
    return Chunks(
        total=settled.total if settled else len(active_chunks(plan)),
        succeeded=settled.succeeded if settled else len(ready),
        beats=beat_to_chunk_map(active_chunks(plan)),
        failed=settled.failed if settled else _list_failures(view, plan),
        urls=tuple(f"/v1/videos/{view.video_id}/chunks/{n}" for n in sorted(ready)),
    )


def _list_failures(view: View, plan: BeatsPlanned) -> tuple[ChunkError, ...]:
    """Return the clips that have failed so far, while the waves still go on."""
    return tuple(
        ChunkError(chunk=chunk.index, beat=chunk.beat, error=failed.error, code=failed.code)
        for chunk in active_chunks(plan)
        if (failed := view.failure(clip_job(plan, chunk)))
    )
