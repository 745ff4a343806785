"""Consumes all that is made; emits VideoCompleted and VideoFailed; runs conform and cut."""

from services.stitcher.assembly import decide
from services.stitcher.work import conform, cut
from shared.events import (
    BeatsPlanned,
    CardReady,
    ChunkReady,
    ImageReady,
    Kind,
    MusicReady,
    ReferenceReady,
    VideoCompleted,
    VideoFailed,
    VideoRequested,
    VoiceReady,
    WavesCompleted,
)
from shared.service import Service

SERVICE = Service(
    name="stitcher",
    reads=(
        VideoRequested,
        BeatsPlanned,
        ReferenceReady,
        ImageReady,
        CardReady,
        VoiceReady,
        MusicReady,
        ChunkReady,
        WavesCompleted,
    ),
    decide=decide,
    kinds=(Kind.CONFORM, Kind.CUT),
    decides=(VideoCompleted, VideoFailed),
    work={Kind.CONFORM: conform, Kind.CUT: cut},
)
