"""The storyboard's decision: one image a beat, references before it, and the end card."""

from collections.abc import Iterator, Sequence

from shared.story.beats import Beat, check_images
from shared.story.events import BeatsPlanned
from shared.story.kinds import (
    CARD,
    IMAGE,
    REFERENCE,
    ImageReady,
    Item,
    ReferenceReady,
    card_order,
    given_references,
    image_order,
    reference_order,
    references_of,
)
from shared.story.plan import active_beats
from shared.story.view import Decision, JobSpec, View

PICTURE_SECONDS = 4.0
"""Fairness between owners counts a picture as so long."""


def decide(view: View, plan: BeatsPlanned) -> Decision:
    """Ask for everything at once, except for images that wait for their characters."""
    beats = active_beats(plan)
    begun = [beat for beat in beats if _has_references(view, plan, beat)]
    check_images([beat.index for beat in beats], [item.beat for item in IMAGE.items(plan)])
    images = [IMAGE.job(plan, beat=beat.index) for beat in begun]
    wanted = [*REFERENCE.jobs(plan), *images, *CARD.jobs(plan)]
    made = sum(view.ready(ImageReady, job) is not None for job in images)
    return Decision(
        tuple(_ask_for_all(view, plan, begun)),
        done=len(begun) == len(beats) and all(view.end(job) for job in wanted),
        summary={"beats": len(beats), "images": made},
    )


def _ask_for_all(view: View, plan: BeatsPlanned, begun: Sequence[Beat]) -> Iterator[JobSpec]:
    """Yield the jobs that are not asked for yet."""
    for item in REFERENCE.items(plan):
        if REFERENCE.job(plan, n=item.n) not in view.released:
            order = reference_order(plan, item)
            yield REFERENCE.ask(plan, order, n=item.n, seconds=PICTURE_SECONDS)
    for beat in begun:
        if IMAGE.job(plan, beat=beat.index) not in view.released:
            yield _ask_for_image(view, plan, beat)
    for item in CARD.items(plan):
        if CARD.job(plan) not in view.released:
            yield CARD.ask(plan, card_order(plan, item), seconds=PICTURE_SECONDS)


def _has_references(view: View, plan: BeatsPlanned, beat: Beat) -> bool:
    """Tell whether all references of a beat are settled, well or not."""
    jobs = (REFERENCE.job(plan, n=item.n) for item in references_of(plan, [beat]))
    return all(view.end(job) for job in jobs)


def _ask_for_image(view: View, plan: BeatsPlanned, beat: Beat) -> JobSpec:
    order = image_order(plan, Item(beat=beat.index))
    numbers = [item.n for item in references_of(plan, [beat])]
    pictures = {n: view.ready(ReferenceReady, REFERENCE.job(plan, n=n)) for n in numbers}
    # an image goes on without a reference that failed: it is better than none
    keys = given_references(plan, beat) | {n: made.key for n, made in pictures.items() if made}
    files = {f"reference/{n}": keys[n] for n in sorted(keys)}
    if (product := plan.bible.product) and product.cutout:
        files["product"] = product.cutout
    return IMAGE.ask(plan, order, beat=beat.index, files=files, seconds=PICTURE_SECONDS)
