"""Speech: the same every time, every word in its place."""

import itertools
import wave
from pathlib import Path

import numpy as np
import pytest

from shared.engines.local.language import language_of
from shared.engines.local.styles import VoiceChoice, style_of
from shared.engines.local.voice import SpokenWords, speak
from shared.story.errors import BadInput
from shared.story.looks import STYLES
from shared.story.speech.seconds import NORMAL, speaking_seconds

TEXT = "Hello, wörld — it's 30% of “the” well-known co-op. Done!"
VOICE = style_of("cinematic").voice


def spoken(folder: Path, text: str = TEXT, rate: float = 1.0) -> SpokenWords:
    return speak(text, VOICE, folder / "voice.wav", rate)


def samples(folder: Path) -> np.ndarray:
    with wave.open(str(folder / "voice.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (22050, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64) / 32768


def test_the_same_text_sounds_the_same_whatever_was_said_before(tmp_path: Path) -> None:
    spoken(tmp_path)
    first = (tmp_path / "voice.wav").read_bytes()
    spoken(tmp_path, "Something else.")
    spoken(tmp_path)
    assert (tmp_path / "voice.wav").read_bytes() == first


def test_words_keep_their_punctuation_and_nothing_is_lost(tmp_path: Path) -> None:
    words = [word.text for word in spoken(tmp_path).words]
    assert " ".join(words) == TEXT
    assert words[:2] == ["Hello,", "wörld —"]


@pytest.mark.parametrize("text", [TEXT, "One.", "It's 7 o'clock; run!", "Лиса учится, летать"])
def test_word_times_rise_within_the_sound(tmp_path: Path, text: str) -> None:
    made = spoken(tmp_path, text)
    assert made.seconds == pytest.approx(len(samples(tmp_path)) / 22050)
    edges = [edge for word in made.words for edge in (word.start, word.end)]
    assert all(a <= b for a, b in itertools.pairwise(edges))
    assert edges[0] >= 0
    assert edges[-1] <= made.seconds
    assert all(word.end > word.start for word in made.words)


def test_words_are_heard_when_they_are_said_to_be(tmp_path: Path) -> None:
    """A long pause lies between the sentences: between the words' times too."""
    made = spoken(tmp_path, "First. Second.")
    sound = samples(tmp_path)
    first, second = made.words
    pause = sound[int((first.end + 0.02) * 22050) : int((second.start - 0.02) * 22050)]
    assert len(pause) > 1000
    assert np.abs(pause).max() < 0.05 * np.abs(sound).max()


@pytest.mark.parametrize(
    ("text", "least"),
    [("一只狐狸学飞。", 3), ("สวัสดีครับ วันนี้", 2), ("きつねがそらをとぶ。きょうも", 2)],
)
def test_scripts_without_spaces_are_not_broken(tmp_path: Path, text: str, least: int) -> None:
    words = [word.text for word in spoken(tmp_path, text).words]
    assert "".join(words).replace(" ", "") == text.replace(" ", "")
    assert len(words) >= least


def test_the_level_is_even_and_the_ends_are_silent(tmp_path: Path) -> None:
    spoken(tmp_path)
    sound = samples(tmp_path)
    assert 0.6 < np.abs(sound).max() < 0.75
    assert np.abs(sound[[0, -1]]).max() < 1e-3
    assert np.abs(sound[-2000:]).max() < 1e-3


def test_a_higher_rate_is_shorter(tmp_path: Path) -> None:
    assert spoken(tmp_path, rate=1.3).seconds < 0.85 * spoken(tmp_path).seconds


def test_every_style_has_its_own_voice(tmp_path: Path) -> None:
    made = set()
    for style in STYLES:
        speak(TEXT, style_of(style).voice, tmp_path / "voice.wav")
        made.add((tmp_path / "voice.wav").read_bytes())
    assert len(made) == len(STYLES)


@pytest.mark.parametrize("text", ["", "   ", "...", "— !", "🦊"])
def test_what_cannot_be_said_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput, match="nothing to say"):
        spoken(tmp_path, text)


@pytest.mark.parametrize("text", ["狐が空を飛ぶ。", "東京タワー", "時々ゆめをみる"])
def test_kanji_are_refused_rather_than_spelt_out(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput, match="no voice can read kanji here") as refused:
        spoken(tmp_path, text)
    assert refused.value.field == "narration"
    assert not (tmp_path / "voice.wav").exists()


def test_a_narration_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="4,000 characters"):
        spoken(tmp_path, "word " * 1000)


@pytest.mark.parametrize(
    "text",
    [
        "مخبز صغير يفتح أبوابه في الصباح، ورائحة الخبز تملأ الشارع.",
        "कॉफी की खुशबू पूरी गली में फैल जाती है।",
        "여우가 하늘을 나는 법을 배웁니다.",
    ],
)
def test_other_scripts_are_planned_for_as_long_as_they_are_spoken(
    text: str, tmp_path: Path
) -> None:
    voice = VoiceChoice("m3", NORMAL, 45, 50)
    spoken = speak(text, voice, tmp_path / "said.wav").seconds
    assert speaking_seconds(text, language_of(text), "espeak") == pytest.approx(spoken, rel=0.15)
