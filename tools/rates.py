"""`make measure-voices`: measures how fast each voice speaks each language, and writes the table.

Every text in tools/speech is spoken, and pairs of them, which have a pause between them. Then the
rates are those with the least error.
"""

import random
import sys
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.engines.local import espeak, neural
from shared.engines.local.recording import trim
from shared.engines.local.styles import VoiceChoice
from shared.story.speech.numbers import ENGLISH
from shared.story.speech.seconds import ESPEAK, NEURAL, NORMAL, count
from shared.story.speech.spoken import say

TEXTS = Path(__file__).with_name("speech")
TABLE = Path("shared/story/speech/rates.py")
PAIRS = 12
VOICE = VoiceChoice("m3", NORMAL, 45, 50)
HEAD = '''"""How fast each voice speaks each language. Pure data, written by `make measure-voices`.

(voice, language) → the seconds of a letter, a pause, the end of a sentence, and of both ends.
"""

RATES: dict[tuple[str, str], tuple[float, float, float, float]] = {
'''

Rates = tuple[float, ...]


def main() -> int:
    found = {(voice, name): measure(voice, name, texts) for voice, name, texts in list_voices()}
    found[ESPEAK, "*"] = tuple(np.median([*found.values()], axis=0).round(3).tolist())
    rows = [f'    ("{voice}", "{name}"): {rates},\n' for (voice, name), rates in found.items()]
    TABLE.write_text(HEAD + "".join(rows) + "}\n", encoding="utf-8")
    return 0


def list_voices() -> Iterator[tuple[str, str, list[str]]]:
    """Yield each voice with a language that it speaks, and the texts to measure it by."""
    for path in sorted(TEXTS.glob("*.txt")):
        lines = path.read_text(encoding="utf-8").splitlines()
        pairs = random.Random(0).sample([*combinations(lines, 2)], min(PAIRS, len(lines)))
        texts = [*lines, *(f"{one} {other}" for one, other in pairs)]
        if path.stem == ENGLISH:
            yield NEURAL, path.stem, texts
        yield ESPEAK, path.stem, texts


def measure(voice: str, language: str, texts: Sequence[str]) -> Rates:
    """Return the rates with the least error, as a share of each text's length."""
    seconds = np.array([time(voice, language, text) for text in texts])
    counts = np.array([[*count(text, language), 1.0] for text in texts])
    counts /= seconds[:, None]
    rates = find_rates(counts)
    off = counts @ rates - 1
    print(f"{voice} {language}: texts={len(texts)} off_rms={off.std():.3f} off_min={off.min():.3f}")
    return tuple(rates.round(3).tolist())


def find_rates(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rates that make the least error; none is below zero, since nothing saves time."""
    rates, used = np.zeros(counts.shape[1]), np.ones(counts.shape[1], bool)
    while used.any():
        found, *_ = np.linalg.lstsq(counts[:, used], np.ones(len(counts)), rcond=None)
        if found.min() >= 0:
            rates[used] = found
            break
        used[np.flatnonzero(used)[found.argmin()]] = False
    return rates


def time(voice: str, language: str, text: str) -> float:
    """Return how long the text takes in this voice."""
    said = say(text, language).text
    if voice == NEURAL:
        made = neural.record(said, VOICE, 1.0, seed=len(text))
    else:
        made = espeak.record(said, language, VOICE, 1.0)
    made = trim(made)
    return len(made.sound) / made.rate


if __name__ == "__main__":
    sys.exit(main())
