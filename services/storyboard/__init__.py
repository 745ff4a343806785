"""Reads how plans end, and VideoFailed; runs reference, image and card."""

from services.storyboard.decide import decide
from services.storyboard.work import FINISH
from shared.runtime.service import Service
from shared.story.events import VideoFailed
from shared.story.kinds import PLAN

SERVICE = Service(
    name="storyboard", reads=(PLAN, VideoFailed), decide=decide, needs_plan=True, finish=FINISH
)
