"""What the storyboard decides: one image a beat, references before it, and the end card. Pure."""

from collections.abc import Sequence

from shared.story.chunks import active_beats, check_images
from shared.story.events import Beat, BeatsPlanned, ImageReady, Kind, ReferenceReady
from shared.story.formats import canvas
from shared.story.view import Decision, JobSpec, View
from shared.story.wanted import ask, cast, has_card_picture, in_force, references, wanted


def decide(view: View) -> Decision:
    """Everything is asked for at once, but for images that wait for their characters."""
    plan = in_force(view)
    if isinstance(plan, Decision):
        return plan
    beats = active_beats(plan)
    waiting = [beat for beat in beats if not _has_references(view, plan, beat)]
    images = [_image(view, plan, beat) for beat in beats if beat not in waiting]
    check_images([b.index for b in beats], [j.beat for j in images] + [b.index for b in waiting])
    jobs = (*_references(plan), *images, *_card(plan))
    settled = all(view.end(job.id) for job in jobs)
    made = sum(view.ready(ImageReady, job.id) is not None for job in images)
    counts = {"beats": len(beats), "images": made}
    return Decision(jobs, done=settled and not waiting, summary=counts)


def _references(plan: BeatsPlanned) -> list[JobSpec]:
    needed = set(references(plan, active_beats(plan)))
    jobs = [
        ask(plan, Kind.REFERENCE, n=n, given={"name": name, **_look(plan)}, seconds=4)
        for n, name in enumerate(cast(plan))
    ]
    return [job for job in jobs if job.id in needed]


def _has_references(view: View, plan: BeatsPlanned, beat: Beat) -> bool:
    """Settled is enough: an image goes on without a reference that failed."""
    return not beat.characters or all(view.end(job) for job in references(plan, [beat]))


def _image(view: View, plan: BeatsPlanned, beat: Beat) -> JobSpec:
    return ask(
        plan,
        Kind.IMAGE,
        beat=beat.index,
        given={
            "prompt": beat.prompt,
            "characters": list(beat.characters),
            "setting": beat.setting,
            "index": beat.index,
            "total": len(plan.beats),
            **_look(plan),
        },
        files=_reference_files(view, plan, beat.characters),
        seconds=4,
    )


def _reference_files(view: View, plan: BeatsPlanned, names: Sequence[str]) -> dict[str, str]:
    numbers = [n for n, name in enumerate(cast(plan)) if name in names]
    ready = {n: view.ready(ReferenceReady, wanted(plan, Kind.REFERENCE, n=n)) for n in numbers}
    return {f"reference/{n}": picture.key for n, picture in ready.items() if picture}


def _card(plan: BeatsPlanned) -> list[JobSpec]:
    if not has_card_picture(plan):
        return []
    return [ask(plan, Kind.CARD, given={"title": plan.title, **_look(plan)}, seconds=4)]


def _look(plan: BeatsPlanned) -> dict[str, object]:
    """What all pictures of a video share."""
    size = canvas(plan.brief.aspect, plan.brief.quality)
    return {
        "style": plan.brief.style,
        "seed": plan.brief.seed,
        "width": size.width,
        "height": size.height,
    }
