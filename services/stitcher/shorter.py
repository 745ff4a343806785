"""A video that has no film, or none yet: its animatic, and its end where no film is wanted.

At a review nothing is decided but the animatic: the video waits for its user's approval.
"""

from services.stitcher.ending import complete_without_film, fail
from services.stitcher.sheet import find_images
from shared.story.beats import Beat
from shared.story.codes import choose_code
from shared.story.events import BeatsPlanned
from shared.story.formats import measure_frames
from shared.story.goals import Goal, find_goal
from shared.story.kinds import (
    ANIMATIC,
    IMAGE,
    AnimaticBeat,
    AnimaticOrder,
    ImageReady,
)
from shared.story.plan import has_voice, list_speakers
from shared.story.reviews import list_storyboard
from shared.story.view import NOTHING, Decision, JobSpec, View

SMALL = 360
"""Pixels of the animatic's short side: it is to be judged by its pictures and its pace."""


def stop_before_film(view: View, plan: BeatsPlanned, limit: Goal) -> Decision:
    """Return the decision on a video that goes only so far, for good or until it is approved."""
    is_end = find_goal(plan.brief) is limit
    if limit is Goal.PLAN:
        return _end(view, plan) if is_end else NOTHING
    if not all(view.end(job) for job in list_storyboard(plan)):
        return NOTHING
    if is_end and not _has_pictures(view, plan):
        return _fail(view, plan)
    jobs = tuple(ask_for_animatic(view, plan) for _ in ANIMATIC.items(plan))
    # an animatic that failed is noted, and fails nothing
    if is_end and all(view.end(job.id) for job in jobs):
        return _end(view, plan)
    return Decision(jobs)


def _end(view: View, plan: BeatsPlanned) -> Decision:
    end = complete_without_film(view, plan)
    return Decision(events=(end,), done=True) if end else NOTHING


def _has_pictures(view: View, plan: BeatsPlanned) -> bool:
    return any(view.ready(ImageReady, job) for job in IMAGE.jobs(plan))


def _fail(view: View, plan: BeatsPlanned) -> Decision:
    failures = [failure for job in IMAGE.jobs(plan) if (failure := view.failure(job))]
    errors = dict.fromkeys(failure.error for failure in failures)
    code = choose_code(failure.code for failure in failures)
    error = f"no storyboard image could be made: {'; '.join(errors)}"
    return Decision(events=(fail(view, plan.rev, "images", error, code),), done=True)


def ask_for_animatic(view: View, plan: BeatsPlanned) -> JobSpec:
    """Return the job that makes the storyboard's stills into something to watch."""
    brief, images = plan.brief, find_images(view, plan)
    width, height = _measure_small(plan)
    order = AnimaticOrder(
        width=width,
        height=height,
        style=brief.style,
        title=plan.title,
        seed=brief.seed,
        captions=brief.captions,
        say=brief.say,
        beats=tuple(_describe_beat(plan, image.beat, image.name) for image in images),
    )
    files = {image.name: image.key for image in images if image.key}
    return ANIMATIC.ask(plan, order, files=files, seconds=brief.duration / 10)


def _describe_beat(plan: BeatsPlanned, beat: Beat, name: str) -> AnimaticBeat:
    narration = beat.narration if has_voice(plan, beat) else ""
    place = list_speakers(plan).index(beat.speaker) + 1 if beat.speaker else 0
    return AnimaticBeat(
        name=name,
        frames=measure_frames(beat.start, round(beat.start + beat.duration, 6)),
        narration=narration,
        speaker=beat.speaker,
        place=place,
    )


def _measure_small(plan: BeatsPlanned) -> tuple[int, int]:
    """Return the size of the animatic: the shape of the film, and small."""
    across, down = (int(part) for part in plan.brief.aspect.split(":"))
    unit = SMALL / min(across, down)
    # encoders want even numbers
    return round(across * unit / 2) * 2, round(down * unit / 2) * 2
