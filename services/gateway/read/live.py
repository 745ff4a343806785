"""What watchers are told: one message a fact, in the words of a person."""

from collections.abc import Callable, Mapping
from datetime import datetime

from pydantic import Field

from services.gateway.read.views import FINAL, VideoStatus, status
from shared.story.events import (
    BeatsPlanned,
    Event,
    Failed,
    JobEnd,
    VideoSteered,
    WavesCompleted,
)
from shared.story.fact import Fact, Micros
from shared.story.kinds import KINDS, Item, Kinds, Stage
from shared.story.view import View


class Live(Fact):
    """One line of a video's live story."""

    video_id: str
    rev: int
    stage: Stage
    item: str = ""
    percent: int = Field(ge=0, le=100)
    message: str
    time: datetime
    cost: Micros = 0


def snapshot(now: VideoStatus) -> Live:
    """Return where a video stands: what every watcher hears first."""
    return _live(now, "", f"{now.status}, {now.percent} %")


def ending(now: VideoStatus) -> Live | None:
    """Return the last message, once a video has ended: after it nothing more is said."""
    if now.status not in FINAL:
        return None
    if now.error and now.failed_at:
        at = " ".join(filter(None, (now.failed_at.phase, now.failed_at.item)))
        return _live(now, now.failed_at.item, f"failed at {at}: {now.error}")
    if now.seconds:
        return _live(now, "", f"completed: {now.seconds:g} s of video")
    return _live(now, "", str(now.status))


def say_unreadable(now: VideoStatus) -> Live:
    """Return the last message about a video that can't be followed any further here."""
    said = "what is stored of this video can't be read any more: look again later"
    return _live(now, "", said)


def news(before: View, after: View, kinds: Kinds = KINDS) -> list[Live]:
    """Return what has happened since, in the order in which it did."""
    now = status(after, kinds)
    if now is None:
        return []
    plan, known = after.latest(BeatsPlanned), {fact.id for fact in before.facts}
    fresh = sorted((f for f in after.facts if f.id not in known), key=lambda f: (f.at, f.id))
    told = (_words(fact, now, plan, kinds) for fact in fresh)
    return [_live(now, item, message) for item, message in filter(None, told)]


def _live(now: VideoStatus, item: str, message: str) -> Live:
    return Live(
        video_id=now.id,
        rev=now.rev,
        stage=now.stage,
        item=item,
        percent=now.percent,
        message=message,
        time=now.updated_at,
        cost=now.cost,
    )


def _words(
    fact: Event, now: VideoStatus, plan: BeatsPlanned | None, kinds: Kinds
) -> tuple[str, str] | None:
    """Return item and message for facts that a watcher cares about."""
    if isinstance(fact, JobEnd):
        kind = kinds.of(fact)
        # clips and segments of earlier versions carry their number as `chunk` only
        name = kind.name_item(Item(fact.beat, getattr(fact, "chunk", fact.n)), plan)
        failed = f"{name}: {fact.error}" if isinstance(fact, Failed) else None
        return name, failed or getattr(fact, "filled", None) or count(now, kind.stage)
    say = _SAY.get(type(fact))
    return say(fact, now) if say else None


def count(now: VideoStatus, stage: Stage) -> str:
    """Return what a stage has made of what it should, as in `images 3/6`."""
    record = next(record for record in now.stages if record.name is stage)
    return f"{stage} {record.done}/{record.total}"


def _say_plan(plan: BeatsPlanned, now: VideoStatus) -> tuple[str, str]:
    return "plan", f"planned: {len(plan.beats)} beats, {len(plan.chunks)} clips"


def _say_waves(waves: WavesCompleted, now: VideoStatus) -> tuple[str, str]:
    return "clips", f"{waves.succeeded} of {waves.total} clips are there"


def _say_wish(wish: VideoSteered, now: VideoStatus) -> tuple[str, str]:
    return "", f"asked to be {wish.desired}"


_SAY: Mapping[type[Event], Callable[..., tuple[str, str]]] = {
    BeatsPlanned: _say_plan,
    WavesCompleted: _say_waves,
    VideoSteered: _say_wish,
}
"""What is said of events that no job ends in; the others are named and counted by their kind."""
