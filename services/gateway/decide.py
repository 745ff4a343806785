"""What the gateway wants of what it knows. Pure."""

from services.gateway.read.stages import over
from shared.story.view import Decision, View


def decide(view: View) -> Decision:
    """Ask for nothing, and say whether more is to be heard: yes, until the video has ended."""
    return Decision(done=over(view))
