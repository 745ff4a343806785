"""Consumes every event, emits VideoRequested, VideoSteered and RevisionRequested, runs no job."""

from services.gateway import intake
from services.gateway.decide import decide
from shared.runtime.shell import Service
from shared.story.events import EVENTS, RevisionRequested, VideoRequested, VideoSteered

SERVICE = Service(
    name="gateway",
    reads=tuple(EVENTS.values()),
    decide=decide,
    decides=(VideoRequested, VideoSteered, RevisionRequested),
    keeps=intake.INDEXES,
)
