"""Where each segment and each voice lies in the finished video, whatever was left out. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from services.stitcher.joints import fitting
from shared.story.beats import Beat
from shared.story.events import BeatsPlanned
from shared.story.formats import FPS
from shared.story.kinds import (
    VOICE,
    ChunkReady,
    ClipConformed,
    CutSegment,
    CutSound,
    CutVoice,
    VoiceReady,
    clip_job,
)
from shared.story.plan import spoken_beats
from shared.story.view import View


@dataclass(frozen=True)
class Laid:
    """A segment at its place, counted in frames.

    Its picture goes on beyond them for `overlap` frames, over which what follows takes its place.
    """

    chunk: int
    beat: int
    key: str
    at: int
    frames: int
    overlap: int
    filled: bool = False

    @property
    def name(self) -> str:
        """Return the name of its file in the cut's order."""
        return f"segment/{self.chunk}"

    def order(self) -> CutSegment:
        """Return it as a cut is told."""
        return CutSegment(name=self.name, frames=self.frames + self.overlap, overlap=self.overlap)


@dataclass(frozen=True)
class LaidVoice:
    """A voice at its place: from `at` on, and silent after `room`, both in seconds."""

    name: str
    key: str
    voice: VoiceReady
    beat: Beat
    at: float
    room: float

    def order(self) -> CutVoice:
        """Return it as a cut is told."""
        return CutVoice(
            name=self.name,
            at=self.at,
            room=self.room,
            seconds=self.voice.seconds,
            words=self.voice.words,
            beat_seconds=self.beat.duration,
        )


def lay_out(conformed: Sequence[ClipConformed]) -> list[Laid]:
    """Lay the segments one after another, whatever was planned to come between them."""
    at, laid = 0, []
    for segment, following in zip_longest(conformed, conformed[1:]):
        overlap, own = _overlap(segment, following), _own(segment)
        filled = segment.filled is not None
        laid.append(Laid(segment.chunk, segment.beat, segment.key, at, own, overlap, filled))
        at += own
    return laid


def _overlap(segment: ClipConformed, following: ClipConformed | None) -> int:
    if following is None or following.beat == segment.beat:
        return 0
    return fitting(segment.tail, _own(following))


def _own(segment: ClipConformed) -> int:
    """Return its frames in the video, without the tail for a transition."""
    return segment.frames - segment.tail


def lay_voices(view: View, plan: BeatsPlanned, laid: Sequence[Laid]) -> list[LaidVoice]:
    """Return the voices of the beats of which something is to be seen."""
    found = [_voice(view, plan, beat, laid) for beat in spoken_beats(plan)]
    return [voice for voice in found if voice]


def _voice(view: View, plan: BeatsPlanned, beat: Beat, laid: Sequence[Laid]) -> LaidVoice | None:
    voice = view.ready(VoiceReady, VOICE.wanted(plan, beat=beat.index))
    own = [segment for segment in laid if segment.beat == beat.index]
    if voice is None or not own:
        return None
    room = sum(segment.frames for segment in own) / FPS
    name = f"voice/{beat.index}"
    return LaidVoice(name, voice.key, voice, beat, round(own[0].at / FPS, 6), round(room, 6))


@dataclass(frozen=True)
class LaidSound:
    """A clip's own sound at its place, in seconds."""

    name: str
    key: str
    at: float
    seconds: float

    def order(self) -> CutSound:
        """Return it as a cut is told."""
        return CutSound(name=self.name, at=self.at, seconds=self.seconds)


def lay_clip_sounds(view: View, plan: BeatsPlanned, laid: Sequence[Laid]) -> list[LaidSound]:
    """Return the sounds of the clips that are seen, if they are to be heard."""
    if not plan.brief.clip_sound:
        return []
    clips = {c.index: view.ready(ChunkReady, clip_job(plan, c)) for c in plan.chunks}
    seen = [(segment, clips.get(segment.chunk)) for segment in laid if not segment.filled]
    return [_sound(segment, clip) for segment, clip in seen if clip]


def _sound(segment: Laid, clip: ChunkReady) -> LaidSound:
    at, seconds = (round(frames / FPS, 6) for frames in (segment.at, segment.frames))
    return LaidSound(f"clip/{segment.chunk}", clip.key, at, seconds)
