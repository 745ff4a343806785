"""Speaks a text with espeak-ng: writes a WAV file, and tells when each of the words sounds."""

import json
import re
import subprocess
import sys
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.engines.local.language import UNSPACED, language_of
from shared.engines.local.styles import VoiceChoice
from shared.story.errors import BadInput, TransientError

_SPEAKER = Path(__file__).with_name("speaker.py")
_PATIENCE = 30.0  # seconds; a long text takes a twentieth of one
_LONGEST = 4_000  # characters
# Chinese characters. In Chinese, espeak-ng reads them; in Japanese, it says "Chinese letter".
_HAN = re.compile(r"[\u3005-\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_PEAK = 0.7
_BLOCK = 0.01  # seconds of sound that are judged silent or not together
_SILENT = 0.012  # of the loudest block
_LEAD, _TAIL = 0.05, 0.15  # seconds of quiet kept at the ends

Sound: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True)
class SpokenWord:
    """A word as it is written, with its punctuation, and when it sounds (seconds)."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class SpokenWords:
    """A recording's length and its words in order."""

    seconds: float
    words: tuple[SpokenWord, ...]


@dataclass(frozen=True)
class _Recording:
    """The sound that espeak-ng made; a mark is (place in the text, sample) where a word begins."""

    rate: int
    marks: tuple[tuple[int, int], ...]
    sound: Sound


def speak(text: str, voice: VoiceChoice, out: Path, rate: float = 1.0) -> SpokenWords:
    """Write the spoken text as 22.05 kHz mono WAV and return its words.

    A `rate` of 1.1 speaks a tenth faster.
    """
    text = " ".join(text.split())
    _refuse_text(text)
    recording = _trim(_record(text, voice, rate))
    if not recording.marks or not recording.sound.any():
        raise BadInput(f"no voice can read {text!r}", field="narration")
    _write(recording, out)
    seconds = len(recording.sound) / recording.rate
    return SpokenWords(seconds, tuple(_time_words(text, recording)))


def _refuse_text(text: str) -> None:
    """Refuse a text that no voice can speak."""
    if not any(letter.isalnum() for letter in text):
        raise BadInput(f"nothing to say in {text!r}: a narration needs words", field="narration")
    if len(text) > _LONGEST:
        raise BadInput(
            f"a narration may have {_LONGEST:,} characters, not {len(text):,}", field="narration"
        )
    if language_of(text) == "ja" and _HAN.search(text):
        raise BadInput("no voice can read kanji here: write them as kana", field="narration")


def _record(text: str, voice: VoiceChoice, rate: float) -> _Recording:
    """Return what espeak-ng says, run in a process of its own."""
    name = f"{language_of(text)}+{voice.variant}"
    settings = (round(voice.words_a_minute * rate), voice.pitch, voice.range)
    command = [sys.executable, str(_SPEAKER), name, *map(str, settings)]
    try:
        done = subprocess.run(
            command, input=text.encode(), capture_output=True, timeout=_PATIENCE, check=True
        )
    except subprocess.TimeoutExpired as error:
        raise TransientError(f"espeak-ng did not finish within {_PATIENCE:.0f} s") from error
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip()
        raise TransientError(f"espeak-ng failed: {reason or error.returncode}") from error
    head, _, body = done.stdout.partition(b"\n")
    facts = json.loads(head)
    marks = tuple((place, sample) for place, sample in facts["words"])
    sound = np.frombuffer(body, "<i2").astype(np.float32) / np.float32(32768)
    return _Recording(facts["rate"], marks, sound)


def _trim(recording: _Recording) -> _Recording:
    """Return the recording at an even level, with a little quiet before and after it."""
    rate, sound = recording.rate, recording.sound
    loud = np.flatnonzero(_measure_levels(sound, rate) > 0)
    if not len(loud):
        return recording
    block = int(rate * _BLOCK)
    start, end = int(loud[0]) * block, (int(loud[-1]) + 1) * block
    spoken = sound[start:end] * np.float32(_PEAK / np.abs(sound).max())
    # Cut at any sample, the sound would begin and end with a click.
    edge = np.linspace(0, 1, block // 2, dtype=np.float32)
    spoken[: len(edge)] *= edge
    spoken[-len(edge) :] *= edge[::-1]
    lead, tail = round(_LEAD * rate), round(_TAIL * rate)
    marks = ((place, min(max(0, at - start), len(spoken)) + lead) for place, at in recording.marks)
    return _Recording(rate, tuple(marks), np.pad(spoken, (lead, tail)))


def _measure_levels(sound: Sound, rate: int) -> Sound:
    """Return the level of each block of sound, 0 where it is silent."""
    block = int(rate * _BLOCK)
    blocks = sound[: len(sound) // block * block].reshape(-1, block)
    levels: Sound = np.sqrt((blocks**2).mean(axis=1))
    levels[levels < _SILENT * levels.max(initial=1e-9)] = 0
    return levels


def _write(recording: _Recording, out: Path) -> None:
    with wave.open(str(out), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(recording.rate)
        file.writeframes((recording.sound * 32767).astype("<i2").tobytes())


def _time_words(text: str, recording: _Recording) -> list[SpokenWord]:
    """Return the words of the text with their times."""
    # espeak-ng marks only where a word begins. It ends with the last sound before the next mark.
    tokens = _cut_at_marks(text, recording.marks)
    levels = _measure_levels(recording.sound, recording.rate)
    limits = [sample / recording.rate for _, sample in tokens]
    limits.append(len(recording.sound) / recording.rate)
    words = []
    for (token, _), (start, limit) in zip(tokens, pairwise(limits), strict=True):
        if limit > start:
            words.append(SpokenWord(token, start, _find_end(levels, start, limit)))
        elif words:
            # Two words with one time: a caption can't light one without the other.
            words[-1] = SpokenWord(f"{words[-1].text} {token}", words[-1].start, words[-1].end)
    return words


def _cut_at_marks(text: str, marks: Sequence[tuple[int, int]]) -> list[tuple[str, int]]:
    """Return the words of the text, each with the sample where it begins.

    A word such as "well-known" has several marks, so only scripts that write without spaces are
    cut at every mark. What has no mark, such as a dash, stays with the word before it.
    """
    spaced = language_of(text) not in UNSPACED
    cuts: list[tuple[int, int]] = []
    for match in re.finditer(r"\S+", text):
        inside = [mark for mark in marks if match.start() <= mark[0] < match.end()]
        if inside:
            first = (match.start(), inside[0][1])
            cuts += _keep_rising(cuts, [first] if spaced else [first, *inside[1:]])
    starts = [0, *(place for place, _ in cuts[1:]), len(text)]
    words = [text[a:b].strip() for a, b in pairwise(starts)]
    return [(word, sample) for word, (_, sample) in zip(words, cuts, strict=True) if word]


def _keep_rising(
    cuts: Sequence[tuple[int, int]], marks: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return the marks that go on in the text and in time; Japanese ones repeat their place."""
    kept: list[tuple[int, int]] = []
    for place, sample in marks:
        before = (kept or cuts)[-1] if kept or cuts else (-1, -1)
        if place > before[0] and sample >= before[1]:
            kept.append((place, sample))
    return kept


def _find_end(levels: Sound, start: float, limit: float) -> float:
    """Return when the last sound between two times ends."""
    first, last = int(start / _BLOCK), int(np.ceil(limit / _BLOCK))
    heard = np.flatnonzero(levels[first:last])
    return min(limit, (first + int(heard[-1]) + 1) * _BLOCK) if len(heard) else limit
