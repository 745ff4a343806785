"""The voice of espeak-ng, and the phonemes that it finds for words, from a process of its own."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared.engines.local.recording import Recording
from shared.engines.local.styles import VoiceChoice
from shared.story.errors import TransientError

_SPEAKER = Path(__file__).with_name("speaker.py")
_PATIENCE = 30.0  # seconds; a long text takes a twentieth of one


@dataclass(frozen=True)
class Sounds:
    """A word's place in the text, how many letters it has, and its phonemes in IPA."""

    place: int
    letters: int
    phonemes: str


def record(text: str, language: str, voice: VoiceChoice, rate: float) -> Recording:
    """Return what espeak-ng says."""
    settings = (round(voice.words_a_minute * rate), voice.pitch, voice.range)
    head, body = _run(text, f"{language}+{voice.variant}", settings)
    marks = tuple((place, sample) for place, _, sample, _ in head["words"])
    sound = np.frombuffer(body, "<i2").astype(np.float32) / np.float32(32768)
    return Recording(head["rate"], marks, sound)


def list_sounds(text: str, language: str) -> list[Sounds]:
    """Return the words with their phonemes, as they sound beside each other.

    Words that are spoken as one, such as "of the", are one: the place is that of the first.
    """
    head, _ = _run(text, language, (450, 50, 50))  # the fastest: its sound is not wanted
    return [Sounds(place, letters, sounds) for place, letters, _, sounds in head["words"]]


def _run(text: str, name: str, settings: tuple[int, int, int]) -> tuple[dict[str, Any], bytes]:
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
    return json.loads(head), body
