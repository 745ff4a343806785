"""The next plan, from a plan and a user's request to change it.

Only what the change touches gets a new take, so only that is made, and paid, again. Each kind of
job declares itself which changes touch it.
"""

from collections.abc import Callable, Iterable

from shared.story.beats import Beat
from shared.story.events import BeatsPlanned, RevisionRequested
from shared.story.formats import Aspect
from shared.story.kinds import AnyKind, Change, Item, Kinds


def revise(plan: BeatsPlanned, request: RevisionRequested, kinds: Kinds) -> BeatsPlanned:
    """Return the plan that answers a request. A change that can't be made changes nothing."""
    if request.action == "reframe":
        return _reframe(plan, request, kinds)
    if request.action == "retry" and request.again is not None:
        raised = {name: plan.takes.get(name, 0) + 1 for name in request.again}
        return _answer(plan, request, takes={**plan.takes, **raised})
    old = next((beat for beat in plan.beats if beat.index == request.beat), None)
    if old is None:
        # still a plan of its own: whoever asked for this revision waits for an answer to it
        return _answer(plan, request)
    new = _revise_beat(plan, old, request)
    beats = tuple(new if beat.index == new.index else beat for beat in plan.beats)
    revised = plan.model_copy(update={"beats": beats})
    changes = _list_changes(old, new, request)
    takes = _raise_takes(revised, kinds, changes, lambda item: item.beat == new.index)
    return _answer(revised, request, takes=takes)


_UNPAID = {"at": 0, "job": None, "cost": 0, "reused": False}


def _answer(plan: BeatsPlanned, request: RevisionRequested, **new: object) -> BeatsPlanned:
    # no job has made this plan, and nothing was paid for it
    return plan.model_copy(update={"rev": request.rev, **_UNPAID, **new})


def _reframe(plan: BeatsPlanned, request: RevisionRequested, kinds: Kinds) -> BeatsPlanned:
    """Return the plan for the same storyboard, clips and sounds in another shape."""
    aspect: Aspect = request.aspect or plan.brief.aspect
    if aspect == plan.brief.aspect:
        return _answer(plan, request)
    # a beat that is skipped now may come back: its segments have the old shape, too
    beats = tuple(beat.model_copy(update={"skipped": False}) for beat in plan.beats)
    whole = plan.model_copy(update={"beats": beats})
    takes = _raise_takes(whole, kinds, {"shape"}, lambda item: True)
    return _answer(
        plan, request, brief=plan.brief.model_copy(update={"aspect": aspect}), takes=takes
    )


def _revise_beat(plan: BeatsPlanned, beat: Beat, request: RevisionRequested) -> Beat:
    if request.action == "skip":
        # the last beat that is left can't be skipped: a video of nothing would be no video
        others = any(not b.skipped for b in plan.beats if b.index != beat.index)
        return beat.model_copy(update={"skipped": True}) if others else beat
    texts = {"prompt": request.prompt, "narration": request.narration}
    given: dict[str, object] = {name: text for name, text in texts.items() if text is not None}
    if _draws_again(beat, request):
        given["image"] = 0  # the pictures that there were are no choice any more
    elif request.image is not None:
        given["image"] = request.image
    # whoever changes a skipped beat wants to see it again
    return beat.model_copy(update={**given, "skipped": False})


def _draws_again(beat: Beat, request: RevisionRequested) -> bool:
    """Tell whether a beat is to look different from how it was ever drawn."""
    if request.action in ("regenerate", "retry"):
        return True
    return request.action != "skip" and request.prompt not in (None, beat.prompt)


def _list_changes(old: Beat, new: Beat, request: RevisionRequested) -> set[Change]:
    """Return what is to be made anew. A skip makes nothing anew, it only leaves out."""
    changes = set[Change]()
    if _draws_again(old, request):
        changes.add("picture")
    if new.image != old.image:
        changes.add("choice")
    if request.action == "retry" or new.narration != old.narration:
        changes.add("sound")
    return changes if request.action != "skip" else set()


def _raise_takes(
    plan: BeatsPlanned, kinds: Kinds, changes: set[Change], concerns: Callable[[Item], bool]
) -> dict[str, int]:
    """Return the wanted takes, one higher for each item that these changes touch."""
    touched: Iterable[tuple[AnyKind, Item]] = (
        (kind, item)
        for kind in kinds
        if kind.touched_by & changes
        for item in kind.items(plan)
        if concerns(item)
    )
    raised = {kind.take_name(item): kind.take(plan, item) + 1 for kind, item in touched}
    return {**plan.takes, **raised}
