"""How long the parts of a video took, from what is known of its jobs. Pure."""

from collections.abc import Iterable, Mapping

from shared.story.beats import Chain, link_chains
from shared.story.events import BeatsPlanned, RevisionRequested, VideoRequested
from shared.story.kinds import CLIP, IMAGE, KINDS, Kinds, clip_job
from shared.story.plan import active_chunks
from shared.story.view import End, View


def find_critical_ms(view: View, plan: BeatsPlanned) -> int:
    """Return the time of the longest chain with its image: no schedule makes the clips sooner."""
    chains = link_chains(active_chunks(plan))
    return max((_sum_chain(view, plan, chain) for chain in chains), default=0)


def _sum_chain(view: View, plan: BeatsPlanned, chain: Chain) -> int:
    jobs = [IMAGE.job(plan, beat=chain[0].beat), *(clip_job(plan, chunk) for chunk in chain)]
    return sum(end.times.work_ms for job in jobs if (end := view.end(job)))


def find_waves_ms(view: View, plan: BeatsPlanned) -> int:
    """Return the time from a plan to the end of its last clip."""
    ends = [end.at for job in CLIP.jobs(plan) if (end := view.end(job))]
    return max(0, max(ends, default=0) - plan.at) if plan.at else 0


def find_generation_ms(view: View, rev: int) -> int:
    """Return the time from the request of a revision to the last that was heard of the video."""
    asked = {each.rev: each for each in view.all(RevisionRequested)}.get(rev)
    start = asked or view.one(VideoRequested)
    return max(0, max((fact.at for fact in view.facts), default=0) - start.at) if start else 0


def measure_stages(view: View, kinds: Kinds = KINDS) -> Mapping[str, int]:
    """Return stage → milliseconds, from the creation of its first job to the end of its last."""
    by_stage: dict[str, list[End]] = {}
    for end in view.ends.values():
        if end.at:
            by_stage.setdefault(kinds.of(end).stage.value, []).append(end)
    return {stage: _span(ends) for stage, ends in by_stage.items()}


def _span(ends: Iterable[End]) -> int:
    begins, closes = zip(*((end.at - end.times.all_ms, end.at) for end in ends), strict=True)
    return int(max(closes) - min(begins))
