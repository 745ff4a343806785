"""Live messages for watchers: one for each fact, in the words of a person."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import Field

from services.gateway.read.actions import FINAL, Status
from services.gateway.read.stages import make_moment
from services.gateway.read.status import VideoStatus, read_status
from shared.story.budget import explain_excess
from shared.story.codes import Code, read_code
from shared.story.events import (
    BeatsPlanned,
    BudgetExceeded,
    Event,
    Failed,
    JobEnd,
    VideoSteered,
    WavesCompleted,
)
from shared.story.fact import Fact
from shared.story.goals import GOALS, REVIEWS, Goal
from shared.story.kinds import KINDS, Item, Kinds, Stage
from shared.story.money import Dollars, say_dollars
from shared.story.reviews import explain_awaited, find_awaited, read_approval
from shared.story.view import View


class Live(Fact):
    """One line of a video's live story."""

    video_id: str
    rev: int
    stage: Stage
    item: str = ""
    percent: int = Field(ge=0, le=100)
    message: str
    error_code: Code | None = Field(
        None, description="Of something that failed: why, in a word for programs."
    )
    time: datetime = Field(description="When it happened.")
    cost: Dollars = Field(0, description="Of the video so far, in dollars.")
    metadata: Mapping[str, str] = Field(default_factory=dict)


def make_snapshot(now: VideoStatus) -> Live:
    """Return the first message for every watcher: the status of the video."""
    return _build_message(now, "", f"{now.status}, {now.percent} %")


def make_ending(now: VideoStatus) -> Live | None:
    """Return the last message for every watcher; None while the video has not ended."""
    if now.status not in FINAL:
        return None
    if now.error and now.failed_at:
        at = " ".join(filter(None, (now.failed_at.phase, now.failed_at.item)))
        return _build_message(
            now, now.failed_at.item, f"failed at {at}: {now.error}", code=now.error_code
        )
    if now.status is Status.COMPLETED and GOALS[now.workflow] < Goal.FILM:
        return _build_message(now, "", f"completed: {now.workflow}")
    if now.status is Status.COMPLETED and now.seconds:
        return _build_message(now, "", f"completed: {now.seconds:g} s of video")
    return _build_message(now, "", str(now.status))


def make_deleted(now: VideoStatus) -> Live:
    """Return the last message about a video that was deleted."""
    return _build_message(now, "", "deleted, with everything that belonged to it")


def make_unreadable(now: VideoStatus) -> Live:
    """Return the last message about a video that can't be followed any further here."""
    said = "what is stored of this video can't be read any more: look again later"
    return _build_message(now, "", said)


def list_news(before: View, after: View, kinds: Kinds = KINDS) -> list[Live]:
    """Return a message for each fact that came since, in the order of their times."""
    now = read_status(after, kinds)
    return tell_news(before, after, now, kinds) if now else []


def tell_news(before: View, after: View, now: VideoStatus, kinds: Kinds = KINDS) -> list[Live]:
    """Return the same, where the status of the view after it is known."""
    plan, known = after.latest(BeatsPlanned), {fact.id for fact in before.facts}
    # facts come in any order; two of one millisecond need an order too
    fresh = sorted((f for f in after.facts if f.id not in known), key=lambda f: (f.at, f.id))
    told = ((fact, _put_into_words(fact, now, plan, kinds)) for fact in fresh)
    # all of them carry the percent after the last one, so that it never goes back
    news = [
        _build_message(now, *words, at=fact.at, code=_find_code(fact))
        for fact, words in told
        if words
    ]
    awaited = find_awaited(after)
    if awaited and fresh and awaited != find_awaited(before):
        said = f"{explain_awaited(awaited)}: {now.links['self']}/approve"
        news.append(_build_message(now, "", said, at=awaited.at))
    return news


def _find_code(fact: Event) -> Code | None:
    return read_code(fact.code) if isinstance(fact, Failed) else None


def _build_message(
    now: VideoStatus, item: str, message: str, *, at: int | None = None, code: Code | None = None
) -> Live:
    return Live(
        video_id=now.id,
        rev=now.rev,
        stage=now.stage,
        item=item,
        percent=now.percent,
        message=message,
        error_code=code,
        time=now.updated_at if at is None else make_moment(at),
        cost=now.cost,
        metadata=now.metadata,
    )


def _put_into_words(
    fact: Event, now: VideoStatus, plan: BeatsPlanned | None, kinds: Kinds
) -> tuple[str, str] | None:
    """Return item and message; None for a fact that means nothing to a watcher."""
    match fact:
        case JobEnd():
            kind = kinds.of(fact)
            if not kind.is_awaited:  # it says nothing of the video itself
                return None
            # clips and segments of earlier versions carry their number as `chunk` only
            name = kind.name_item(Item(fact.beat, getattr(fact, "chunk", fact.n)), plan)
            failed = f"{name}: {fact.error}" if isinstance(fact, Failed) else None
            return name, failed or getattr(fact, "filled", None) or count_stage(now, kind.stage)
        case BeatsPlanned():
            return "plan", f"planned: {len(fact.beats)} beats, {len(fact.chunks)} clips"
        case WavesCompleted():
            return "clips", f"{fact.succeeded} of {fact.total} clips are there"
        case VideoSteered(delete=True):
            return "", "asked to be deleted"
        case VideoSteered():
            within = "" if fact.cap is None else f", within ${say_dollars(fact.cap)}"
            approved = "".join(
                f", {review} {rev} approved"
                for review in REVIEWS
                if (rev := read_approval(fact, review))
            )
            return "", f"asked to be {fact.desired}{within}{approved}"
        case BudgetExceeded():
            return "", f"waits for money: {explain_excess(fact)}"
        case _:
            return None


def count_stage(now: VideoStatus, stage: Stage) -> str:
    """Return a stage's results and its total, as in `images 3/6`."""
    record = next((record for record in now.stages if record.name is stage), None)
    return f"{stage} {record.done}/{record.total}" if record else str(stage)
