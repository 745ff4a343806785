"""Which piece of work a plan wants for each of its assets: one name, one take, in all services.

A service looks for what another makes under the name that both derive from the plan; a result at
another take than the wanted one is not what the plan is about. Pure.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from shared.story.events import Beat, BeatsPlanned, Chunk, Kind, PlanFailed, VideoFailed
from shared.story.view import Decision, JobSpec, View, job_id

_COUNTED_BY_N = frozenset({Kind.REFERENCE, Kind.CLIP, Kind.CONFORM})


def ask(
    plan: BeatsPlanned,
    kind: Kind,
    *,
    beat: int = 0,
    n: int = 0,
    given: Mapping[str, Any] | None = None,
    files: Mapping[str, str] | None = None,
    seconds: float = 1.0,
) -> JobSpec:
    """The work on an asset at its wanted take; `given` is what the engine needs to know."""
    return JobSpec(
        kind=kind,
        video_id=plan.video_id,
        owner=plan.brief.owner,
        beat=beat,
        n=n,
        take=_take(plan, kind, beat, n),
        input=given or {},
        files=files or {},
        seconds=seconds,
        priority=plan.brief.priority,
    )


def wanted(plan: BeatsPlanned, kind: Kind, *, beat: int = 0, n: int = 0) -> str:
    """The id of that work."""
    return job_id(plan.video_id, kind, beat=beat, n=n, take=_take(plan, kind, beat, n))


def wanted_clip(plan: BeatsPlanned, chunk: Chunk) -> str:
    """The id of the clip that makes a chunk."""
    return wanted(plan, Kind.CLIP, beat=chunk.beat, n=chunk.index)


def _take(plan: BeatsPlanned, kind: Kind, beat: int, n: int) -> int:
    if kind is Kind.CUT:
        return plan.rev
    return plan.take(kind, n if kind in _COUNTED_BY_N else beat)


def in_force(view: View) -> BeatsPlanned | Decision:
    """The plan to work on; where there is none yet, or none any more, what is decided instead."""
    plan = view.latest(BeatsPlanned)
    if plan is None:
        return Decision(done=bool(view.all(PlanFailed)))
    return Decision(done=True) if given_up(view, plan) else plan


def given_up(view: View, plan: BeatsPlanned) -> bool:
    """The video has failed at this plan: nothing more is made for it."""
    failed = view.latest(VideoFailed)
    return failed is not None and failed.rev >= plan.rev


def is_spoken(plan: BeatsPlanned, beat: Beat) -> bool:
    """Whether this beat is to have a voice."""
    return plan.brief.voice and bool(beat.narration.strip()) and not beat.skipped


def has_card_picture(plan: BeatsPlanned) -> bool:
    """Whether the end card is to have a picture behind it: a brand's colour stands alone."""
    return plan.brief.end_card is not None and plan.brief.end_card.colour is None


def cast(plan: BeatsPlanned) -> list[str]:
    """Every character of the story; its place in this list is its reference's number."""
    return list(dict.fromkeys(name for beat in plan.beats for name in beat.characters))


def references(plan: BeatsPlanned, beats: Iterable[Beat]) -> list[str]:
    """The ids of the reference pictures that these beats rely on."""
    seen = {name for beat in beats for name in beat.characters}
    numbers = [n for n, name in enumerate(cast(plan)) if name in seen]
    return [wanted(plan, Kind.REFERENCE, n=n) for n in numbers]
