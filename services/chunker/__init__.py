"""Reads how plans and images end, and VideoFailed; emits WavesCompleted; runs clip."""

from services.chunker.decide import decide
from services.chunker.work import FINISH
from shared.runtime.service import Service
from shared.story.events import VideoFailed, WavesCompleted
from shared.story.kinds import IMAGE, PLAN

SERVICE = Service(
    name="chunker",
    reads=(PLAN, IMAGE, VideoFailed),
    decide=decide,
    needs_plan=True,
    decides=(WavesCompleted,),
    finish=FINISH,
)
