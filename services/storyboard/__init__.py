"""Consumes BeatsPlanned and VideoFailed; emits the ends of, and runs, reference, image and card."""

from services.storyboard.decide import decide
from shared.runtime.shell import Service
from shared.story.events import BeatsPlanned, Kind, VideoFailed

SERVICE = Service(
    name="storyboard",
    reads=(BeatsPlanned, VideoFailed),
    decide=decide,
    kinds=(Kind.REFERENCE, Kind.IMAGE, Kind.CARD),
)
