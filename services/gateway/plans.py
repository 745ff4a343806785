"""Plans as users write and read them, beat by beat; each mistake has its place. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from services.gateway.errors.problems import MOST_ERRORS, explain_field
from services.gateway.fields import (
    EXACT,
    LONGEST_LINE,
    LONGEST_TEXT,
    Line,
    OneOf,
    Picture,
    Seconds,
    Text,
)
from services.gateway.plantext import PlanText, read_text
from shared.story.beats import Beat, Truncation
from shared.story.brief import LONGEST_VIDEO, HandPlan
from shared.story.drafts import MIN_BEAT_SECONDS, SHORTEST_LAST
from shared.story.errors import BadInput
from shared.story.events import BeatsPlanned
from shared.story.formats import Aspect
from shared.story.looks import STYLES
from shared.story.plan import active_beats
from shared.story.texts import cut_line, make_one_line

MOST_BEATS = 36
"""Of five seconds each: no video is longer."""
MOST_CHARACTERS = 4
_NEARLY = 0.011
_MOST_NAMED = 5
_TITLE = 60  # letters


class BeatOfPlan(BaseModel):
    """One beat, in the order of the film."""

    model_config = EXACT

    prompt: Picture = Field(description="What it shows.")
    narration: Text = Field("", description="What is said in it; empty is silence.")
    duration: Seconds = Field(
        MIN_BEAT_SECONDS,
        ge=SHORTEST_LAST,
        le=LONGEST_VIDEO,
        description="5 seconds or more; only the last beat may be shorter.",
    )
    start: Seconds | None = Field(
        None, ge=0, description="When it begins: best left out, as beats follow one another."
    )
    setting: Line = ""
    camera: Line = ""
    speaker: Line = Field("", description="The character who says it; empty is the narrator.")
    characters: list[Line] = Field(
        default_factory=list,
        max_length=MOST_CHARACTERS,
        description="Who is seen in it. Each has one picture that all beats follow.",
    )
    why: Line = Field("", description="Why it is in the trailer, of a script.")


@dataclass(frozen=True)
class Fault:
    """What is wrong with the time of one beat."""

    beat: int
    field: str
    message: str


class TimesOff(ValueError):
    """Beats that overlap, leave gaps, are too short, or too long together."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        named = [f"beat {fault.beat}: {fault.message}" for fault in faults[:_MOST_NAMED]]
        more = len(faults) - len(named)
        super().__init__("; ".join([*named, *([f"and {more} more"] if more else [])]))
        self.faults = faults


def _check_times(beats: list[BeatOfPlan]) -> list[BeatOfPlan]:
    faults = [*_find_faults(beats)]
    if faults:
        raise TimesOff(faults)
    return beats


def _find_faults(beats: Sequence[BeatOfPlan]) -> Iterator[Fault]:
    ends = [round(end, 3) for end in accumulate(beat.duration for beat in beats)]
    for index, (beat, begins) in enumerate(zip(beats, [0.0, *ends], strict=False)):
        if index < len(beats) - 1 and beat.duration < MIN_BEAT_SECONDS - _NEARLY:
            short = f"give {MIN_BEAT_SECONDS:g} seconds or more: only the last beat may be shorter"
            yield Fault(index, "duration", short)
        if beat.start is not None and abs(beat.start - begins) > _NEARLY:
            off = f"it starts at {beat.start:g} s, but the beat before it ends at {begins:g} s"
            what = "they overlap" if beat.start < begins else "that leaves a gap"
            yield Fault(index, "start", f"{off}, so {what}: leave start out, or give {begins:g}")
    if ends[-1] > LONGEST_VIDEO:
        over = f"the beats last {ends[-1]:g} s together: {LONGEST_VIDEO:g} s are the most"
        yield Fault(len(beats) - 1, "duration", over)


