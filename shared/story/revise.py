"""The next plan, from the plans so far and a user's request to change the last of them. Pure.

Only what the change reaches gets another take, so only that is made, and paid. What was made for
the same before is wanted again. Each kind of job declares itself what it is touched by.
"""

from collections.abc import Iterator, Mapping, Sequence

from shared.story.beat_length import change_duration, find_length_fault
from shared.story.beats import Beat
from shared.story.events import BeatsPlanned, RevisionRequested
from shared.story.formats import Aspect
from shared.story.goals import GOALS, REVIEWS, find_goal
from shared.story.kinds import CLIP, IMAGE, VOICE, AnyKind, Item, Kinds
from shared.story.plan import is_skipped
from shared.story.stale import Origins, Takes, list_parts, settle_takes

CHOICES: tuple[AnyKind, ...] = (IMAGE, CLIP, VOICE)
"""The kinds of which a beat keeps its takes, to be chosen again."""


def revise(
    history: Sequence[BeatsPlanned], request: RevisionRequested, kinds: Kinds
) -> BeatsPlanned:
    """Return the plan that answers a request. A change that can't be made changes nothing."""
    plan = _keep(history[-1], request)
    history = (*history[:-1], plan)
    if request.action == "reframe":
        return _answer(history, request, kinds, _reframe(plan, request))
    if request.action == "continue":
        return _number(_lengthen(plan, request), request, plan.takes)
    if request.action == "skip_step":
        return _stop(_skip_steps(history, request, kinds), request)
    if request.action == "retry" and request.again is not None:
        origins = Origins(history, kinds)
        raised = {name: origins.next_take(name) for name in request.again}
        return _number(plan, request, {**plan.takes, **raised})
    return _stop(_revise_one(history, request, kinds), request)


def _keep(plan: BeatsPlanned, request: RevisionRequested) -> BeatsPlanned:
    """Return the plan that knows what came though it was to be stopped: it can be wanted again."""
    stopped = tuple(job for job in plan.stopped if job not in request.kept)
    return plan.model_copy(update={"stopped": stopped})


def _stop(plan: BeatsPlanned, request: RevisionRequested) -> BeatsPlanned:
    """Return the plan that knows what was stopped for it: none of that is wanted again."""
    stopped = tuple(dict.fromkeys((*plan.stopped, *request.stops)))
    return plan.model_copy(update={"stopped": stopped})


def _revise_one(
    history: Sequence[BeatsPlanned], request: RevisionRequested, kinds: Kinds
) -> BeatsPlanned:
    plan = history[-1]
    old = next((beat for beat in plan.beats if beat.index == request.beat), None)
    if old is None:
        # still a plan of its own: whoever asked for this revision waits for an answer to it
        return _number(plan, request, plan.takes)
    if request.action == "choose":
        return _choose(history, request, kinds, old)
    changed = _put(_take_back(plan, old, request), _revise_beat(plan, old, request))
    if request.action == "edit" and request.duration is not None:
        if find_length_fault(plan, old, request.duration):
            return _number(plan, request, plan.takes)
        changed = change_duration(changed, old.index, request.duration)
    return _answer(history, request, kinds, changed, _list_again(changed, request))


_UNPAID = {"at": 0, "job": None, "cost": 0, "reused": False}


def _number(plan: BeatsPlanned, request: RevisionRequested, takes: Takes) -> BeatsPlanned:
    # no job has made this plan, and nothing was paid for it
    return plan.model_copy(update={**_UNPAID, "rev": request.rev, "takes": dict(takes)})


def _answer(
    history: Sequence[BeatsPlanned],
    request: RevisionRequested,
    kinds: Kinds,
    changed: BeatsPlanned,
    again: Sequence[str] = (),
) -> BeatsPlanned:
    """Return the changed plan with the takes that it wants now."""
    if request.action == "skip":  # a skip makes nothing anew, it only leaves out
        return _number(changed, request, changed.takes)
    return _number(changed, request, settle_takes(changed, history, kinds, again))


