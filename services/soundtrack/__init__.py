"""Reads how plans end, and VideoFailed; runs voice, words and music."""

from services.soundtrack.decide import decide
from services.soundtrack.work import FINISH
from shared.runtime.service import Service
from shared.story.events import VideoFailed
from shared.story.kinds import PLAN

SERVICE = Service(
    name="soundtrack", reads=(PLAN, VideoFailed), decide=decide, needs_plan=True, finish=FINISH
)
