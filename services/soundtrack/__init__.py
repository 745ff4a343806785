"""Consumes BeatsPlanned and VideoFailed; emits VoiceReady and MusicReady; runs voice and music."""

from services.soundtrack.decide import decide
from services.soundtrack.work import finish_music, finish_voice
from shared.runtime.shell import Service
from shared.story.events import BeatsPlanned, Kind, VideoFailed

SERVICE = Service(
    name="soundtrack",
    reads=(BeatsPlanned, VideoFailed),
    decide=decide,
    kinds=(Kind.VOICE, Kind.MUSIC),
    finish={Kind.VOICE: finish_voice, Kind.MUSIC: finish_music},
)
