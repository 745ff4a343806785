"""The stitcher's decision: what to conform, when to cut, how the video ends. Pure.

A chunk is conformed as soon as its clip and its beat's voice are settled; the cut waits for all
segments and sounds. Only this service ends a video, well or badly, once a plan revision.
"""

from collections.abc import Sequence
from typing import Any

from services.stitcher.ending import completed, failed
from services.stitcher.joints import transition
from services.stitcher.segments import Segment, segments, waves_of
from services.stitcher.sheet import panels_of
from services.stitcher.stuck import Stuck, stuck
from services.stitcher.timeline import Laid, clip_sounds_of, laid_out, voices_of
from shared.story.chunks import active_beats, check_images, clips_needed
from shared.story.events import (
    BeatsPlanned,
    ClipConformed,
    Failed,
    ImageFailed,
    ImageReady,
    Kind,
    MusicReady,
    PlanFailed,
    VideoCut,
    VideoFailed,
    WavesCompleted,
)
from shared.story.formats import FPS, canvas
from shared.story.view import NOTHING, Decision, End, JobSpec, View
from shared.story.wanted import ask, given_up, is_spoken, wanted

NAME = "stitcher"


def decide(view: View) -> Decision:
    """One step further, or the end: also where a service, perhaps this one, can't go on."""
    plan = view.latest(BeatsPlanned)
    broken = stuck(view, plan)
    if broken is not None:
        return _despite(view, plan, broken)
    return _decided(view, plan)


def _despite(view: View, plan: BeatsPlanned | None, broken: Stuck) -> Decision:
    """A video that is cut already may need nothing more of the service that broke."""
    if broken.over:
        return Decision(done=True)
    cut = plan and plan.rev == broken.rev and view.end(wanted(plan, Kind.CUT))
    if cut and broken.service != NAME:
        decision = _decided(view, plan)
        if decision.done:
            return decision
    return _ended(failed(view, broken.rev, broken.service, broken.error))


def _decided(view: View, plan: BeatsPlanned | None) -> Decision:
    if plan is None:
        return _without_plan(view)
    if given_up(view, plan):
        return Decision(done=True)
    waves = waves_of(view, plan)
    cut = view.end(wanted(plan, Kind.CUT))
    if cut is not None:
        return _after_cut(view, plan, waves, cut)
    if waves is not None and waves.succeeded < clips_needed(plan, waves.total):
        return _ended(_too_few(view, plan, waves))
    parts = segments(view, plan, waves)
    broken = _first_broken(view, parts)
    if broken is not None:
        return _ended(failed(view, plan.rev, "conform", broken[1].error, broken[0].name, waves))
    return Decision(_conforms(view, parts) or _cut(view, plan, parts))


def _without_plan(view: View) -> Decision:
    failures = view.all(PlanFailed)
    if not failures:
        return NOTHING
    last = max(failures, key=lambda failure: failure.take)
    return _ended(failed(view, last.take, "plan", last.error))


def _ended(end: VideoFailed) -> Decision:
    return Decision(events=(end,), done=True)


def _too_few(view: View, plan: BeatsPlanned, waves: WavesCompleted) -> VideoFailed:
    errors = "; ".join(f"chunk {error.chunk}: {error.error}" for error in waves.failed)
    reason = (
        f"{waves.succeeded} of {waves.total} clips were made, "
        f"at least {clips_needed(plan, waves.total)} are needed: {errors}"
    )
    items = ", ".join(f"chunk {error.chunk}" for error in waves.failed)
    return failed(view, plan.rev, "clips", reason, items, waves)


def _first_broken(view: View, parts: Sequence[Segment]) -> tuple[Segment, Failed] | None:
    broken = ((part, view.failure(part.job)) for part in parts)
    return next(((part, failure) for part, failure in broken if failure), None)


def _conforms(view: View, parts: Sequence[Segment]) -> tuple[JobSpec, ...]:
    """The segments that can be made and are not yet asked for."""
    return tuple(part.ask() for part in parts if part.ask and part.job not in view.released)


