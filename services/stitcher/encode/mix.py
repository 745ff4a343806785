"""The one sound track of a video: fitted voices on their beats, music ducked beneath, one loudness.

Everything is mixed as samples and encoded once. The loudness is found in passes (gain, limit,
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
    fitted,
    loudness,
    lufs,
    read_sound,
    shaped,
    stretched,
    write_aac,
)
from shared.story.formats import FPS

TARGET_LUFS = -14.0
CEILING_DBTP = -2.0  # AAC may overshoot by a decibel; what is heard stays under -1
_VOICE_LUFS = -16.0
_MUSIC_LUFS = -23.0  # the bed where no one speaks, against the voice above
_CLIP_LUFS = -28.0
_DUCK = 10 ** (-10 / 20)
_MUSIC_FADE_IN, _MUSIC_FADE_OUT, _LOOP_OVERLAP = 0.4, 1.0, 1.0
_EDGE = 0.005
_CONTROL = 480  # samples a step of the ducking envelope: 10 ms
_SPEAKING = 0.008  # RMS above which someone is heard
_PASSES, _CLOSE_ENOUGH = 10, 0.3  # sharp peaks take most of a gain away again


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
    """The track and its measures before encoding."""

    path: Path
    lufs: float
    peak_dbtp: float
    unheard: tuple[str, ...] = ()


def mix(spec: MixSpec) -> MixResult:
    """Mix and encode."""
    samples = spec.frames * RATE // FPS
    unheard: list[str] = []
    track = _summed(spec, samples, unheard)
    bring_to_loudness(track)
    measured = loudness(track)
    write_aac(track, spec.out)
    return MixResult(spec.out, measured.lufs, measured.peak_dbtp, tuple(unheard))


def _summed(spec: MixSpec, samples: int, unheard: list[str]) -> Samples:
    """Everything together, the beds ducked under the voices."""
    voice = _voices(spec.voices, samples, unheard)
    track = _beds(spec, samples, unheard)
    shaped(track, _ducking(voice[:, 0]), _CONTROL)
    track += voice
    return track


def _voices(voices: Iterable[PlacedVoice], samples: int, unheard: list[str]) -> Samples:
    track = np.zeros((samples, 1), np.float32)
    for voice in voices:
        try:
            spoken = _levelled(read_sound(voice.path, channels=1), _VOICE_LUFS)
        except BadMedia as error:
            unheard.append(error.message)
            continue
        unheard.extend(_left_unsaid(voice))
        for at, piece in _pieces(spoken, voice):
            _add(track, piece, at)
    return track


def _left_unsaid(voice: PlacedVoice) -> Iterator[str]:
    """Words that would have run over the beat."""
    if voice.fit.dropped:
        words = " ".join(voice.fit.dropped)
        yield f'{_called(voice.path)} is too long for its beat, "{words}" is not said'


def _called(path: Path) -> str:
    """How a person would call an input: "clip 0", where its file is in-clip-0.mp4."""
    return path.stem.removeprefix("in-").replace("-", " ")


def _pieces(spoken: Samples, voice: PlacedVoice) -> Iterator[tuple[int, Samples]]:
    for piece in voice.fit.pieces:
        part = spoken[round(piece.start * RATE) : round(piece.end * RATE)]
        if len(part):
            at = round((voice.beat_start + piece.at) * RATE)
            yield at, _faded(stretched(part, voice.fit.rate), _EDGE, _EDGE)


def _add(track: Samples, part: Samples, at: int) -> None:
    part = part[max(0, -at) :]
    at = max(0, at)
    room = max(0, len(track) - at)
    track[at : at + len(part)] += part[:room]


def _beds(spec: MixSpec, samples: int, unheard: list[str]) -> Samples:
    """What lies under the voices: music, and the clips' own sounds when asked for."""
    track = np.zeros((samples, 2), np.float32)
    if spec.music is not None:
        try:
            track = _music(spec.music, samples)
        except BadMedia as error:
            unheard.append(error.message)
    for clip in spec.clips:
        try:
            sound = _levelled(read_sound(clip.path, at_most=clip.seconds), _CLIP_LUFS)
            _add(track, _faded(sound, 0.05, 0.05), round(clip.start * RATE))
        except BadMedia as error:
            mute = f"{_called(clip.path)} has no sound of its own"
            unheard.append(error.message.replace(f"{clip.path.name} holds no sound", mute))
    return track


