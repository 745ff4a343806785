"""The stitcher's decision: what to conform, when to cut, how the video ends.

A chunk is conformed as soon as its clip and its beat's voice are settled; the cut waits for all
segments and sounds. Only this service ends a video, well or badly, once a plan revision.
"""

from collections.abc import Sequence

from services.stitcher.ending import complete, fail
from services.stitcher.joints import transition
from services.stitcher.segments import Segment, segments, waves_of
from services.stitcher.sheet import pictured_beats
from services.stitcher.stuck import Stuck, stuck
from services.stitcher.timeline import Laid, lay_clip_sounds, lay_out, lay_voices
from shared.story.beats import check_images
from shared.story.events import (
    BeatsPlanned,
    Failed,
    VideoCompleted,
    VideoFailed,
    VideoOverdue,
    WavesCompleted,
)
from shared.story.formats import FPS, canvas
from shared.story.kinds import (
    CUT,
    IMAGE,
    MUSIC,
    VOICE,
    ClipConformed,
    CutOrder,
    ImageFailed,
    ImageReady,
    Item,
    MusicReady,
    PlanFailed,
    VideoCut,
)
from shared.story.plan import active_beats, clips_needed
from shared.story.view import NOTHING, Decision, End, JobSpec, View

NAME = "stitcher"


def decide(view: View, plan: BeatsPlanned | None) -> Decision:
    """Go one step further, or end the video: also where a service, perhaps this one, is stuck.

    A revision that has ended stays as it ended, whatever is heard of it later: otherwise one
    revision could end both completed and failed.
    """
    broken = stuck(view, plan)
    rev = broken.rev if broken else plan.rev if plan else 0
    if rev and _has_ended(view, rev):
        return Decision(done=True)
    late = view.latest(VideoOverdue)
    if late is not None and late.rev >= rev:
        return _end(fail(view, late.rev, "deadline", _too_late(late)))
    return _go_on_despite(view, plan, broken) if broken else _go_on(view, plan)


def _too_late(late: VideoOverdue) -> str:
    hours = late.limit_ms / 3_600_000
    return f"it ran for more than {hours:g} h without an end, and was given up: try it again"


def _has_ended(view: View, rev: int) -> bool:
    ends = (view.latest(VideoCompleted), view.latest(VideoFailed))
    return any(end is not None and end.rev >= rev for end in ends)


def _go_on_despite(view: View, plan: BeatsPlanned | None, broken: Stuck) -> Decision:
    """Complete a video that is cut already, if it needs nothing more of the service that broke."""
    cut = plan and plan.rev == broken.rev and view.end(CUT.wanted(plan))
    if cut and broken.service != NAME:
        decision = _go_on(view, plan)
        if decision.done:
            return decision
    return _end(fail(view, broken.rev, broken.service, broken.error))


def _go_on(view: View, plan: BeatsPlanned | None) -> Decision:
    if plan is None:
        return _without_plan(view)
    waves = waves_of(view, plan)
    cut = view.end(CUT.wanted(plan))
    if cut is not None:
        return _after_cut(view, plan, waves, cut)
    if waves is not None and waves.succeeded < clips_needed(plan, waves.total):
        return _end(_too_few(view, plan, waves))
    parts = segments(view, plan, waves)
    broken = _first_broken(view, parts)
    if broken is not None:
        return _end(fail(view, plan.rev, "conform", broken[1].error, broken[0].name, waves))
    return Decision(_conforms(view, parts) or _cut(view, plan, parts))


def _without_plan(view: View) -> Decision:
    failures = view.all(PlanFailed)
    if not failures:
        return NOTHING
    last = max(failures, key=lambda failure: failure.take)
    return _end(fail(view, last.take, "plan", last.error))


def _end(end: VideoFailed) -> Decision:
    return Decision(events=(end,), done=True)


def _too_few(view: View, plan: BeatsPlanned, waves: WavesCompleted) -> VideoFailed:
    errors = "; ".join(f"chunk {error.chunk}: {error.error}" for error in waves.failed)
    reason = (
        f"{waves.succeeded} of {waves.total} clips were made, "
        f"at least {clips_needed(plan, waves.total)} are needed: {errors}"
    )
    items = ", ".join(f"chunk {error.chunk}" for error in waves.failed)
    return fail(view, plan.rev, "clips", reason, items, waves)


