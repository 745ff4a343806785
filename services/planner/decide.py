"""The planner's decision: the first plan is a job; every later one answers a revision."""

from services.planner.revise import revise
from services.planner.steps import Steps
from shared.story.events import BeatsPlanned, RevisionRequested, VideoRequested
from shared.story.kinds import KINDS, plan_job
from shared.story.view import NOTHING, Decision, JobSpec, View

FIRST = 1


def decide(view: View, latest: BeatsPlanned | None) -> Decision:
    """Ask for the first plan, then answer revisions in the order of their numbers.

    All of them are gone through each time, from the first plan on, so that a plan never depends on
    the order in which the requests came.
    """
    request = view.one(VideoRequested)
    if request is None:
        return NOTHING
    asked = {revision.rev: revision for revision in view.all(RevisionRequested)}
    known = {plan.rev: plan for plan in view.all(BeatsPlanned)}
    jobs: list[JobSpec] = []
    answers: list[BeatsPlanned] = []
    plan, rev = None, FIRST
    # a revision whose number leaves a gap waits: the one before it may only be late
    while rev == FIRST or rev in asked:
        if plan is None:  # nothing is there to revise: it is planned for the first time, or again
            steps = _list_steps(view, request, rev)
            jobs += steps
            if any(view.end(job.id) is None for job in steps):
                return Decision(tuple(jobs))
            plan = view.ready(BeatsPlanned, jobs[-1].id)
        else:
            # a plan that is a fact stays as it is, also where this version would revise otherwise
            plan = known.get(rev) or revise(plan, asked[rev], KINDS)
            answers.append(plan)
        rev += 1
    return Decision(tuple(jobs), tuple(answers), done=all(number < rev for number in asked))


def _list_steps(view: View, request: VideoRequested, rev: int) -> list[JobSpec]:
    """Return the jobs of one try to plan, as far as they can be asked for: the plan is the last."""
    brief = request.brief
    steps = Steps(view, request, rev)
    if brief.product and brief.product.picture:
        seen = steps.look(brief.product.picture)
        return [plan_job(request.video_id, brief, rev, look=seen.look)] if seen else steps.jobs
    if not brief.script:
        return [plan_job(request.video_id, brief, rev)]
    selected = steps.select()
    if selected is None:
        return steps.jobs
    told = {"title": selected.title, "picks": selected.picks, "looks": steps.looks}
    return [plan_job(request.video_id, brief, rev, **told)]
