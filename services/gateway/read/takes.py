"""The takes of a beat: each image, clip and voice that was made for it, and which it has. Pure.

A take comes back with the words that it was made for.
"""

from collections.abc import Iterator, Sequence

from pydantic import Field

from services.gateway.errors.problems import NoSuchPart
from shared.story.beats import Beat
from shared.story.events import BeatsPlanned
from shared.story.fact import Fact
from shared.story.kinds import CLIP, IMAGE, AnyKind, ChunkReady, ImageReady, VoiceReady
from shared.story.revise import CHOICES, find_take, number_take
from shared.story.view import View


class Take(Fact):
    """One take of a beat."""

    kind: str
    take: int = Field(description="What `choose` takes. Of clips it counts for all of the beat.")
    rev: int = Field(description="The latest revision that has wanted it.")
    is_chosen: bool = Field(description="The beat has it now.")
    is_ready: bool = Field(description="All of it is made: it can be chosen, at no cost.")
    prompt: str = Field("", description="What it shows: the beat has this prompt again with it.")
    narration: str = Field("", description="What it says: the beat has these words again with it.")
    seconds: float = Field(0.0, description="How long the voice, or all of the clips, is.")
    image: int | None = Field(None, description="Of several pictures, the number of the chosen.")
    urls: tuple[str, ...] = Field((), description="Its pictures, clips in their order, or sound.")


class BeatTakes(Fact):
    """A beat as it is now, with all of its takes, the latest first."""

    rev: int
    beat: int
    duration: float
    prompt: str
    narration: str
    skipped: bool
    takes: tuple[Take, ...]


def list_plans(view: View) -> list[BeatsPlanned]:
    """Return every plan that a video has had, the first one first."""
    return sorted(view.all(BeatsPlanned), key=lambda plan: plan.rev)


def find_beat(plan: BeatsPlanned, beat: int) -> Beat:
    """Return a beat of a plan; NoSuchPart where it has no such beat."""
    if beat >= len(plan.beats):
        raise NoSuchPart(f"The video has no beat {beat}: it has 0 to {len(plan.beats) - 1}.")
    return plan.beats[beat]


def list_takes(view: View, beat: int) -> BeatTakes:
    """Return all takes of a beat; NoSuchPart where there is no such beat, or no plan yet."""
    history = list_plans(view)
    if not history:
        raise NoSuchPart("The video has no plan yet, and so no beats: follow its events.")
    now = find_beat(history[-1], beat)
    found = (take for kind in CHOICES for take in _list_of_kind(view, history, kind, beat))
    return BeatTakes(
        rev=history[-1].rev,
        beat=beat,
        duration=now.duration,
        prompt=now.prompt,
        narration=now.narration,
        skipped=now.skipped,
        takes=tuple(found),
    )


def _list_of_kind(
    view: View, history: Sequence[BeatsPlanned], kind: AnyKind, beat: int
) -> Iterator[Take]:
    wanted = number_take(history[-1], kind, beat)
    numbers = {number_take(plan, kind, beat) for plan in history} - {None}
    for number in sorted((n for n in numbers if n is not None), reverse=True):
        plan = find_take(history, kind, beat, number)
        if plan is not None:
            yield _describe(view, plan, kind, beat, number, is_chosen=number == wanted)


def _describe(
    view: View, plan: BeatsPlanned, kind: AnyKind, beat: int, number: int, *, is_chosen: bool
) -> Take:
    made_for, keys = plan.beats[beat], list_keys(view, plan, kind, beat)
    is_voice = kind not in (IMAGE, CLIP)
    here = f"/v1/videos/{plan.video_id}/beats/{beat}/takes/{kind}/{number}"
    return Take(
        kind=kind.name,
        take=number,
        rev=plan.rev,
        is_chosen=is_chosen,
        is_ready=bool(keys) and None not in keys,
        prompt="" if is_voice else made_for.prompt,
        narration=made_for.narration if is_voice else "",
        seconds=_measure(view, plan, kind, beat),
        image=made_for.image if kind is IMAGE else None,
        urls=tuple(f"{here}?part={n}" for n, key in enumerate(keys) if key),
    )


def list_keys(view: View, plan: BeatsPlanned, kind: AnyKind, beat: int) -> list[str | None]:
    """Return the keys of a beat's take of a kind; None in the place of what is not there."""
    ends = [view.end(job) for job in _list_jobs(plan, kind, beat)]
    if kind is IMAGE and ends and isinstance(ends[0], ImageReady):
        image = ends[0]
        made = range(1 + len(image.others) + len(image.lost))
        return [None if n in image.lost else image.pick(n) for n in made]
    ready = (ChunkReady, VoiceReady)
    return [end.key if isinstance(end, ready) else None for end in ends]


def _measure(view: View, plan: BeatsPlanned, kind: AnyKind, beat: int) -> float:
    ends = (view.end(job) for job in _list_jobs(plan, kind, beat))
    return round(sum(e.seconds for e in ends if isinstance(e, ChunkReady | VoiceReady)), 3)


def _list_jobs(plan: BeatsPlanned, kind: AnyKind, beat: int) -> list[str]:
    items = (item for item in kind.items(plan) if item.beat == beat)
    return [kind.job(plan, beat=item.beat, n=item.n) for item in items]


def find_file_of_take(view: View, kind: AnyKind, beat: int, take: int, part: int) -> str | None:
    """Return the key of one file of a take; None where there is no such file."""
    plan = find_take(list_plans(view), kind, beat, take)
    keys = list_keys(view, plan, kind, beat) if plan else []
    return keys[part] if part < len(keys) else None


def lacks_length(before: BeatsPlanned, now: BeatsPlanned, beat: int) -> bool:
    """Tell whether the clips of a take were made for a beat of less time than it has now."""
    lengths = [
        [chunk.seconds for chunk in plan.chunks if chunk.beat == beat] for plan in (before, now)
    ]
    return any(was < is_ - 0.05 for was, is_ in zip(*lengths, strict=True))
