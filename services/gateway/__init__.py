"""Consumes every event, emits VideoRequested, VideoSteered and RevisionRequested, runs no job."""

from services.gateway import intake
from services.gateway.read.stages import over
from shared.runtime.shell import Service
from shared.story.events import EVENTS, RevisionRequested, VideoRequested, VideoSteered
from shared.story.view import Decision, View


def decide(view: View) -> Decision:
    """The gateway only listens; until it has heard how a video ended, it wants to hear more."""
    return Decision(done=over(view))


SERVICE = Service(
    name="gateway",
    reads=tuple(EVENTS.values()),
    decide=decide,
    decides=(VideoRequested, VideoSteered, RevisionRequested),
    keeps=intake.INDEXES,
)
