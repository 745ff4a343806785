"""The storyboard's decision: one image a beat, references before it, and the end card."""

from typing import TypedDict

from shared.story.beats import Beat, check_images
from shared.story.events import BeatsPlanned
from shared.story.formats import canvas
from shared.story.kinds import (
    CARD,
    IMAGE,
    REFERENCE,
    CardOrder,
    ImageOrder,
    ImageReady,
    ReferenceOrder,
    ReferenceReady,
    references_of,
)
from shared.story.plan import active_beats, list_characters
from shared.story.view import Decision, JobSpec, View

PICTURE_SECONDS = 4.0
"""Fairness between owners counts a picture as so long."""


def decide(view: View, plan: BeatsPlanned) -> Decision:
    """Ask for everything at once, except for images that wait for their characters."""
    beats = active_beats(plan)
    waiting = [beat for beat in beats if not _has_references(view, plan, beat)]
    images = [_ask_for_image(view, plan, beat) for beat in beats if beat not in waiting]
    check_images([b.index for b in beats], [j.beat for j in images] + [b.index for b in waiting])
    card = CardOrder(title=plan.title, **_describe_look(plan))
    cards = [CARD.ask(plan, card, seconds=PICTURE_SECONDS) for _ in CARD.items(plan)]
    jobs = (*_ask_for_references(plan), *images, *cards)
    settled = all(view.end(job.id) for job in jobs)
    made = sum(view.ready(ImageReady, job.id) is not None for job in images)
    counts = {"beats": len(beats), "images": made}
    return Decision(jobs, done=settled and not waiting, summary=counts)


def _ask_for_references(plan: BeatsPlanned) -> list[JobSpec]:
    names, look = list_characters(plan), _describe_look(plan)
    return [
        REFERENCE.ask(
            plan, ReferenceOrder(name=names[item.n], **look), n=item.n, seconds=PICTURE_SECONDS
        )
        for item in REFERENCE.items(plan)
    ]


def _has_references(view: View, plan: BeatsPlanned, beat: Beat) -> bool:
    """Tell whether all references of a beat are settled, well or not."""
    jobs = (REFERENCE.job(plan, n=item.n) for item in references_of(plan, [beat]))
    return all(view.end(job) for job in jobs)


def _ask_for_image(view: View, plan: BeatsPlanned, beat: Beat) -> JobSpec:
    order = ImageOrder(
        prompt=beat.prompt,
        characters=beat.characters,
        setting=beat.setting,
        index=beat.index,
        # skipped beats count too: so an image looks the same whatever is skipped later
        total=len(plan.beats),
        count=plan.brief.image_takes,
        **_describe_look(plan),
    )
    numbers = [item.n for item in references_of(plan, [beat])]
    pictures = {n: view.ready(ReferenceReady, REFERENCE.job(plan, n=n)) for n in numbers}
    # an image goes on without a reference that failed: it is better than none
    files = {f"reference/{n}": picture.key for n, picture in pictures.items() if picture}
    return IMAGE.ask(plan, order, beat=beat.index, files=files, seconds=PICTURE_SECONDS)


class Look(TypedDict):
    """The values that all pictures of a video share."""

    style: str
    seed: int
    width: int
    height: int


def _describe_look(plan: BeatsPlanned) -> Look:
    brief = plan.brief
    size = canvas(brief.aspect, brief.quality)
    return Look(style=brief.style, seed=brief.seed, width=size.width, height=size.height)
