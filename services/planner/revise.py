"""A plan and what a user wants changed give the next plan. Pure.

Only what the change touches gets a new take, so that only that is made, and paid, again.
"""

from collections.abc import Iterable

from shared.story.events import Beat, BeatsPlanned, Kind, RevisionRequested
from shared.story.formats import Aspect

_PICTURE = (Kind.IMAGE, Kind.CLIP, Kind.CONFORM)
_SOUND = (Kind.VOICE, Kind.CONFORM)
"""Captions are burnt into segments, so that a new voice makes new segments."""


def revise(plan: BeatsPlanned, request: RevisionRequested) -> BeatsPlanned:
    """The plan that answers. A change that can't be made changes nothing, but is answered too."""
    if request.action == "reframe":
        return _answer(plan, request, **_reframed(plan, request.aspect or plan.brief.aspect))
    old = next((beat for beat in plan.beats if beat.index == request.beat), None)
    new = _revised(plan, old, request) if old else None
    beats = tuple(new if new and beat.index == new.index else beat for beat in plan.beats)
    kinds = _touched(old, new, request) if old and new else ()
    return _answer(plan, request, beats=beats, takes=_bumped(plan, request.beat, kinds))


def _answer(plan: BeatsPlanned, request: RevisionRequested, **new: object) -> BeatsPlanned:
    return plan.model_copy(update={"rev": request.rev, "at": 0, "job": None, "cost": 0, **new})


def _reframed(plan: BeatsPlanned, aspect: Aspect) -> dict[str, object]:
    """The same storyboard, clips and sounds in another shape: only segments are made anew."""
    if aspect == plan.brief.aspect:
        return {}
    segments = range(len(plan.chunks) + 1)  # the end card's comes after the last chunk's
    anew = {f"{Kind.CONFORM}/{n}": plan.take(Kind.CONFORM, n) + 1 for n in segments}
    return {
        "brief": plan.brief.model_copy(update={"aspect": aspect}),
        "takes": {**plan.takes, **anew},
    }


def _revised(plan: BeatsPlanned, beat: Beat, request: RevisionRequested) -> Beat:
    if request.action == "skip":
        others = any(not b.skipped for b in plan.beats if b.index != beat.index)
        return beat.model_copy(update={"skipped": True}) if others else beat
    texts = {"prompt": request.prompt, "narration": request.narration}
    given = {name: text for name, text in texts.items() if text is not None}
    return beat.model_copy(update={**given, "skipped": False})


def _touched(old: Beat, new: Beat, request: RevisionRequested) -> tuple[Kind, ...]:
    if request.action == "skip":
        return ()
    picture = request.action in ("regenerate", "retry") or new.prompt != old.prompt
    sound = request.action == "retry" or new.narration != old.narration
    return tuple(dict.fromkeys((*_PICTURE * picture, *_SOUND * sound)))


def _bumped(plan: BeatsPlanned, beat: int, kinds: Iterable[Kind]) -> dict[str, int]:
    takes = dict(plan.takes)
    chunks = [chunk.index for chunk in plan.chunks if chunk.beat == beat]
    for kind in kinds:
        for item in chunks if kind in (Kind.CLIP, Kind.CONFORM) else [beat]:
            takes[f"{kind}/{item}"] = plan.take(kind, item) + 1
    return takes
