"""Consumes BeatsPlanned, ImageReady, VideoFailed; emits ChunkReady, WavesCompleted; runs clip."""

from services.chunker.decide import decide
from services.chunker.work import finish
from shared.runtime.shell import Service
from shared.story.events import BeatsPlanned, ImageReady, Kind, VideoFailed, WavesCompleted

SERVICE = Service(
    name="chunker",
    reads=(BeatsPlanned, ImageReady, VideoFailed),
    decide=decide,
    kinds=(Kind.CLIP,),
    decides=(WavesCompleted,),
    finish={Kind.CLIP: finish},
)
