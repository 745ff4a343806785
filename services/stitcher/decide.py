"""The stitcher's decision: what to conform, when to cut, how the video ends.

A segment is conformed as soon as its clip and its beat's voice are settled; the cut waits for all
segments, sounds and images. Only this service ends a video, well or badly, once a revision.
"""

from collections.abc import Sequence

from services.stitcher.ending import complete, fail
from services.stitcher.segments import SegmentState, find_waves, list_segments
from services.stitcher.sheet import find_images
from services.stitcher.shorter import stop_before_film
from services.stitcher.stuck import Stuck, find_stuck, list_failures
from services.stitcher.timeline import (
    is_spoken,
    lay_clip_sounds,
    lay_segments,
    lay_unspoken,
    lay_voices,
)
from shared.story.beats import check_images
from shared.story.budget import explain_excess, find_block
from shared.story.codes import choose_code, read_code
from shared.story.events import (
    BeatsPlanned,
    Failed,
    VideoCompleted,
    VideoFailed,
    VideoOverdue,
    WavesCompleted,
)
from shared.story.formats import FPS, canvas
from shared.story.goals import Goal
from shared.story.kinds import (
    CONFORM,
    CUT,
    IMAGE,
    MUSIC,
    ClipConformed,
    CutOrder,
    ImageFailed,
    ImageReady,
    Item,
    MusicReady,
    VideoCut,
)
from shared.story.looks import choose_transition
from shared.story.plan import active_beats, has_music, min_clips
from shared.story.reviews import find_limit
from shared.story.view import NOTHING, Decision, End, JobSpec, View

NAME = "stitcher"


def decide(view: View, plan: BeatsPlanned | None) -> Decision:
    """Go one step further, or end the video: also where a service, perhaps this one, is stuck.

    A revision that has ended stays as it ended, whatever is heard of it later: otherwise one
    revision could end both completed and failed.
    """
    broken = find_stuck(view, plan)
    rev = broken.rev if broken else plan.rev if plan else 0
    ends = (view.latest(VideoCompleted), view.latest(VideoFailed))
    if rev and any(end is not None and end.rev >= rev for end in ends):
        return Decision(done=True)
    late = view.latest(VideoOverdue)
    if late is not None and late.rev >= rev:
        hours = f"{late.limit_ms / 3_600_000:g} h"
        error = f"it ran for more than {hours} without an end, and was given up: try it again"
        return _end(fail(view, late.rev, "deadline", error, "timeout"))
    block = find_block(view)
    if plan is not None and block is not None and plan.brief.on_cap == "finish":
        return _end(fail(view, plan.rev, "budget", explain_excess(block), "budget"))
    return _go_on_despite(view, plan, broken) if broken else _go_on(view, plan)


def _go_on_despite(view: View, plan: BeatsPlanned | None, broken: Stuck) -> Decision:
    """Complete a video that is cut already, if it needs nothing more of the service that broke."""
    cut = plan and plan.rev == broken.rev and view.end(CUT.job(plan))
    # if this service broke, to decide as usual would break it once more
    if cut and broken.service != NAME:
        decision = _go_on(view, plan)
        if decision.done:
            return decision
    return _end(fail(view, broken.rev, broken.service, broken.error, "internal"))


def _go_on(view: View, plan: BeatsPlanned | None) -> Decision:
    if plan is None:
        return _end_without_plan(view)
    if (limit := find_limit(view, plan)) < Goal.FILM:
        return stop_before_film(view, plan, limit)
    waves = find_waves(view, plan)
    cut = view.end(CUT.job(plan))
    if cut is not None:
        return _end_after_cut(view, plan, waves, cut)
    if waves is not None and waves.succeeded < min_clips(plan, waves.total):
        return _end(_fail_for_clips(view, plan, waves))
    states = list_segments(view, plan, waves)
    for state in states:
        # a film with a hole in it is none: one segment that can't be made ends the video; one that
        # was stopped for a change waits for the plan that answers it
        if (failure := view.failure(state.job)) and not failure.is_stopped:
            name = CONFORM.name_item(state.item, plan)
            return _end(_fail_to_write(view, plan, "conform", failure, waves, name))
    asked = [state.ask for state in states if state.ask and state.job not in view.released]
    return Decision(tuple(ask() for ask in asked) or _ask_for_cut(view, plan, states))


def _end_without_plan(view: View) -> Decision:
    """End the video if planning has failed; until then wait for the plan."""
    failures = [
        (failed.take, kind.name, failed.error, failed.code) for kind, failed in list_failures(view)
    ]
    if not failures:
        return NOTHING
    take, phase, error, code = max(failures)
    return _end(fail(view, take, phase, error, read_code(code)))


