"""Speaks a text with espeak-ng: a wav file, and when each of the text's words sounds."""

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
_HAN = re.compile(r"[\u3005-\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
"""espeak-ng reads these in Chinese; in Japanese it says "Chinese letter" for each."""
_PEAK = 0.7
_BLOCK = 0.01  # seconds of sound that are judged silent or not together
_SILENT = 0.012  # of the loudest
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
class _Raw:
    """What came out of espeak-ng: word marks are (place in the text, sample)."""

    rate: int
    marks: tuple[tuple[int, int], ...]
    sound: Sound


def speak(text: str, voice: VoiceChoice, out: Path, rate: float = 1.0) -> SpokenWords:
    """Write the spoken text as 22.05 kHz mono wav; `rate` 1.1 speaks a tenth faster."""
    text = " ".join(text.split())
    if not any(letter.isalnum() for letter in text):
        raise BadInput(f"nothing to say in {text!r}: a narration needs words", field="narration")
    if len(text) > _LONGEST:
        raise BadInput(
            f"a narration may have {_LONGEST:,} characters, not {len(text):,}", field="narration"
        )
    if language_of(text) == "ja" and _HAN.search(text):
        raise BadInput("no voice at hand can read kanji: write them as kana", field="narration")
    raw = _trimmed(_said(text, voice, rate))
    if not raw.marks or not raw.sound.any():
        raise BadInput(f"no voice can read {text!r}", field="narration")
    _write(raw, out)
    return SpokenWords(len(raw.sound) / raw.rate, tuple(_words(text, raw)))


def _said(text: str, voice: VoiceChoice, rate: float) -> _Raw:
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
        told = error.stderr.decode(errors="replace").strip()
        raise TransientError(f"espeak-ng failed: {told or error.returncode}") from error
    head, _, body = done.stdout.partition(b"\n")
    facts = json.loads(head)
    marks = tuple((place, sample) for place, sample in facts["words"])
    sound = np.frombuffer(body, "<i2").astype(np.float32) / np.float32(32768)
    return _Raw(facts["rate"], marks, sound)


def _trimmed(raw: _Raw) -> _Raw:
    """At an even level, with a little quiet before and after, and no more."""
    loud = np.flatnonzero(_levels(raw.sound, raw.rate) > 0)
    if not len(loud):
        return raw
    block = int(raw.rate * _BLOCK)
    start, end = int(loud[0]) * block, (int(loud[-1]) + 1) * block
    spoken = raw.sound[start:end] * np.float32(_PEAK / np.abs(raw.sound).max())
    edge = np.linspace(0, 1, block // 2, dtype=np.float32)
    spoken[: len(edge)] *= edge
    spoken[-len(edge) :] *= edge[::-1]
    lead, tail = round(_LEAD * raw.rate), round(_TAIL * raw.rate)
    marks = ((place, min(max(0, at - start), len(spoken)) + lead) for place, at in raw.marks)
    return _Raw(raw.rate, tuple(marks), np.pad(spoken, (lead, tail)))


def _levels(sound: Sound, rate: int) -> Sound:
    """The level of each block of sound, 0 where it is silent."""
    block = int(rate * _BLOCK)
    blocks = sound[: len(sound) // block * block].reshape(-1, block)
    levels: Sound = np.sqrt((blocks**2).mean(axis=1))
    levels[levels < _SILENT * levels.max(initial=1e-9)] = 0
    return levels


def _write(raw: _Raw, out: Path) -> None:
    with wave.open(str(out), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(raw.rate)
        file.writeframes((raw.sound * 32767).astype("<i2").tobytes())


def _words(text: str, raw: _Raw) -> list[SpokenWord]:
    """espeak-ng marks neither punctuation nor a word's end: both are found here."""
    tokens = _tokens(text, raw.marks)
    levels = _levels(raw.sound, raw.rate)
    limits = [sample / raw.rate for _, sample in tokens] + [len(raw.sound) / raw.rate]
    words = []
    for (token, _), (start, limit) in zip(tokens, pairwise(limits), strict=True):
        if limit > start:
            words.append(SpokenWord(token, start, _sounds_until(levels, start, limit)))
        elif words:
            words[-1] = SpokenWord(f"{words[-1].text} {token}", words[-1].start, words[-1].end)
    return words


def _tokens(text: str, marks: Sequence[tuple[int, int]]) -> list[tuple[str, int]]:
    """The text cut into its words, each with the sample where it begins.

    Only scripts that write without spaces are cut at every mark: "well-known" has several too.
    What has no mark of its own, like a dash, stays with the word before it.
    """
    spaced = language_of(text) not in UNSPACED
    cuts: list[tuple[int, int]] = []
    for match in re.finditer(r"\S+", text):
        inside = [mark for mark in marks if match.start() <= mark[0] < match.end()]
        if inside:
            first = (match.start(), inside[0][1])
            cuts += _rising(cuts, [first] if spaced else [first, *inside[1:]])
    starts = [0, *(place for place, _ in cuts[1:]), len(text)]
    pieces = [text[a:b].strip() for a, b in pairwise(starts)]
    return [(piece, sample) for piece, (_, sample) in zip(pieces, cuts, strict=True) if piece]


def _rising(
    cuts: Sequence[tuple[int, int]], marks: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Marks that go on in the text and in time; Japanese ones repeat their place."""
    kept: list[tuple[int, int]] = []
    for place, sample in marks:
        before = (kept or cuts)[-1] if kept or cuts else (-1, -1)
        if place > before[0] and sample >= before[1]:
            kept.append((place, sample))
    return kept


def _sounds_until(levels: Sound, start: float, limit: float) -> float:
    """When the last sound before the next word ends."""
    first, last = int(start / _BLOCK), int(np.ceil(limit / _BLOCK))
    heard = np.flatnonzero(levels[first:last])
    return min(limit, (first + int(heard[-1]) + 1) * _BLOCK) if len(heard) else limit