def _reframe(plan: BeatsPlanned, request: RevisionRequested) -> BeatsPlanned:
    """Return the plan for the same storyboard, clips and sounds in another shape."""
    aspect: Aspect = request.aspect or plan.brief.aspect
    return plan.model_copy(update={"brief": plan.brief.model_copy(update={"aspect": aspect})})


def _lengthen(plan: BeatsPlanned, request: RevisionRequested) -> BeatsPlanned:
    """Return the plan of a video that goes on from where it was to end: all takes stay."""
    workflow = request.workflow or plan.brief.workflow
    if GOALS[workflow] <= find_goal(plan.brief):
        return plan
    # whoever goes on has seen what there is
    left = tuple(r for r in plan.brief.review if REVIEWS[r] > find_goal(plan.brief))
    brief = plan.brief.model_copy(update={"workflow": workflow, "review": left})
    return plan.model_copy(update={"brief": brief})


def _put(plan: BeatsPlanned, new: Beat) -> BeatsPlanned:
    beats = tuple(new if beat.index == new.index else beat for beat in plan.beats)
    return plan.model_copy(update={"beats": beats})


def _revise_beat(plan: BeatsPlanned, beat: Beat, request: RevisionRequested) -> Beat:
    if request.action == "skip":
        # the last beat that is left can't be skipped: a video of nothing would be no video
        return beat.model_copy(update={"skipped": True}) if can_skip(plan, beat) else beat
    texts = {"prompt": request.prompt, "narration": request.narration}
    given: dict[str, object] = {name: text for name, text in texts.items() if text is not None}
    if _draws_again(beat, request):
        given["image"] = 0  # the pictures that there were are no choice any more
    elif request.image is not None:
        given["image"] = request.image
    # whoever changes a skipped beat wants to see it again
    return beat.model_copy(update={**given, "skipped": False})


def can_skip(plan: BeatsPlanned, beat: Beat) -> bool:
    """Tell whether another beat would be left, and a clip that is not skipped by itself."""
    others = {other.index for other in plan.beats if not other.skipped} - {beat.index}
    clips = [c for c in plan.chunks if c.beat in others and not is_skipped(plan, "clip", c.index)]
    return bool(clips if plan.chunks else others)


def _draws_again(beat: Beat, request: RevisionRequested) -> bool:
    """Tell whether a beat is to look different from how it was ever drawn."""
    if request.action in ("regenerate", "retry"):
        return request.what in ("", "image", "all")
    return request.prompt not in (None, beat.prompt)


def _list_again(plan: BeatsPlanned, request: RevisionRequested) -> list[str]:
    """Return what is made anew though nothing of it was changed; what follows from it is found."""
    if request.action not in ("regenerate", "retry"):
        return []
    what = "all" if request.action == "retry" else request.what
    kinds = _AGAIN.get(what, ())
    return [kind.take_name(item) for kind in kinds for item in _items_of(plan, kind, request.beat)]


_AGAIN: Mapping[str, tuple[AnyKind, ...]] = {
    "": (IMAGE,),
    "image": (IMAGE,),
    "clip": (CLIP,),
    "voice": (VOICE,),
    "all": (IMAGE, VOICE),
}
"""What is to be made anew → the kinds of it; what starts from them follows by itself."""


def _items_of(plan: BeatsPlanned, kind: AnyKind, beat: int) -> Iterator[Item]:
    return (item for item in kind.items(plan) if item.beat == beat)


# ── steps that are left out ─────────────────────────────────────────────────────────────────────


