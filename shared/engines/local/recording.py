"""A voice's sound with its words: made even, trimmed, written to a file."""

import wave
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

_BLOCK = 0.01
"""Seconds of sound that are judged silent or not together, nearly: a block is whole samples."""

LEAD, TAIL = 0.05, 0.15
"""Seconds of quiet kept at the ends."""

_PEAK = 0.7
_SILENT = 0.012  # of the loudest block

Sound: TypeAlias = NDArray[np.float32]
Mark: TypeAlias = tuple[int, int]
"""Where a word begins: its place in the text, and its sample."""


@dataclass(frozen=True)
class Recording:
    """The sound that a voice made, and where its words begin."""

    rate: int
    marks: tuple[Mark, ...]
    sound: Sound


def trim(recording: Recording, lead: float = LEAD, tail: float = TAIL) -> Recording:
    """Return the recording at an even level, with a little quiet before and after it."""
    rate, sound = recording.rate, recording.sound
    heard = find_heard(sound, rate)
    if heard is None:
        return recording
    start, end = heard
    spoken = soften_ends(sound[start:end] * np.float32(_PEAK / np.abs(sound).max()), rate)
    before, after = round(lead * rate), round(tail * rate)
    marks = (
        (place, min(max(0, at - start), len(spoken)) + before) for place, at in recording.marks
    )
    return Recording(rate, tuple(marks), np.pad(spoken, (before, after)))


def shift_pitch(recording: Recording, shift: float) -> Recording:
    """Return the recording played so many times faster, and so much higher.

    Whoever speaks is asked to speak as much slower before: then only the pitch has changed.
    """
    if shift == 1.0:
        return recording
    sound = recording.sound
    places = np.arange(0, len(sound) - 1, shift)
    shifted = np.interp(places, np.arange(len(sound)), sound).astype(np.float32)
    marks = tuple((letter, round(sample / shift)) for letter, sample in recording.marks)
    return Recording(recording.rate, marks, shifted)


def soften_ends(spoken: Sound, rate: int) -> Sound:
    """Fade both ends, in place, and return the sound: cut at any sample, it would click."""
    samples = min(block_samples(rate) // 2, len(spoken))
    edge = np.linspace(0, 1, samples, dtype=np.float32)
    spoken[:samples] *= edge
    spoken[len(spoken) - samples :] *= edge[::-1]
    return spoken


def find_heard(sound: Sound, rate: int) -> tuple[int, int] | None:
    """Return the samples between which something is heard; None where nothing is."""
    loud = np.flatnonzero(measure_levels(sound, rate) > 0)
    block = block_samples(rate)
    return (int(loud[0]) * block, (int(loud[-1]) + 1) * block) if len(loud) else None


def block_samples(rate: int) -> int:
    """Return how many samples a block has."""
    return int(rate * _BLOCK)


def measure_levels(sound: Sound, rate: int) -> Sound:
    """Return the level of each block of sound, 0 where it is silent."""
    block = block_samples(rate)
    blocks = sound[: len(sound) // block * block].reshape(-1, block)
    levels: Sound = np.sqrt((blocks**2).mean(axis=1))
    levels[levels < _SILENT * levels.max(initial=1e-9)] = 0
    return levels


def write(recording: Recording, out: Path) -> None:
    """Write the sound as a mono WAV file."""
    with wave.open(str(out), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(recording.rate)
        file.writeframes((recording.sound * 32767).astype("<i2").tobytes())