def _end(end: VideoFailed) -> Decision:
    return Decision(events=(end,), done=True)


def _fail_for_clips(view: View, plan: BeatsPlanned, waves: WavesCompleted) -> VideoFailed:
    """Return the end of a video that has too few clips."""
    errors = "; ".join(f"chunk {error.chunk}: {error.error}" for error in waves.failed)
    reason = (
        f"{waves.succeeded} of {waves.total} clips were made, "
        f"at least {min_clips(plan, waves.total)} are needed: {errors}"
    )
    items = ", ".join(f"chunk {error.chunk}" for error in waves.failed)
    code = choose_code(error.code for error in waves.failed)
    return fail(view, plan.rev, "clips", reason, code, item=items, waves=waves)


def _fail_to_write(
    view: View,
    plan: BeatsPlanned,
    phase: str,
    failure: Failed,
    waves: WavesCompleted | None,
    item: str = "",
) -> VideoFailed:
    """Return the end of a video of which a segment, or the film, could not be written."""
    code = read_code(failure.code, "encode")
    return fail(view, plan.rev, phase, failure.error, code, item=item, waves=waves)


# ── the cut ─────────────────────────────────────────────────────────────────────────────────────


def _ask_for_cut(
    view: View, plan: BeatsPlanned, states: Sequence[SegmentState]
) -> tuple[JobSpec, ...]:
    """Return the cut's job, once every segment, sound and image is settled."""
    found = [view.ready(ClipConformed, state.job) for state in states if not state.left_out]
    segments = [segment for segment in found if segment]
    if len(segments) < len(found):
        return ()
    # the images are for the contact sheet
    others = [*MUSIC.jobs(plan), *IMAGE.jobs(plan)]
    if not all(view.end(job) for job in others):
        return ()
    if not all(is_spoken(view, plan, beat) for beat in plan.beats):
        return ()
    check_images([beat.index for beat in active_beats(plan)], _list_image_beats(view, plan))
    return (_build_cut(view, plan, segments),)


def _list_image_beats(view: View, plan: BeatsPlanned) -> list[int]:
    """Return the beat of every image, made or failed, at the take that is wanted now."""
    # all that came, and not what the plan lists: so that an image too many is noticed
    skipped = {beat.index for beat in plan.beats if beat.skipped}
    came: list[ImageReady | ImageFailed] = [*view.all(ImageReady), *view.all(ImageFailed)]
    current = [end for end in came if end.take == IMAGE.take(plan, Item(beat=end.beat))]
    return [end.beat for end in current if end.beat not in skipped]


def _build_cut(view: View, plan: BeatsPlanned, segments: Sequence[ClipConformed]) -> JobSpec:
    brief, laid = plan.brief, lay_segments(segments)
    voices, sounds = lay_voices(view, plan, laid), lay_clip_sounds(view, plan, laid)
    images = find_images(view, plan)
    music = view.ready(MusicReady, MUSIC.job(plan)) if has_music(plan) else None
    size = canvas(brief.aspect, brief.quality)
    length = sum(segment.frames for segment in laid)
    order = CutOrder(
        width=size.width,
        height=size.height,
        frames=length,
        seconds=round(length / FPS, 6),
        title=plan.title,
        segments=tuple(segment.make_order() for segment in laid),
        transition=choose_transition(brief.transition, brief.style),
        voices=tuple(voice.make_order() for voice in voices),
        unspoken=tuple(lay_unspoken(view, plan, laid)),
        sounds=tuple(sound.make_order() for sound in sounds),
        panels=tuple(image.make_panel() for image in images),
        # who wants no captions must not get the soft ones unasked either
        captions_burnt=brief.captions == "none" or not any(s.unburnt for s in segments),
    )
    files = {segment.name: segment.key for segment in laid}
    files |= {voice.name: voice.key for voice in voices}
    files |= {sound.name: sound.key for sound in sounds}
    files |= {image.name: image.key for image in images if image.key}
    files |= {"music": music.key} if music else {}
    return CUT.ask(plan, order, files=files, seconds=brief.duration / 5)


def _end_after_cut(
    view: View, plan: BeatsPlanned, waves: WavesCompleted | None, cut: End
) -> Decision:
    if isinstance(cut, Failed):
        return _end(_fail_to_write(view, plan, "cut", cut, waves))
    # the cut needs the waves, but its end may be heard of before theirs
    if waves is None or not isinstance(cut, VideoCut):
        return NOTHING
    end = complete(view, plan, waves, cut)
    return Decision(events=(end,), done=True) if end else NOTHING
