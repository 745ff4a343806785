"""Where each segment and each voice lies in the finished video, whatever was left out. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from services.stitcher.joints import fitting
from services.stitcher.segments import voice_input
from shared.story.events import (
    Beat,
    BeatsPlanned,
    ChunkReady,
    ClipConformed,
    Kind,
    VoiceReady,
)
from shared.story.formats import FPS
from shared.story.view import View
from shared.story.wanted import is_spoken, wanted, wanted_clip


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


@dataclass(frozen=True)
class LaidVoice:
    """A voice at its place: from `at` on, and silent after `room`, both in seconds."""

    name: str
    key: str
    voice: VoiceReady
    beat: Beat
    at: float
    room: float

    def described(self) -> dict[str, Any]:
        """As the cut is told."""
        spoken = voice_input(self.voice, self.beat)
        return {"name": self.name, "at": self.at, "room": self.room, **spoken}


def laid_out(conformed: Sequence[ClipConformed]) -> list[Laid]:
    """The segments one after another, whatever was planned to come between them."""
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
    """Its frames in the video, without the tail for a transition."""
    return segment.frames - segment.tail


def voices_of(view: View, plan: BeatsPlanned, laid: Sequence[Laid]) -> list[LaidVoice]:
    """The voices of the beats of which something is to be seen."""
    found = [_voice(view, plan, beat, laid) for beat in plan.beats if is_spoken(plan, beat)]
    return [voice for voice in found if voice]


def _voice(view: View, plan: BeatsPlanned, beat: Beat, laid: Sequence[Laid]) -> LaidVoice | None:
    voice = view.ready(VoiceReady, wanted(plan, Kind.VOICE, beat=beat.index))
    own = [piece for piece in laid if piece.beat == beat.index]
    if voice is None or not own:
        return None
    room = sum(piece.frames for piece in own) / FPS
    name = f"voice/{beat.index}"
    return LaidVoice(name, voice.key, voice, beat, round(own[0].at / FPS, 6), round(room, 6))


@dataclass(frozen=True)
class LaidSound:
    """A clip's own sound at its place, in seconds."""

    name: str
    key: str
    at: float
    seconds: float

    def described(self) -> dict[str, Any]:
        """As the cut is told."""
        return {"name": self.name, "at": self.at, "seconds": self.seconds}


def clip_sounds_of(view: View, plan: BeatsPlanned, laid: Sequence[Laid]) -> list[LaidSound]:
    """The sounds of the clips that are seen, if they are to be heard."""
    if not plan.brief.clip_sound:
        return []
    clips = {c.index: view.ready(ChunkReady, wanted_clip(plan, c)) for c in plan.chunks}
    seen = [(piece, clips.get(piece.chunk)) for piece in laid if not piece.filled]
    return [_sound(piece, clip) for piece, clip in seen if clip]


def _sound(piece: Laid, clip: ChunkReady) -> LaidSound:
    at, seconds = (round(frames / FPS, 6) for frames in (piece.at, piece.frames))
    return LaidSound(f"clip/{piece.chunk}", clip.key, at, seconds)
