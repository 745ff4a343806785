"""Consumes all that is made and what broke; ends the video, well or badly; runs conform and cut."""

from services.stitcher.decide import NAME, decide
from services.stitcher.work import conform, cut
from shared.runtime.shell import Service
from shared.story.events import (
    BeatsPlanned,
    CardReady,
    ChunkReady,
    DeadLettered,
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

SERVICE = Service(
    name=NAME,
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
        VideoFailed,
        DeadLettered,
    ),
    decide=decide,
    kinds=(Kind.CONFORM, Kind.CUT),
    decides=(VideoCompleted, VideoFailed),
    work={Kind.CONFORM: conform, Kind.CUT: cut},
)
