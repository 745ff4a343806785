"""The timeline: the place of each segment, voice and sound in the finished video. Pure.

The plan says where a beat should start, but segments may be left out and beats skipped. So places
are counted anew from the segments that there are, in whole frames.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from services.stitcher.joints import fit_overlap
from services.stitcher.voicefit import spread_words
from shared.story.beats import Beat, Word
from shared.story.events import BeatsPlanned
from shared.story.formats import FPS
from shared.story.kinds import (
    VOICE,
    WORDS,
    ChunkReady,
    ClipConformed,
    CutSegment,
    CutSound,
    CutVoice,
    CutWords,
    Spoken,
    VoiceReady,
    WordsReady,
    clip_job,
)
from shared.story.plan import beats_with_voice, has_voice, listens_for_words
from shared.story.view import View


@dataclass(frozen=True)
class LaidSegment:
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

    def make_order(self) -> CutSegment:
        """Return its part of the cut's order."""
        return CutSegment(name=self.name, frames=self.frames + self.overlap, overlap=self.overlap)


@dataclass(frozen=True)
class LaidVoice:
    """A voice at its place: from `at` on, and silent after `room`, both in seconds."""

    name: str
    key: str
    voice: VoiceReady
    words: tuple[Word, ...]
    beat: Beat
    at: float
    room: float

    def make_order(self) -> CutVoice:
        """Return its part of the cut's order."""
        return CutVoice(
            name=self.name,
            at=self.at,
            room=self.room,
            seconds=self.voice.seconds,
            words=self.words,
            beat_seconds=self.beat.duration,
        )


def lay_segments(conformed: Sequence[ClipConformed]) -> list[LaidSegment]:
    """Return the segments at their places, one after another without a gap."""
    at, laid = 0, []
    for segment, following in zip_longest(conformed, conformed[1:]):
        # a tail lies under what follows: it moves nothing, so the video is as long as planned
        own = segment.frames - segment.tail
        overlap = _find_overlap(segment, following)
        filled = segment.filled is not None
        laid.append(LaidSegment(segment.chunk, segment.beat, segment.key, at, own, overlap, filled))
        at += own
    return laid


def _find_overlap(segment: ClipConformed, following: ClipConformed | None) -> int:
    if following is None or following.beat == segment.beat:
        return 0
    # what follows may not be what the plan had next, and be too short for the planned tail
    return fit_overlap(segment.tail, following.frames - following.tail)


def lay_voices(view: View, plan: BeatsPlanned, laid: Sequence[LaidSegment]) -> list[LaidVoice]:
    """Return the voices of the beats of which something is to be seen."""
    found = [_lay_voice(view, plan, beat, laid) for beat in beats_with_voice(plan)]
    return [voice for voice in found if voice]


def _lay_voice(
    view: View, plan: BeatsPlanned, beat: Beat, laid: Sequence[LaidSegment]
) -> LaidVoice | None:
    voice = view.ready(VoiceReady, VOICE.job(plan, beat=beat.index))
    own = [segment for segment in laid if segment.beat == beat.index]
    if voice is None or not own:
        return None
    # a voice must not run into the next beat
    at, room = round(own[0].at / FPS, 6), _measure_room(own)
    words = find_words(view, plan, voice)
    return LaidVoice(f"voice/{beat.index}", voice.key, voice, words, beat, at, room)


def find_words(view: View, plan: BeatsPlanned, voice: VoiceReady) -> tuple[Word, ...]:
    """Return the words of a voice with their times: as they were heard, if somebody listened."""
    heard = view.ready(WordsReady, WORDS.job(plan, beat=voice.beat))
    return (heard and heard.words) or voice.words


def is_spoken(view: View, plan: BeatsPlanned, beat: Beat) -> bool:
    """Tell whether nothing more will be known of what is said in a beat, and when."""
    if not has_voice(plan, beat):
        return True
    voice = view.end(VOICE.job(plan, beat=beat.index))
    if not isinstance(voice, VoiceReady):
        return voice is not None
    return not listens_for_words(plan) or view.end(WORDS.job(plan, beat=beat.index)) is not None


def write_unspoken(beat: Beat) -> Spoken | None:
    """Return the words of a beat whose voice could not be made, to be read; None without any."""
    words = tuple(
        Word(text=word.text, start=round(word.start, 3), end=round(word.end, 3))
        for word in spread_words(beat.narration, beat.duration)
    )
    return Spoken(seconds=beat.duration, words=words, beat_seconds=beat.duration) if words else None


def lay_unspoken(view: View, plan: BeatsPlanned, laid: Sequence[LaidSegment]) -> list[CutWords]:
    """Return the words of the beats that lack their voice, at their places."""
    return [
        CutWords(**spoken.model_dump(), at=round(own[0].at / FPS, 6), room=_measure_room(own))
        for beat in beats_with_voice(plan)
        if (own := [segment for segment in laid if segment.beat == beat.index])
        and view.ready(VoiceReady, VOICE.job(plan, beat=beat.index)) is None
        and (spoken := write_unspoken(beat))
    ]


def _measure_room(own: Sequence[LaidSegment]) -> float:
    """Return the seconds of a beat's segments; one that lost a chunk is shorter than planned."""
    return round(sum(segment.frames for segment in own) / FPS, 6)


@dataclass(frozen=True)
class LaidSound:
    """A clip's own sound at its place, in seconds."""

    name: str
    key: str
    at: float
    seconds: float
    own: str = ""

    def make_order(self) -> CutSound:
        """Return its part of the cut's order."""
        return CutSound(name=self.name, at=self.at, seconds=self.seconds, own=self.own)


def lay_clip_sounds(view: View, plan: BeatsPlanned, laid: Sequence[LaidSegment]) -> list[LaidSound]:
    """Return the sounds of the clips that are seen, if they are to be heard."""
    own = {beat.index: beat.sound for beat in plan.beats if beat.sound}
    clips = {c.index: view.ready(ChunkReady, clip_job(plan, c)) for c in plan.chunks}
    sounds = []
    for segment in laid:
        clip = clips.get(segment.chunk)
        said = own.get(segment.beat, "")
        wanted = said != "mute" if said else plan.brief.clip_sound
        # a still has no sound, and neither has the end card
        if clip is not None and wanted and not segment.filled:
            at, seconds = round(segment.at / FPS, 6), round(segment.frames / FPS, 6)
            sounds.append(LaidSound(f"clip/{segment.chunk}", clip.key, at, seconds, said))
    return sounds
