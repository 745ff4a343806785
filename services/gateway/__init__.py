"""Reads every event; emits what users ask for, and makes it count; runs no job."""

from services.gateway import intake, keys
from services.gateway.decide import decide
from shared.runtime.service import Service
from shared.story.events import AttemptSettled, RevisionRequested, VideoRequested, VideoSteered

SERVICE = Service(
    name="gateway",
    reads_all=True,
    steers_videos=True,
    decide=decide,
    decides=(VideoRequested, VideoSteered, RevisionRequested, AttemptSettled),
    collections={**intake.INDEXES, **keys.INDEXES},
)
