"""What watchers are told: one message a fact, said in the words of a person. Pure."""

from collections.abc import Callable
from datetime import datetime

from pydantic import Field

from services.gateway.read.notes import name_of
from services.gateway.read.stages import Stage
from services.gateway.read.views import FINAL, VideoStatus, facts, status
from shared.story.events import (
    BeatsPlanned,
    ChunkReady,
    ClipConformed,
    Event,
    Fact,
    Failed,
    ImageReady,
    Kind,
    Micros,
    MusicReady,
    VideoCut,
    VideoSteered,
    VoiceReady,
    WavesCompleted,
)
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
    """Where a video stands: what every watcher hears first."""
    return _live(now, "", f"{now.status}, {now.percent} %")


def ending(now: VideoStatus) -> Live | None:
    """The last message, once a video has ended: after it nothing more is said."""
    if now.status not in FINAL:
        return None
    if now.error and now.failed_at:
        at = " ".join(filter(None, (now.failed_at.phase, now.failed_at.item)))
        return _live(now, now.failed_at.item, f"failed at {at}: {now.error}")
    if now.seconds:
        return _live(now, "", f"completed: {now.seconds:g} s of video")
    return _live(now, "", str(now.status))


def news(before: View, after: View) -> list[Live]:
    """What has happened since, in the order in which it did."""
    now = status(after)
    if now is None:
        return []
    known = {fact.id for fact in facts(before)}
    fresh = sorted((f for f in facts(after) if f.id not in known), key=lambda f: f.at)
    told = [(fact, words) for fact in fresh if (words := _words(fact, now))]
    return [_live(now, item, message) for _, (item, message) in told]


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


def _words(fact: Event, now: VideoStatus) -> tuple[str, str] | None:
    """(item, message) for facts that a watcher cares about."""
    if isinstance(fact, Failed):
        item = name_of(Kind(fact.job.split("/")[1]), fact)
        return item, f"{item}: {fact.error}"
    say = _SAY.get(type(fact))
    return say(fact, now) if say else None


def counted(now: VideoStatus, stage: Stage) -> str:
    """`images 3/6`: what a stage has made of what it should."""
    record = next(record for record in now.stages if record.name is stage)
    return f"{stage} {record.done}/{record.total}"


def _planned(plan: BeatsPlanned, now: VideoStatus) -> tuple[str, str]:
    return "plan", f"planned: {len(plan.beats)} beats, {len(plan.chunks)} clips"


def _pictured(image: ImageReady, now: VideoStatus) -> tuple[str, str]:
    return f"beat {image.beat}", counted(now, Stage.IMAGES)


def _spoken(voice: VoiceReady, now: VideoStatus) -> tuple[str, str]:
    return f"beat {voice.beat}", counted(now, Stage.SOUNDTRACK)


def _scored(music: MusicReady, now: VideoStatus) -> tuple[str, str]:
    return "music", counted(now, Stage.SOUNDTRACK)


def _animated(clip: ChunkReady, now: VideoStatus) -> tuple[str, str]:
    return f"chunk {clip.chunk}", counted(now, Stage.CLIPS)


def _conformed(segment: ClipConformed, now: VideoStatus) -> tuple[str, str]:
    return f"chunk {segment.chunk}", segment.filled or counted(now, Stage.CUT)


def _waved(waves: WavesCompleted, now: VideoStatus) -> tuple[str, str]:
    return "clips", f"{waves.succeeded} of {waves.total} clips are there"


def _joined(cut: VideoCut, now: VideoStatus) -> tuple[str, str]:
    return "cut", f"joined: {cut.frames} frames"


def _steered(wish: VideoSteered, now: VideoStatus) -> tuple[str, str]:
    return "", f"asked to be {wish.desired}"


_SAY: dict[type[Event], Callable[..., tuple[str, str]]] = {
    BeatsPlanned: _planned,
    ImageReady: _pictured,
    VoiceReady: _spoken,
    MusicReady: _scored,
    ChunkReady: _animated,
    ClipConformed: _conformed,
    WavesCompleted: _waved,
    VideoCut: _joined,
    VideoSteered: _steered,
}
