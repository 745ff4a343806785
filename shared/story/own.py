"""What users give for their beats: what of it can be used, and its place in the plan. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from shared.story.beats import Chunk
from shared.story.brief import Brief, OwnBeat
from shared.story.drafts import SHORTEST_LAST, Draft, find_missing, fit_card, max_beats
from shared.story.errors import BadInput
from shared.story.images import image_key
from shared.story.material import What, read_id

FASTEST = 1.15
"""A recording is played at most so much faster than it was spoken."""

WANTED: Mapping[str, What] = {"image": "image", "clip": "clip", "voice": "sound", "music": "sound"}
"""What each field of an own beat takes."""


@dataclass(frozen=True)
class Use:
    """A file that a user gave, and where: `field` is its path in the request."""

    field: str
    name: str
    id: str


def list_uses(brief: Brief) -> list[Use]:
    """Return every file that the beats of a request name."""
    return [
        Use(f"beats.{place}.{name}", name, id_)
        for place, own in enumerate(brief.own)
        for name in WANTED
        if (id_ := getattr(own, name)) is not None
    ]


def check_own(brief: Brief) -> None:
    """Refuse what can't be used, as far as the ids tell: before anything is planned or paid."""
    if not brief.own:
        return
    seconds = _story_seconds(brief)
    _refuse_indexes([own.index for own in brief.own], max_beats(seconds), seconds)
    for use in list_uses(brief):
        _refuse_kind(use)
    _refuse_together(brief.own)
    drafts = [draft_beat(own, None, "x") for own in _in_order(brief.own)]
    if (missing := find_missing(drafts, seconds)) > 0:
        raise BadInput(
            f"the recordings need {missing:g} s more than the {seconds:g} s before the end card: "
            "cut them, or make the video longer",
            "beats",
        )


def _refuse_indexes(indexes: Sequence[int], most: int, seconds: float) -> None:
    for place, index in enumerate(indexes):
        field = f"beats.{place}.index"
        if index >= most:
            raise BadInput(
                f"in {seconds:g} s there are at most {most} beats: give a number from 0 to "
                f"{most - 1}, or make the video longer",
                field,
            )
        if index in indexes[:place]:
            raise BadInput(f"beat {index} is there twice: say all of it in one place", field)


def _refuse_kind(use: Use) -> None:
    is_, wanted = read_id(use.id).what, WANTED[use.name]
    if is_ == wanted:
        return
    if is_ == "image":  # for this, any text is taken that has no other form
        raise BadInput(
            f"this is not the id of {_ARTICLES[wanted]}: POST /v1/uploads gives one", use.field
        )
    raise BadInput(
        f"this is the id of {_ARTICLES[is_]}, and {_ARTICLES[wanted]} is wanted", use.field
    )


_ARTICLES: Mapping[str, str] = {
    "image": "an image",
    "clip": "a clip",
    "sound": "a sound",
    "script": "a script",
}


def _refuse_together(beats: Sequence[OwnBeat]) -> None:
    beds = [place for place, own in enumerate(beats) if own.music]
    if len(beds) > 1:
        raise BadInput(
            "a video has one bed of music: give it on one beat only", f"beats.{beds[1]}.music"
        )
    for place, own in enumerate(beats):
        if own.clip and own.image:
            raise BadInput("a beat shows a clip or an image: give one", f"beats.{place}.image")


# ── its place in the plan ───────────────────────────────────────────────────────────────────────


def adopt(brief: Brief, drafts: Sequence[Draft]) -> tuple[tuple[Draft, ...], tuple[OwnBeat, ...]]:
    """Return the drafts with what the user gives in their place, and that by its number now.

    One beyond the last draft comes after it. Where a recording needs more time than there is,
    drafts for which nothing is given make room, the last ones first.
    """
    if not brief.own:
        return tuple(drafts), ()
    seconds = _story_seconds(brief)
    made = _place(_in_order(brief.own), drafts[: max_beats(seconds)], brief.prompt)
    spare = [draft for draft, own in made if own is None]
    while spare and _is_tight([draft for draft, _ in made], seconds):
        last = spare.pop()
        made = [(draft, own) for draft, own in made if draft is not last]
    numbered = enumerate(own for _, own in made)
    moved = (own.model_copy(update={"index": index}) for index, own in numbered if own)
    return tuple(draft for draft, _ in made), tuple(moved)


def _is_tight(drafts: Sequence[Draft], seconds: float) -> bool:
    """Tell whether these beats lack time, or leave too little for the last of them."""
    *others, last = drafts
    last = replace(last, least=max(last.least, SHORTEST_LAST))
    return find_missing([*others, last], seconds) > 0


def _place(
    own: Sequence[OwnBeat], drafts: Sequence[Draft], prompt: str
) -> list[tuple[Draft, OwnBeat | None]]:
    by_index = {each.index: each for each in own}
    placed: list[tuple[Draft, OwnBeat | None]] = []
    for index, draft in enumerate(drafts):
        given = by_index.get(index)
        # a copy, so that each is itself: drafts may be equal
        placed.append((draft_beat(given, draft, prompt) if given else replace(draft), given))
    beyond = [each for each in own if each.index >= len(drafts)]
    return [*placed, *((draft_beat(each, None, prompt), each) for each in beyond)]


def draft_beat(own: OwnBeat, draft: Draft | None, prompt: str) -> Draft:
    """Return the draft of a beat for which the user gives something."""
    base = draft or Draft(prompt)
    clip, voice = read_id(own.clip or ""), read_id(own.voice or "")
    # who brings a recording without its words has none that anybody here could know
    narration = "" if own.voice and own.narration is None else own.narration
    return replace(
        base,
        prompt=own.prompt or base.prompt,
        narration=base.narration if narration is None else narration,
        seconds=clip.seconds or voice.seconds or base.seconds,
        sound=("mute" if not clip.has_sound else own.sound) if own.clip else "",
        least=round(voice.seconds / FASTEST, 3),
    )


def find_given(brief: Brief, chunks: Iterable[Chunk]) -> dict[str, str]:
    """Return `kind/number` → key, for every item of a plan that the user gave."""
    first = {chunk.beat: chunk.index for chunk in chunks if chunk.kind == "reference"}
    items = (item for own in brief.own for item in _list_items(own, first[own.index]))
    return {item: image_key(brief.owner, id_) for item, id_ in items}


def _list_items(own: OwnBeat, chunk: int) -> Iterator[tuple[str, str]]:
    if own.clip:
        # the storyboard shows a picture of it
        yield from ((f"clip/{chunk}", own.clip), (f"image/{own.index}", own.clip))
    if own.image:
        yield f"image/{own.index}", own.image
    if own.voice:
        yield f"voice/{own.index}", own.voice
    if own.music:
        yield "music/0", own.music


def _in_order(own: Iterable[OwnBeat]) -> list[OwnBeat]:
    return sorted(own, key=lambda each: each.index)


def _story_seconds(brief: Brief) -> float:
    card = fit_card(brief.end_card, brief.duration)
    return round(brief.duration - (card.seconds if card else 0.0), 3)
