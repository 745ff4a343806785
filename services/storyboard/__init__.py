"""Consumes BeatsPlanned and VideoFailed; emits the ends of, and runs, reference, image and card."""

from services.storyboard.decide import decide
from shared.events import BeatsPlanned, Kind, VideoFailed
from shared.service import Service

SERVICE = Service(
    name="storyboard",
    reads=(BeatsPlanned, VideoFailed),
    decide=decide,
    kinds=(Kind.REFERENCE, Kind.IMAGE, Kind.CARD),
)
