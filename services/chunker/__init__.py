"""Consumes BeatsPlanned, ImageReady, VideoFailed; emits ChunkReady, WavesCompleted; runs clip."""

from services.chunker.waves import decide
from services.chunker.work import finish
from shared.events import BeatsPlanned, ImageReady, Kind, VideoFailed, WavesCompleted
from shared.service import Service

SERVICE = Service(
    name="chunker",
    reads=(BeatsPlanned, ImageReady, VideoFailed),
    decide=decide,
    kinds=(Kind.CLIP,),
    decides=(WavesCompleted,),
    finish={Kind.CLIP: finish},
)
