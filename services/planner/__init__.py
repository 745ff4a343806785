"""Reads VideoRequested and RevisionRequested; emits BeatsPlanned and BudgetExceeded; runs script,
characters, settings, selection and plan.
"""

from services.planner.decide import decide
from services.planner.report import report
from services.planner.work import WORK
from shared.runtime.service import Service
from shared.story.events import BudgetExceeded, RevisionRequested, VideoRequested
from shared.story.kinds import PLAN

SERVICE = Service(
    name="planner",
    reads=(VideoRequested, RevisionRequested),
    decide=decide,
    decides=(BudgetExceeded,),
    work=WORK,
    report={PLAN: report},
)