# ── the cut ─────────────────────────────────────────────────────────────────────────────────────


def _cut(view: View, plan: BeatsPlanned, parts: Sequence[Segment]) -> tuple[JobSpec, ...]:
    """The cut, once every segment and every sound is settled."""
    ready = [view.ready(ClipConformed, part.job) for part in parts if not part.left_out]
    if None in ready or not (_sounds_settled(view, plan) and _images_settled(view, plan)):
        return ()
    check_images([beat.index for beat in active_beats(plan)], _images(view, plan))
    segments = [segment for segment in ready if segment]
    lacking = plan.brief.captions != "none" and any(segment.unburnt for segment in segments)
    return (_cut_job(view, plan, laid_out(segments), lacking),)


def _cut_job(view: View, plan: BeatsPlanned, laid: Sequence[Laid], lacking: bool) -> JobSpec:
    music = view.ready(MusicReady, wanted(plan, Kind.MUSIC))
    voices = voices_of(view, plan, laid)
    sounds = clip_sounds_of(view, plan, laid)
    panels = panels_of(view, plan)
    size = canvas(plan.brief.aspect, plan.brief.quality)
    length = sum(piece.frames for piece in laid)
    return ask(
        plan,
        Kind.CUT,
        given={
            "width": size.width,
            "height": size.height,
            "frames": length,
            "seconds": round(length / FPS, 6),
            "title": plan.title,
            "segments": [_described(piece) for piece in laid],
            "transition": transition(plan.brief),
            "voices": [voice.described() for voice in voices],
            "sounds": [sound.described() for sound in sounds],
            "panels": [panel.described() for panel in panels],
            # who wants no captions must not get the soft ones unasked either
            "captions_burnt": not lacking,
        },
        files={
            **{_name(piece): piece.key for piece in laid},
            **{voice.name: voice.key for voice in voices},
            **{sound.name: sound.key for sound in sounds},
            **{panel.name: panel.key for panel in panels if panel.key},
            **({"music": music.key} if music else {}),
        },
        seconds=plan.brief.duration / 5,
    )


def _described(piece: Laid) -> dict[str, Any]:
    frames = piece.frames + piece.overlap
    return {"name": _name(piece), "frames": frames, "overlap": piece.overlap}


def _name(piece: Laid) -> str:
    return f"segment/{piece.chunk}"


def _sounds_settled(view: View, plan: BeatsPlanned) -> bool:
    spoken = [beat.index for beat in plan.beats if is_spoken(plan, beat)]
    jobs = [wanted(plan, Kind.VOICE, beat=beat) for beat in spoken]
    jobs += [wanted(plan, Kind.MUSIC)] if plan.brief.music else []
    return all(view.end(job) for job in jobs)


def _images(view: View, plan: BeatsPlanned) -> list[int]:
    """The beat of every image, made or failed, that came for the beats as they are now wanted."""
    skipped = {beat.index for beat in plan.beats if beat.skipped}
    came: list[ImageReady | ImageFailed] = [*view.all(ImageReady), *view.all(ImageFailed)]
    current = [end for end in came if end.take == plan.take(Kind.IMAGE, end.beat)]
    return [end.beat for end in current if end.beat not in skipped]


def _images_settled(view: View, plan: BeatsPlanned) -> bool:
    return all(view.end(wanted(plan, Kind.IMAGE, beat=b.index)) for b in active_beats(plan))


def _after_cut(view: View, plan: BeatsPlanned, waves: WavesCompleted | None, cut: End) -> Decision:
    if isinstance(cut, Failed):
        return _ended(failed(view, plan.rev, "cut", cut.error, "", waves))
    if waves is None or not isinstance(cut, VideoCut):
        return NOTHING
    end = completed(view, plan, waves, cut)
    return Decision(events=(end,), done=True) if end else NOTHING
