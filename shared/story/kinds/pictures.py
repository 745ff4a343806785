"""The pictures: references, an image a beat, the background of the end card."""

from collections.abc import Iterable
from typing import TypedDict

from shared.story.beats import Beat
from shared.story.bible import What, describe_beat, is_seen
from shared.story.events import BeatsPlanned, Failed, JobEnd
from shared.story.formats import canvas
from shared.story.kinds.kind import (
    Item,
    Kind,
    Order,
    Part,
    Stage,
    Success,
    name_always,
    name_by_beat,
)
from shared.story.plan import active_beats, has_card_picture, is_skipped, list_entries


class PictureOrder(Order):
    """The values that all pictures of a video share."""

    style: str
    seed: int
    width: int
    height: int


class ReferenceOrder(PictureOrder):
    """A character, a place or a product to draw alone, so that all images show the same one."""

    name: str
    what: What = "character"
    looks: str = ""


class ImageOrder(PictureOrder):
    """A beat's storyboard image: beat `index` of `total`."""

    PLACE = frozenset({"index", "total"})

    prompt: str
    index: int
    total: int
    characters: tuple[str, ...] = ()
    setting: str = ""
    looks: tuple[str, ...] = ()
    """The descriptions of all that is seen, as the bible has them."""
    count: int = 1
    """So many pictures are made of it, of which one is chosen."""


class CardOrder(PictureOrder):
    """The background of the end card."""

    title: str = ""


class ReferenceReady(JobEnd):
    """A character or product has a picture that images can follow."""

    n: int
    name: str = ""
    key: str


class ReferenceFailed(Failed):
    """A reference picture could not be made."""


class ImageReady(JobEnd):
    """A beat has its storyboard image: `key`, and `others` where several were asked for."""

    beat: int
    key: str
    others: tuple[str, ...] = ()
    lost: tuple[int, ...] = ()
    """The numbers of those that could not be had; the first one is 0."""

    def pick(self, number: int) -> str:
        """Return the picture of this number; the first one there is, where it is lost."""
        if not self.others and not self.lost:  # as a rule: there is nothing to choose from
            return self.key
        kept = iter((self.key, *self.others))
        made = range(1 + len(self.others) + len(self.lost))
        return {n: next(kept) for n in made if n not in self.lost}.get(number, self.key)


def chosen_image(plan: BeatsPlanned, image: ImageReady) -> str:
    """Return the key of the picture that a plan has chosen for a beat."""
    numbers = (beat.image for beat in plan.beats if beat.index == image.beat)
    return image.pick(next(numbers, 0))


class ImageFailed(Failed):
    """A beat has no storyboard image."""


class CardReady(JobEnd):
    """The end card has its background."""

    key: str


class CardFailed(Failed):
    """The end card has no background: it is drawn on the brand colour."""


def references_of(plan: BeatsPlanned, beats: Iterable[Beat]) -> list[Item]:
    """Return the references that the images of these beats start from; one given needs none."""
    drawn = [beat for beat in beats if not IMAGE.is_given(plan, Item(beat.index))]
    entries = ((n, e) for n, e in enumerate(list_entries(plan)) if not e.picture)
    wanted = ((n, entry) for n, entry in entries if not is_skipped(plan, "reference", n))
    return [Item(n=n) for n, entry in wanted if drawn and is_seen(entry, drawn)]


def given_references(plan: BeatsPlanned, beat: Beat) -> dict[int, str]:
    """Return number → key of the pictures that the user gave of what is seen in a beat."""
    entries = enumerate(list_entries(plan))
    return {n: entry.picture for n, entry in entries if entry.picture and is_seen(entry, [beat])}


class Look(TypedDict):
    """The values that all pictures of a video share."""

    style: str
    seed: int
    width: int
    height: int


def describe_look(plan: BeatsPlanned) -> Look:
    """Return what all pictures of a video have in common."""
    brief = plan.brief
    size = canvas(brief.aspect, brief.quality)
    return Look(style=brief.style, seed=brief.seed, width=size.width, height=size.height)


def reference_order(plan: BeatsPlanned, item: Item) -> ReferenceOrder:
    """Return what to draw alone."""
    entry = list_entries(plan)[item.n]
    return ReferenceOrder(
        name=entry.name, what=entry.what, looks=entry.looks, **describe_look(plan)
    )


def image_order(plan: BeatsPlanned, item: Item) -> ImageOrder:
    """Return the storyboard image to draw."""
    beat = _find_beat(plan, item)
    return ImageOrder(
        prompt=beat.prompt,
        characters=beat.characters,
        setting=beat.setting,
        looks=describe_beat(plan.bible, beat),
        index=beat.index,
        # skipped beats count too: so an image looks the same whatever is skipped later
        total=len(plan.beats),
        count=plan.brief.image_takes,
        **describe_look(plan),
    )


def card_order(plan: BeatsPlanned, item: Item) -> CardOrder:
    """Return the background to draw."""
    return CardOrder(title=plan.title, **describe_look(plan))


def _find_beat(plan: BeatsPlanned, item: Item) -> Beat:
    return next(beat for beat in plan.beats if beat.index == item.beat)


def _name_references(plan: BeatsPlanned, item: Item) -> Iterable[str]:
    beat = _find_beat(plan, item)
    numbers = [*given_references(plan, beat), *(each.n for each in references_of(plan, [beat]))]
    return [f"reference/{n}" for n in sorted(numbers)]


def _list_references(plan: BeatsPlanned, item: Item) -> Iterable[Part]:
    return [("reference", each) for each in references_of(plan, [_find_beat(plan, item)])]


def _name_character(item: Item, plan: BeatsPlanned | None) -> str:
    entries = list_entries(plan) if plan else []
    # the event may be about a plan that is not known here, or no longer
    return entries[item.n].name if item.n < len(entries) else f"character {item.n}"


def _build_reference_event(done: Success[ReferenceOrder]) -> ReferenceReady:
    return ReferenceReady.model_validate(done.facts("key") | {"name": done.order.name})


REFERENCE = Kind(
    name="reference",
    order=ReferenceOrder,
    ready=ReferenceReady,
    failed=ReferenceFailed,
    build=_build_reference_event,
    stage=Stage.IMAGES,
    name_item=_name_character,
    deadline_seconds=300,
    items=lambda plan: references_of(plan, active_beats(plan)),
    order_of=reference_order,
    models_of="image",
    takes_by="n",
    lacks="has no reference picture",
    is_counted=False,  # a user expects the images of the storyboard, one a beat
)

IMAGE = Kind(
    name="image",
    order=ImageOrder,
    ready=ImageReady,
    failed=ImageFailed,
    build=lambda done: ImageReady.model_validate(done.facts("key", "others", "lost")),
    stage=Stage.IMAGES,
    name_item=name_by_beat,
    deadline_seconds=300,
    items=lambda plan: [Item(beat=beat.index) for beat in active_beats(plan)],
    order_of=image_order,
    needs=_name_references,
    lacks="has no storyboard image",
    touched_by=frozenset({"picture"}),
    starts_from=_list_references,
)

CARD = Kind(
    name="card",
    order=CardOrder,
    ready=CardReady,
    failed=CardFailed,
    build=lambda done: CardReady.model_validate(done.facts("key")),
    stage=Stage.IMAGES,
    name_item=name_always("the end card"),
    deadline_seconds=300,
    items=lambda plan: [Item()] if has_card_picture(plan) else [],
    order_of=card_order,
    models_of="image",
    lacks="is drawn on the brand colour",
    is_counted=False,  # the same: it is no image of the storyboard
)
