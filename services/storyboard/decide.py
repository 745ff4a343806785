"""The storyboard's decision: one image a beat, references before it, and the end card."""

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
    waiting = [beat for beat in beats if not _has_references(view, plan, beat)]
    images = [_ask_for_image(view, plan, beat) for beat in beats if beat not in waiting]
    check_images([b.index for b in beats], [j.beat for j in images] + [b.index for b in waiting])
    cards = [
        CARD.ask(plan, card_order(plan, item), seconds=PICTURE_SECONDS) for item in CARD.items(plan)
    ]
    jobs = (*_ask_for_references(plan), *images, *cards)
    settled = all(view.end(job.id) for job in jobs)
    made = sum(view.ready(ImageReady, job.id) is not None for job in images)
    counts = {"beats": len(beats), "images": made}
    return Decision(jobs, done=settled and not waiting, summary=counts)


def _ask_for_references(plan: BeatsPlanned) -> list[JobSpec]:
    return [
        REFERENCE.ask(plan, reference_order(plan, item), n=item.n, seconds=PICTURE_SECONDS)
        for item in REFERENCE.items(plan)
    ]


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