class PlanFields(BaseModel):
    """A plan by hand: title and beats. No model is asked for another."""

    model_config = ConfigDict(**EXACT)

    title: Line = ""
    prompt: Text = Field("", description="What the video is about: the music follows it.")
    style: Annotated[str, OneOf(tuple(STYLES))] | None = Field(
        None, description="If the request itself names none."
    )
    aspect: Aspect | None = Field(None, description="If the request itself names none.")
    headline: Line = Field("", description="Of the end card, where the request gives none.")
    call_to_action: Line = Field("", description="Of the end card, where the request gives none.")
    beats: Annotated[
        list[BeatOfPlan], Field(min_length=1, max_length=MOST_BEATS), AfterValidator(_check_times)
    ]

    @property
    def seconds(self) -> float:
        """Return how long the story is, without the end card."""
        return round(sum(beat.duration for beat in self.beats), 3)

    def read(self) -> HandPlan:
        """Return the plan in the words of all services."""
        starts = accumulate((beat.duration for beat in self.beats), initial=0.0)
        beats = tuple(
            Beat(
                index=index,
                start=round(start, 3),
                characters=tuple(dict.fromkeys(name for name in beat.characters if name)),
                **beat.model_dump(exclude={"start", "characters"}),
            )
            for index, (start, beat) in enumerate(zip(starts, self.beats, strict=False))
        )
        return HandPlan(title=self.title or cut_line(beats[0].prompt, _TITLE), beats=beats)


def _read_if_text(value: object) -> object:
    """Return the plan that a text holds; anything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        return read_plan(value)
    except BadInput as error:
        raise ValueError(str(error)) from error


PlanRequest = Annotated[PlanFields, BeforeValidator(_read_if_text)]
"""A plan as an object, or as a text in YAML or JSON, of which each mistake has its line."""


def read_plan(text: str) -> PlanFields:
    """Return the plan in a text; BadInput names each mistake with its line."""
    read = read_text(text)
    try:
        return PlanFields.model_validate(read.values)
    except ValidationError as error:
        found = sorted(_locate(read, error))
        named = [f"line {line}: {said}" for line, said in found[:MOST_ERRORS]]
        more = [f"and {len(found) - len(named)} more"] if len(found) > len(named) else []
        raise BadInput("; ".join([*named, *more]), "plan") from error


def _locate(read: PlanText, error: ValidationError) -> Iterator[tuple[int, str]]:
    for each in error.errors(include_url=False):
        cause = each.get("ctx", {}).get("error")
        if isinstance(cause, TimesOff):
            for fault in cause.faults:
                place = ("beats", fault.beat, fault.field)
                yield read.find_line(place), f"beats.{fault.beat}.{fault.field}: {fault.message}"
        elif not each["loc"]:
            yield 1, "give an object: `beats`, and perhaps `title` and more"
        else:
            said = explain_field(each, each["loc"], PlanFields.model_fields)
            named = f"{said.field}: {said.message}" if said.field else said.message
            yield read.find_line(each["loc"]), named


# ── a plan that there is ────────────────────────────────────────────────────────────────────────


class PlanView(BaseModel):
    """The plan of a video, as it is now."""

    rev: int
    history: tuple[str, ...] = Field((), description="How it came about, if that needs saying.")
    truncation: Truncation | None = None
    plan: PlanFields = Field(description="What `plan` of a new video takes.")


def describe_plan(plan: BeatsPlanned) -> PlanView:
    """Return a plan in the form in which a user may give it again. Skipped beats are left out."""
    card = plan.brief.end_card
    fields = PlanFields.model_construct(
        title=plan.title[:LONGEST_LINE],
        prompt=make_one_line(plan.brief.prompt[:LONGEST_TEXT]),
        style=plan.brief.style,
        aspect=plan.brief.aspect,
        headline=card.headline if card else "",
        call_to_action=card.call_to_action if card else "",
        beats=[_describe_beat(beat) for beat in active_beats(plan)],
    )
    return PlanView.model_construct(
        rev=plan.rev, history=plan.history, truncation=plan.truncation, plan=fields
    )


def _describe_beat(beat: Beat) -> BeatOfPlan:
    lines = {
        name: getattr(beat, name)[:LONGEST_LINE] for name in ("setting", "camera", "speaker", "why")
    }
    return BeatOfPlan.model_construct(
        prompt=beat.prompt[:LONGEST_TEXT],
        narration=beat.narration[:LONGEST_TEXT],
        duration=beat.duration,
        characters=[name[:LONGEST_LINE] for name in beat.characters[:MOST_CHARACTERS]],
        **lines,
    )


def write_plan(view: PlanView) -> str:
    """Return a plan as YAML, to be changed by hand."""
    return yaml.safe_dump(list_values(view), sort_keys=False, allow_unicode=True, width=96)


def list_values(view: PlanView) -> dict[str, Any]:
    """Return the values of a plan; what is empty is left out."""
    values: dict[str, Any] = _drop_empty(view.plan.model_dump(mode="json"))
    return values


def _drop_empty(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _drop_empty(v) for k, v in value.items() if v not in ("", None, [])}
    return [_drop_empty(each) for each in value] if isinstance(value, list) else value
