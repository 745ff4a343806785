"""Reads every event; emits what users ask for, and makes it count; runs deliveries."""

from services.gateway import answers, deliveries, intake, keys
from services.gateway.decide import decide
from services.gateway.webhooks import kept
from services.gateway.webhooks.sender import make_sender
from shared.runtime.service import Service
from shared.story.events import AttemptSettled, RevisionRequested, VideoRequested, VideoSteered
from shared.story.kinds import DELIVERY

SERVICE = Service(
    name="gateway",
    reads_all=True,
    steers_videos=True,
    decide=decide,
    decides=(VideoRequested, VideoSteered, RevisionRequested, AttemptSettled),
    engines={DELIVERY: make_sender},
    collections={
        **intake.INDEXES,
        **keys.INDEXES,
        **kept.INDEXES,
        **deliveries.INDEXES,
        **answers.INDEXES,
    },
)