def _skip_steps(
    history: Sequence[BeatsPlanned], request: RevisionRequested, kinds: Kinds
) -> BeatsPlanned:
    """Return the plan that does without some steps, or has them again."""
    plan = history[-1]
    if request.back:
        back = [name for name in request.steps if name in plan.skipped]
        changed = _unskip(plan, back)
        made = [
            kind.take_name(item)
            for kind, item in list_parts(changed, kinds)
            if kind.job(changed, beat=item.beat, n=item.n) in request.kept
        ]
        again = [name for name in back if name not in made]
        return _answer(history, request, kinds, changed, again)
    # nothing is made anew for it: what was drawn with a reference, say, may stay
    skipped = tuple(dict.fromkeys((*plan.skipped, *request.steps)))
    return _number(plan.model_copy(update={"skipped": skipped}), request, plan.takes)


def _unskip(plan: BeatsPlanned, names: Sequence[str]) -> BeatsPlanned:
    kept = tuple(name for name in plan.skipped if name not in names)
    return plan.model_copy(update={"skipped": kept})


def _take_back(plan: BeatsPlanned, beat: Beat, request: RevisionRequested) -> BeatsPlanned:
    """Return the plan in which nothing of a beat is left out that the request asks for anew."""
    if request.action == "skip":
        return plan
    asks = {request.what, request.kind} - {""} or {"image"}
    if request.action == "edit":
        asks = {"voice"} if request.narration is not None else set()
        asks |= {"image"} if (request.prompt, request.duration) != (None, None) else set()
    clips = [f"clip/{chunk.index}" for chunk in plan.chunks if chunk.beat == beat.index]
    names = clips if asks & {"image", "clip", "all"} else []
    return _unskip(plan, [*names, *([f"voice/{beat.index}"] if asks & {"voice", "all"} else [])])


# ── another take of what there is ───────────────────────────────────────────────────────────────


def _choose(
    history: Sequence[BeatsPlanned], request: RevisionRequested, kinds: Kinds, beat: Beat
) -> BeatsPlanned:
    """Return the plan with a take that there was, and with the words that it was made for."""
    plan, kind = history[-1], next((k for k in CHOICES if k.name == request.kind), None)
    source = find_take(history, kind, beat.index, request.take) if kind else None
    if kind is None or source is None:
        return _number(plan, request, plan.takes)
    fields = _FIELDS[kind]
    made_for = next(each for each in source.beats if each.index == beat.index)
    values: dict[str, object] = {name: getattr(made_for, name) for name in fields}
    if request.image is not None and kind is IMAGE:
        values["image"] = request.image
    new = beat.model_copy(update={**values, "skipped": False})
    changed = _put(_take_back(plan, beat, request), new)
    chosen = {
        each.take_name(item): source.takes.get(each.take_name(item), 0)
        for each in _LEADING[kind]
        for item in _items_of(changed, each, beat.index)
    }
    return _number(changed, request, settle_takes(changed, history, kinds, (), chosen))


_PICTURE = ("prompt", "characters", "setting", "camera", "image")
_FIELDS = {IMAGE: _PICTURE, CLIP: _PICTURE, VOICE: ("narration", "speaker")}
"""Kind → the fields of a beat that come back with a take of it."""
_LEADING: dict[AnyKind, tuple[AnyKind, ...]] = {
    IMAGE: (IMAGE,),
    CLIP: (IMAGE, CLIP),
    VOICE: (VOICE,),
}
"""Kind → the kinds whose takes come back with one of it: a clip starts from its image."""


def find_take(
    history: Sequence[BeatsPlanned], kind: AnyKind, beat: int, take: int
) -> BeatsPlanned | None:
    """Return the latest plan that wanted this take of a beat; None where none has."""
    return next((plan for plan in reversed(history) if number_take(plan, kind, beat) == take), None)


def number_take(plan: BeatsPlanned, kind: AnyKind, beat: int) -> int | None:
    """Return the take of a beat that a plan wants; None where the beat has none of this kind.

    A beat's clips have the number of the last of them: it is made again with any of them.
    """
    items = list(_items_of(plan, kind, beat))
    return kind.take(plan, items[-1]) if items else None
