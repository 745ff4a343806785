"""What a retry makes again: what has failed, and what was made around it. Pure.

What a provider has refused for what it shows or says is not sent again as it is: neither by a retry
nor by a change that wants another take of it.
"""

from collections.abc import Iterator, Sequence

from services.gateway.read.takes import list_plans
from shared.story.events import BeatsPlanned, Failed, RevisionRequested
from shared.story.kinds import (
    CARD,
    CLIP,
    CONFORM,
    IMAGE,
    PLANNING,
    REFERENCE,
    VOICE,
    WORDS,
    AnyKind,
    ChunkReady,
    ClipConformed,
    Item,
    Kinds,
    references_of,
)
from shared.story.plan import active_beats, card_number
from shared.story.revise import revise
from shared.story.stale import Origins, list_stale
from shared.story.view import View


def foresee_plan(view: View, kinds: Kinds) -> BeatsPlanned | None:
    """Return the latest plan with all that was asked for since; None where there is no plan yet.

    The answer to a change that was cancelled at once comes with the retry. What it makes anew has
    another take by then, and must not get a second one.
    """
    history = list_plans(view)
    for asked in sorted(view.all(RevisionRequested), key=lambda asked: asked.rev):
        if history and asked.rev == history[-1].rev + 1:
            history.append(revise(history, asked, kinds))
    return history[-1] if history else None


def list_again(view: View, plan: BeatsPlanned, kinds: Kinds) -> tuple[str, ...]:
    """Return the names of the takes that a retry raises; all else is taken as it is there."""
    # what belongs to the whole plan has another take with each revision anyway
    parts = [kind for kind in kinds if kind.takes_by != "rev"]
    items = ((kind, item) for kind in parts for item in kind.items(plan))
    return tuple(kind.take_name(item) for kind, item in items if _is_due(view, plan, kind, item))


def find_flagged(view: View, plan: BeatsPlanned, kinds: Kinds) -> str | None:
    """Return the name of an input that a provider refuses to work on; None where none is known."""
    for kind in kinds:
        for item in kind.items(plan):
            if failure := _find_refusal(view, plan, kind, item):
                return _name_fault(plan, kind, item, failure)
    return None


def is_prompt_refused(view: View, plan: BeatsPlanned | None) -> bool:
    """Tell whether there is no plan because a provider takes offence at what it was to be of."""
    if plan is not None:
        return False
    return any(end.code == "flagged" for kind in PLANNING for end in view.all(kind.failed))


def find_sent_again(
    view: View, history: Sequence[BeatsPlanned], after: BeatsPlanned, kinds: Kinds
) -> str | None:
    """Return the name of an input that a plan would send again as it was refused; None for none."""
    origins = Origins(history, kinds)
    for kind, item in list_stale(history[-1], after, kinds, view.ends.__contains__):
        for plan in reversed(history):
            failure = _find_refusal(view, plan, kind, item)
            if failure and origins.shows_same(plan, after, kind, item):
                return _name_fault(after, kind, item, failure)
    return None


def _find_refusal(view: View, plan: BeatsPlanned, kind: AnyKind, item: Item) -> Failed | None:
    """Return the failure of what a plan wanted, if it was refused for what it shows or says."""
    failure = view.failure(kind.job(plan, beat=item.beat, n=item.n))
    return failure if failure is not None and failure.code == "flagged" else None


def _name_fault(plan: BeatsPlanned, kind: AnyKind, item: Item, failure: Failed) -> str:
    at_fault = f" (its {failure.at_fault})" if failure.at_fault else ""
    return f"{kind.name_item(item, plan)}{at_fault}"


def _is_due(view: View, plan: BeatsPlanned, kind: AnyKind, item: Item) -> bool:
    job = kind.job(plan, beat=item.beat, n=item.n)
    if view.end(job) is not None and _is_makeshift(view, plan, kind, item):
        return True
    # what was refused for what it shows is refused again: it has to be changed first
    if not _is_lost(view, job):
        return False
    return kind is not REFERENCE or item in _list_needed(view, plan)


def _is_makeshift(view: View, plan: BeatsPlanned, kind: AnyKind, item: Item) -> bool:
    """Tell whether it was made without something that is made again now."""
    if kind is CLIP:
        clip = view.ready(ChunkReady, CLIP.job(plan, beat=item.beat, n=item.n))
        return clip is not None and _is_lost(view, IMAGE.job(plan, beat=item.beat))
    if kind is not CONFORM:
        return False
    segment = view.ready(ClipConformed, CONFORM.job(plan, beat=item.beat, n=item.n))
    return segment is not None and (
        segment.filled is not None
        or any(_is_lost(view, job) for job in _list_beside(plan, item))
        or _is_lost(view, IMAGE.job(plan, beat=item.beat))
    )


def _list_beside(plan: BeatsPlanned, item: Item) -> list[str]:
    """Return the jobs of what a segment shows beside its clip, and goes without if need be.

    Captions are burnt into it, at the times of the words that were known then.
    """
    if item.n == card_number(plan):
        return CARD.jobs(plan)
    return [kind.job(plan, beat=item.beat) for kind in (VOICE, WORDS)]


def _is_lost(view: View, job: str) -> bool:
    """Tell whether a job has failed that is done again now: what was flagged is not."""
    failure = view.failure(job)
    return failure is not None and failure.code != "flagged"


def _list_needed(view: View, plan: BeatsPlanned) -> Iterator[Item]:
    """Yield the references that an image waits for: the others were drawn without them."""
    images = view.ends
    yield from references_of(
        plan,
        [
            beat
            for beat in active_beats(plan)
            if IMAGE.job(plan, beat=beat.index) not in images
            or view.failure(IMAGE.job(plan, beat=beat.index))
        ],
    )
