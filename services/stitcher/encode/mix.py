"""Makes the one sound track of a video: voices on their beats, music under them, one loudness.

Everything is mixed as samples and encoded once. The loudness is reached in passes (gain, limit,
measure again): a single pass misses short speech by 2 LU.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.stitcher.encode.limiter import limit
from services.stitcher.voicefit import VoiceFit
from shared.media.probe import BadMedia
from shared.media.sound import (
    RATE,
    SILENCE_LUFS,
    Samples,
    apply_gains,
    change_tempo,
    fit_length,
    loudness,
    lufs,
    read_sound,
    write_aac,
)
from shared.story.formats import FPS

TARGET_LUFS = -14.0
CEILING_DBTP = -2.0  # AAC may overshoot by a decibel; what is heard stays under -1
_VOICE_LUFS = -16.0
_MUSIC_LUFS = -23.0  # the bed where no one speaks, against the voice above
_CLIP_LUFS = -28.0
_DUCKED_LUFS = -20.0  # of a clip that the user gave to be heard where no one speaks
_DUCK = 10 ** (-10 / 20)  # the gain of the beds under a voice
_MUSIC_FADE_IN, _MUSIC_FADE_OUT, _LOOP_OVERLAP = 0.4, 1.0, 1.0
_EDGE = 0.005  # seconds of fade at both ends of a passage: cut hard, it would click
_STEP = 480  # samples in a step of the beds' gain: 10 ms
_SPEAKING = 0.008  # RMS above which someone is heard
_PASSES, _CLOSE_ENOUGH = 10, 0.3  # many passes: the limiter takes most of a gain from sharp peaks


@dataclass(frozen=True)
class PlacedVoice:
    """A voice file, when its beat begins in the video, and how it was fitted there."""

    path: Path
    beat_start: float
    fit: VoiceFit


@dataclass(frozen=True)
class PlacedSound:
    """A clip's own sound: where it starts in the video and how long it may last."""

    path: Path
    start: float
    seconds: float
    own: str = ""
    """Of a clip that the user gave: keep it as loud as a voice, or duck it under one."""


@dataclass(frozen=True)
class MixSpec:
    """One sound track to make, of exactly `frames` video frames."""

    out: Path
    frames: int
    voices: tuple[PlacedVoice, ...] = ()
    music: Path | None = None
    clips: tuple[PlacedSound, ...] = ()


@dataclass(frozen=True)
class MixResult:
    """The track, its measures before encoding, and notes on what can't be heard in it."""

    path: Path
    lufs: float
    peak_dbtp: float
    unheard: tuple[str, ...] = ()


def mix(spec: MixSpec) -> MixResult:
    """Mix and encode the track, and return what became of it."""
    samples = spec.frames * RATE // FPS
    unheard: list[str] = []
    voice = _mix_voices(spec.voices, samples, unheard)
    front = _mix_kept(spec.clips, voice, unheard)
    track = _mix_beds(spec, samples, unheard)
    apply_gains(track, _duck(front.mean(axis=1)), _STEP)
    track += front
    bring_to_loudness(track)
    # Measured here and not from the file: reading AAC back would take as long as writing it.
    measured = loudness(track)
    write_aac(track, spec.out)
    return MixResult(spec.out, measured.lufs, measured.peak_dbtp, tuple(unheard))


def _mix_voices(voices: Iterable[PlacedVoice], samples: int, unheard: list[str]) -> Samples:
    """Return a track with all voices at their times; what is missing is added to `unheard`."""
    track = np.zeros((samples, 1), np.float32)
    for voice in voices:
        try:
            spoken = _level(read_sound(voice.path, channels=1), _VOICE_LUFS)
        except BadMedia as error:
            unheard.append(error.message)
            continue
        if voice.fit.dropped:
            words, name = " ".join(voice.fit.dropped), _describe(voice.path)
            unheard.append(f'{name} is too long for its beat, "{words}" is not said')
        for at, passage in _cut_passages(spoken, voice):
            _add(track, passage, at)
    return track


def _describe(path: Path) -> str:
    """Return what a person would call an input: "clip 0", where its file is in-clip-0.mp4."""
    return path.stem.removeprefix("in-").replace("-", " ")


def _cut_passages(spoken: Samples, voice: PlacedVoice) -> Iterator[tuple[int, Samples]]:
    """Yield each passage of a fitted voice, at its tempo, with its place in the video."""
    for passage in voice.fit.passages:
        part = spoken[round(passage.start * RATE) : round(passage.end * RATE)]
        if len(part):
            at = round((voice.beat_start + passage.at) * RATE)
            yield at, _fade(change_tempo(part, voice.fit.rate), _EDGE, _EDGE)


def _add(track: Samples, part: Samples, at: int) -> None:
    """Add a part to the track from this sample on; what lies outside of the track is left out."""
    part = part[max(0, -at) :]
    at = max(0, at)
    room = max(0, len(track) - at)
    track[at : at + len(part)] += part[:room]


