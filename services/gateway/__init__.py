"""Reads every event; emits what users ask for, and makes it count; runs deliveries; deletes."""

from services.gateway import answers, deliveries, intake, keys
from services.gateway.decide import decide
from services.gateway.webhooks import kept
from services.gateway.webhooks.sender import make_sender
from shared.runtime.service import Service
from shared.story.events import (
    AttemptSettled,
    RevisionRequested,
    VideoDeleted,
    VideoRequested,
    VideoSteered,
)
from shared.story.kinds import DELIVERY

SERVICE = Service(
    name="gateway",
    reads_all=True,
    steers_videos=True,
    decide=decide,
    decides=(VideoRequested, VideoSteered, RevisionRequested, AttemptSettled, VideoDeleted),
    engines={DELIVERY: make_sender},
    rows_of=intake.list_rows,
    collections={
        **intake.INDEXES,
        **keys.INDEXES,
        **kept.INDEXES,
        **deliveries.INDEXES,
        **answers.INDEXES,
    },
)
