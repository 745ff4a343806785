"""What the planner decides: the first plan is a job; every later one answers a revision. Pure."""

from services.planner.revise import revise
from shared.story.events import BeatsPlanned, Kind, RevisionRequested, VideoRequested
from shared.story.view import NOTHING, Decision, JobSpec, View

FIRST = 1


def decide(view: View) -> Decision:
    """Answer revisions in the order of their numbers; one that is not there yet is waited for."""
    request = view.one(VideoRequested)
    if request is None:
        return NOTHING
    asked = {revision.rev: revision for revision in view.all(RevisionRequested)}
    known = {plan.rev: plan for plan in view.all(BeatsPlanned)}
    jobs: list[JobSpec] = []
    answers: list[BeatsPlanned] = []
    plan, rev = None, FIRST
    while rev == FIRST or rev in asked:
        if plan is None:  # there is nothing to revise: it is planned, or planned once more
            jobs.append(plan_job(request, rev))
            if view.end(jobs[-1].id) is None:
                return Decision(tuple(jobs))
            plan = view.ready(BeatsPlanned, jobs[-1].id)
        else:
            plan = known.get(rev) or revise(plan, asked[rev])
            answers.append(plan)
        rev += 1
    return Decision(tuple(jobs), tuple(answers), done=all(number < rev for number in asked))


def plan_job(request: VideoRequested, rev: int) -> JobSpec:
    """The job that makes a plan; its take is the plan's rev."""
    brief = request.brief
    return JobSpec(
        kind=Kind.PLAN,
        video_id=request.video_id,
        owner=brief.owner,
        take=rev,
        input={"video_id": request.video_id, "brief": brief.model_dump(mode="json")},
        priority=brief.priority,
    )
