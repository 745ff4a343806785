"""The gateway decides what webhooks are told. Else it only listens."""

from services.gateway.webhooks.occasions import list_deliveries
from shared.story.events import BeatsPlanned
from shared.story.view import Decision, View
from shared.story.wishes import is_over


def decide(view: View, plan: BeatsPlanned | None) -> Decision:
    """Return the deliveries that should exist; done once it is known how the video ended.

    Not before they are known to be released: whoever dies then is not looked for by anybody else.
    """
    jobs = list_deliveries(view)
    return Decision(jobs, done=is_over(view) and view.released.issuperset(job.id for job in jobs))