def _first_broken(view: View, parts: Sequence[Segment]) -> tuple[Segment, Failed] | None:
    broken = ((part, view.failure(part.job)) for part in parts)
    return next(((part, failure) for part, failure in broken if failure), None)


def _conforms(view: View, parts: Sequence[Segment]) -> tuple[JobSpec, ...]:
    """Return the jobs of segments that can be made and are not yet asked for."""
    return tuple(part.ask() for part in parts if part.ask and part.job not in view.released)


# ── the cut ─────────────────────────────────────────────────────────────────────────────────────


def _cut(view: View, plan: BeatsPlanned, parts: Sequence[Segment]) -> tuple[JobSpec, ...]:
    """Return the cut's job, once every segment and every sound is settled."""
    ready = [view.ready(ClipConformed, part.job) for part in parts if not part.left_out]
    if None in ready or not (_sounds_settled(view, plan) and _images_settled(view, plan)):
        return ()
    check_images([beat.index for beat in active_beats(plan)], _images(view, plan))
    segments = [segment for segment in ready if segment]
    lacks_captions = plan.brief.captions != "none" and any(s.unburnt for s in segments)
    return (_cut_job(view, plan, lay_out(segments), lacks_captions),)


def _cut_job(view: View, plan: BeatsPlanned, laid: Sequence[Laid], lacks_captions: bool) -> JobSpec:
    music = view.ready(MusicReady, MUSIC.wanted(plan))
    voices = lay_voices(view, plan, laid)
    sounds = lay_clip_sounds(view, plan, laid)
    beats = pictured_beats(view, plan)
    size = canvas(plan.brief.aspect, plan.brief.quality)
    length = sum(segment.frames for segment in laid)
    order = CutOrder(
        width=size.width,
        height=size.height,
        frames=length,
        seconds=round(length / FPS, 6),
        title=plan.title,
        segments=tuple(segment.order() for segment in laid),
        transition=transition(plan.brief),
        voices=tuple(voice.order() for voice in voices),
        sounds=tuple(sound.order() for sound in sounds),
        panels=tuple(beat.panel() for beat in beats),
        # who wants no captions must not get the soft ones unasked either
        captions_burnt=not lacks_captions,
    )
    files = {segment.name: segment.key for segment in laid}
    files |= {voice.name: voice.key for voice in voices}
    files |= {sound.name: sound.key for sound in sounds}
    files |= {beat.name: beat.key for beat in beats if beat.key}
    files |= {"music": music.key} if music else {}
    return CUT.ask(plan, order, files=files, seconds=plan.brief.duration / 5)


def _sounds_settled(view: View, plan: BeatsPlanned) -> bool:
    jobs = [*VOICE.wanted_jobs(plan), *MUSIC.wanted_jobs(plan)]
    return all(view.end(job) for job in jobs)


def _images(view: View, plan: BeatsPlanned) -> list[int]:
    """Return the beat of every image, made or failed, at the take that is wanted now."""
    skipped = {beat.index for beat in plan.beats if beat.skipped}
    came: list[ImageReady | ImageFailed] = [*view.all(ImageReady), *view.all(ImageFailed)]
    current = [end for end in came if end.take == IMAGE.take(plan, Item(beat=end.beat))]
    return [end.beat for end in current if end.beat not in skipped]


def _images_settled(view: View, plan: BeatsPlanned) -> bool:
    return all(view.end(job) for job in IMAGE.wanted_jobs(plan))


def _after_cut(view: View, plan: BeatsPlanned, waves: WavesCompleted | None, cut: End) -> Decision:
    if isinstance(cut, Failed):
        return _end(fail(view, plan.rev, "cut", cut.error, "", waves))
    if waves is None or not isinstance(cut, VideoCut):
        return NOTHING
    end = complete(view, plan, waves, cut)
    return Decision(events=(end,), done=True) if end else NOTHING