def _music(path: Path, samples: int) -> Samples:
    music = _levelled(read_sound(path, at_most=samples / RATE), _MUSIC_LUFS)
    return _faded(_looped(music, samples), _MUSIC_FADE_IN, _MUSIC_FADE_OUT)


def _levelled(samples: Samples, target: float) -> Samples:
    """At a loudness of its own, so that quiet and loud sources meet; silence stays silence."""
    measured = lufs(samples)
    if measured <= SILENCE_LUFS:
        return samples
    samples *= np.float32(10 ** ((target - measured) / 20))
    return samples


def _looped(music: Samples, samples: int) -> Samples:
    """Trimmed, or repeated with each repeat fading in over the end of the one before."""
    overlap = min(round(_LOOP_OVERLAP * RATE), len(music) // 3)
    if len(music) >= samples or overlap == 0:
        return fitted(music, samples)
    out = np.zeros((samples, music.shape[1]), np.float32)
    step = len(music) - overlap
    for number, at in enumerate(range(0, samples, step)):
        part = _faded(music.copy(), overlap / RATE if number else 0, overlap / RATE)
        _add(out, part, at)
    return out


def _faded(samples: Samples, fade_in: float, fade_out: float) -> Samples:
    """Fades of equal power at both ends, in place."""
    into, away = (min(round(s * RATE), len(samples)) for s in (fade_in, fade_out))
    if into:
        samples[:into] *= _rising(into)
    if away:
        samples[-away:] *= _rising(away)[::-1]
    return samples


def _rising(count: int) -> NDArray[np.float32]:
    return np.sin(np.linspace(0, np.pi / 2, count, dtype=np.float32))[:, None]


def _ducking(voice: NDArray[np.float32]) -> NDArray[np.float64]:
    """The beds' gain a step: down quickly just before a voice, up slowly after it."""
    steps = -(-len(voice) // _CONTROL)
    padded = np.pad(voice, (0, steps * _CONTROL - len(voice)))
    level = np.sqrt((padded.reshape(steps, _CONTROL) ** 2).mean(axis=1))
    speaking = _held(level > _SPEAKING, before=12, after=30)
    return _glided(np.where(speaking, _DUCK, 1.0))


def _held(speaking: NDArray[np.bool_], before: int, after: int) -> NDArray[np.bool_]:
    """Also true for some steps before and after, so that gaps between words don't pump."""
    counts = np.convolve(speaking.astype(np.int32), np.ones(before + after + 1, np.int32))
    return np.asarray(counts[before : before + len(speaking)] > 0)


def _glided(targets: NDArray[np.float64]) -> NDArray[np.float64]:
    """One-pole smoothing: 60 ms down, 250 ms up."""
    out, value = np.empty_like(targets), 1.0
    for index, target in enumerate(targets):
        value += (target - value) * (0.15 if target < value else 0.04)
        out[index] = value
    return out


def bring_to_loudness(track: Samples) -> None:
    """Gain towards the target, limit, measure what the limiter left, and again; in place."""
    measured = lufs(track)
    if measured <= SILENCE_LUFS:
        return
    for _ in range(_PASSES):
        track *= np.float32(10 ** ((TARGET_LUFS - measured) / 20))
        limit(track, CEILING_DBTP)
        measured = lufs(track)
        if abs(TARGET_LUFS - measured) < _CLOSE_ENOUGH:
            return
