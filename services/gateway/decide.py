"""The gateway decides nothing. It only listens."""

from shared.story.events import BeatsPlanned
from shared.story.view import Decision, View
from shared.story.wishes import is_over


def decide(view: View, plan: BeatsPlanned | None) -> Decision:
    """Return a decision without jobs and events, done once it is known how the video ended."""
    return Decision(done=is_over(view))
