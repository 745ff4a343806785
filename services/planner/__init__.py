"""Consumes VideoRequested and RevisionRequested; emits BeatsPlanned; runs plan."""

from services.planner.decide import decide
from services.planner.report import report
from services.planner.work import plan
from shared.runtime.shell import Service
from shared.story.events import Kind, RevisionRequested, VideoRequested

SERVICE = Service(
    name="planner",
    reads=(VideoRequested, RevisionRequested),
    decide=decide,
    kinds=(Kind.PLAN,),
    work={Kind.PLAN: plan},
    report={Kind.PLAN: report},
)