def _mix_beds(spec: MixSpec, samples: int, unheard: list[str]) -> Samples:
    """Return a track of all that lies under the voices: music, and the clips' own sounds."""
    track = np.zeros((samples, 2), np.float32)
    if spec.music is not None:
        try:
            # No more is read than is used: a song of ten minutes would take 230 MB.
            music = _level(read_sound(spec.music, at_most=samples / RATE), _MUSIC_LUFS)
            track = _fade(_loop(music, samples), _MUSIC_FADE_IN, _MUSIC_FADE_OUT)
        except BadMedia as error:
            unheard.append(error.message)
    for clip in spec.clips:
        if clip.own != "keep":
            _add_clip(track, clip, _DUCKED_LUFS if clip.own else _CLIP_LUFS, unheard)
    return track


def _mix_kept(clips: Iterable[PlacedSound], voice: Samples, unheard: list[str]) -> Samples:
    """Return the voices with the sounds of clips that are to be heard like voices."""
    kept = [clip for clip in clips if clip.own == "keep"]
    if not kept:
        return voice
    track = np.repeat(voice, 2, axis=1)
    for clip in kept:
        _add_clip(track, clip, _VOICE_LUFS, unheard)
    return track


def _add_clip(track: Samples, clip: PlacedSound, target: float, unheard: list[str]) -> None:
    try:
        sound = _level(read_sound(clip.path, at_most=clip.seconds), target)
        _add(track, _fade(sound, 0.05, 0.05), round(clip.start * RATE))
    except BadMedia as error:
        # Many models make mute clips: that is no damage, and is told without a file's name.
        mute = f"{_describe(clip.path)} has no sound of its own"
        unheard.append(error.message.replace(f"{clip.path.name} holds no sound", mute))


def _level(samples: Samples, target: float) -> Samples:
    """Bring a source to its loudness, in place, and return it; silence stays silence.

    Sources come from many makers: without this, a quiet voice would be lost under loud music.
    """
    measured = lufs(samples)
    if measured <= SILENCE_LUFS:
        return samples
    samples *= np.float32(10 ** ((target - measured) / 20))
    return samples


def _loop(music: Samples, samples: int) -> Samples:
    """Return this many samples of the music, repeated where it is shorter."""
    overlap = min(round(_LOOP_OVERLAP * RATE), len(music) // 3)
    if len(music) >= samples or overlap == 0:
        return fit_length(music, samples)
    out = np.zeros((samples, music.shape[1]), np.float32)
    step = len(music) - overlap
    for number, at in enumerate(range(0, samples, step)):
        # Each repeat fades in while the one before fades out, so that the seam is not heard.
        part = _fade(music.copy(), overlap / RATE if number else 0, overlap / RATE)
        _add(out, part, at)
    return out


def _fade(samples: Samples, fade_in: float, fade_out: float) -> Samples:
    """Fade both ends with equal power, in place, and return the samples."""
    into, away = (min(round(s * RATE), len(samples)) for s in (fade_in, fade_out))
    if into:
        samples[:into] *= _ramp(into)
    if away:
        samples[-away:] *= _ramp(away)[::-1]
    return samples


def _ramp(count: int) -> NDArray[np.float32]:
    """Return gains from 0 to 1 along a sine: two that cross keep the same power together."""
    return np.sin(np.linspace(0, np.pi / 2, count, dtype=np.float32))[:, None]


def _duck(voice: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the beds' gain for each step: down just before a voice, up slowly after it."""
    steps = -(-len(voice) // _STEP)
    padded = np.pad(voice, (0, steps * _STEP - len(voice)))
    level = np.sqrt((padded.reshape(steps, _STEP) ** 2).mean(axis=1))
    # 120 ms before, so that the first syllable is clear; 300 ms after, so that the music does not
    # jump up in every gap between two words.
    speaking = _extend(level > _SPEAKING, before=12, after=30)
    return _glide(np.where(speaking, _DUCK, 1.0))


def _extend(speaking: NDArray[np.bool_], before: int, after: int) -> NDArray[np.bool_]:
    """Return the flags, true also for some steps before and after each true one."""
    counts = np.convolve(speaking.astype(np.int32), np.ones(before + after + 1, np.int32))
    return np.asarray(counts[before : before + len(speaking)] > 0)


def _glide(targets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return gains that glide to the targets: fast down (60 ms), slowly up (250 ms)."""
    out, value = np.empty_like(targets), 1.0
    for index, target in enumerate(targets):
        value += (target - value) * (0.15 if target < value else 0.04)
        out[index] = value
    return out


def bring_to_loudness(track: Samples) -> None:
    """Bring the track to the target loudness, in place, with its peaks under the ceiling."""
    measured = lufs(track)
    if measured <= SILENCE_LUFS:
        return
    # The limiter makes the track quieter again, by how much is only known afterwards. So gain,
    # limit, measure, until it is close. The last word is the limiter's: the ceiling always holds.
    for _ in range(_PASSES):
        track *= np.float32(10 ** ((TARGET_LUFS - measured) / 20))
        limit(track, CEILING_DBTP)
        measured = lufs(track)
        if abs(TARGET_LUFS - measured) < _CLOSE_ENOUGH:
            return
