"""Which changes of a beat can't be made, and why. Pure."""

from collections.abc import Mapping, Sequence

from services.gateway.changes import BeatChange, Change, ChooseRequest
from services.gateway.errors.problems import NotNow
from services.gateway.read.actions import Action
from services.gateway.read.takes import find_beat, lacks_length, list_keys
from shared.story.beat_length import find_length_fault
from shared.story.beats import Beat
from shared.story.errors import BadInput
from shared.story.events import BeatsPlanned
from shared.story.kinds import IMAGE, KINDS, VOICE
from shared.story.own import draft_beat
from shared.story.revise import CHOICES, can_skip, find_take
from shared.story.view import View


def check_change(view: View, history: Sequence[BeatsPlanned], beat: Beat, asked: Change) -> None:
    """Refuse a change that can't be made to a beat."""
    plan = history[-1]
    _refuse_given(plan, beat, asked)
    if isinstance(asked, BeatChange):
        _refuse_edit(plan, beat, asked)
    elif isinstance(asked, ChooseRequest):
        _refuse_choice(view, history, beat, asked)
    elif asked.action is Action.SKIP and not can_skip(plan, beat):
        raise NotNow(
            "It is the only beat that is left, or the only one with a clip: a video of none would "
            "be no video."
        )
    elif asked.describe().get("what") == "voice" and not _speaks(plan, beat):
        raise NotNow(f"Nothing is said in beat {beat.index}: give it a narration first.")


def _refuse_given(plan: BeatsPlanned, beat: Beat, asked: Change) -> None:
    """Refuse to make anew what the user gave: it stays as it is, whatever is said of it."""
    said = asked.describe()
    # to regenerate says what, and an edit has what it changes
    words = [said["what"]] if "what" in said else said if isinstance(asked, BeatChange) else []
    for name in [each for word in words for each in _TOUCHES.get(word, ())]:
        kind = KINDS[name]
        if any(kind.is_given(plan, item) for item in kind.items(plan) if item.beat == beat.index):
            raise NotNow(f"You gave the {name} of beat {beat.index}: none is made in its place.")


_TOUCHES: Mapping[str, tuple[str, ...]] = {
    "image": ("image",),
    "clip": ("clip",),
    "voice": ("voice",),
    "all": ("image", "voice"),
    "prompt": ("clip",),
    "narration": ("voice",),
}
"""What is made anew, or changed → the kinds of which a user may have given an item."""


def _speaks(plan: BeatsPlanned, beat: Beat) -> bool:
    return plan.brief.voice and bool(beat.narration.strip())


def _refuse_edit(plan: BeatsPlanned, beat: Beat, asked: BeatChange) -> None:
    seconds = beat.duration if asked.duration is None else asked.duration
    if asked.duration is not None and (fault := find_length_fault(plan, beat, seconds)):
        raise BadInput(fault, "duration")
    narration = beat.narration if asked.narration is None else asked.narration
    if asked.narration is not None or seconds < beat.duration:
        field_ = "duration" if asked.narration is None else "narration"
        _refuse_words(plan, beat, narration, seconds, field_)


def _refuse_words(
    plan: BeatsPlanned, beat: Beat, narration: str, seconds: float, field_: str
) -> None:
    """Refuse words, or the user's own recording of them, that a beat of this length can't hold."""
    # imported here, as it knows languages: not each start needs it
    from shared.engines.narration import refuse_narration

    own = next((own for own in plan.brief.own if own.index == beat.index and own.voice), None)
    if own is None:
        refuse_narration(narration, seconds, plan.brief, field_)
    elif (least := draft_beat(own, None, beat.prompt).least) > seconds:
        raise BadInput(f"your recording needs {least:g} s of this beat", field_)


def _refuse_choice(
    view: View, history: Sequence[BeatsPlanned], beat: Beat, asked: ChooseRequest
) -> None:
    kind = next(kind for kind in CHOICES if kind.name == asked.kind)
    source = find_take(history, kind, beat.index, asked.take)
    keys = list_keys(view, source, kind, beat.index) if source else []
    if source is None or not keys or None in keys[:1] or (kind is not IMAGE and None in keys):
        raise BadInput(
            f"beat {beat.index} has no {asked.kind} of take {asked.take} that is made: its takes "
            "list those there are",
            "take",
        )
    if asked.image is not None and (kind is not IMAGE or asked.image >= len(keys)):
        raise BadInput(
            f"this take has {len(keys)} pictures: give a number below, and only of an image"
            if kind is IMAGE
            else "only of an image there are several: leave it out",
            "image",
        )
    if kind is VOICE:
        said = find_beat(source, beat.index).narration
        _refuse_words(history[-1], beat, said, beat.duration, "take")
    if kind not in (IMAGE, VOICE) and lacks_length(source, history[-1], beat.index):
        raise BadInput("these clips are shorter than the beat is now: shorten it first", "take")
