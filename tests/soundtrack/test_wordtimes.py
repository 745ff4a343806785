"""Word times from the sound alone, against those that a synthesiser knows of its own speech."""

from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from services.soundtrack.wordtimes import estimate_words
from services.soundtrack.work import check_music, check_voice, check_words
from shared.engines.local.styles import style_of
from shared.engines.local.voice import speak
from shared.jobs.engine import Workspace
from shared.jobs.outcomes import Made
from shared.media.probe import BadMedia
from shared.media.sound import RATE, read_sound, write_wav
from shared.story.errors import TransientError
from shared.story.kinds import MusicOrder, VoiceOrder, WordsOrder
from tests.media.samples import tone

TEXTS = [
    "A lighthouse keeper wakes before dawn and lights the lamp. The storm throws a bottle ashore.",
    "Meet the cup that stays warm for 12 hours, fits any bag, and never leaks. Order yours today!",
    "Der alte Fischer rudert langsam hinaus; die See ist ruhig, der Himmel grau.",
    "They share the last bread and watch the sunset together.",
    "One. Two. Three. Go now, before it is too late, my friend.",
]


@pytest.mark.parametrize("style", ["cinematic", "playful", "luxury"])
def test_words_are_found_where_they_sound(tmp_path: Path, style: str) -> None:
    errors: list[float] = []
    for text in TEXTS:
        spoken = speak(text, style_of(style).voice, tmp_path / "voice.wav")
        found = estimate_words(read_sound(tmp_path / "voice.wav", 1)[:, 0], RATE, text)
        assert [word.text for word in found] == [word.text for word in spoken.words]
        errors += [abs(a.start - b.start) for a, b in zip(found, spoken.words, strict=True)]
    assert float(np.median(errors)) <= 0.06
    assert float(np.percentile(errors, 90)) <= 0.18


def test_words_follow_each_other_within_the_recording() -> None:
    sound = np.zeros(3 * RATE, np.float32)
    sound[RATE : 2 * RATE] = tone(1.0)[:, 0]
    found = estimate_words(sound, RATE, "Hello there, wide world.")
    assert [word.text for word in found] == ["Hello", "there,", "wide", "world."]
    assert found[0].start == pytest.approx(1.0, abs=0.02)
    assert found[-1].end == pytest.approx(2.0, abs=0.02)
    assert all(a.end <= b.start + 0.011 for a, b in pairwise(found))


def test_a_script_without_spaces_is_shown_a_few_letters_at_a_time() -> None:
    found = estimate_words(tone(2.0)[:, 0], RATE, "とうだいもりがひをともす")
    assert [word.text for word in found] == ["とうだい", "もりがひ", "をともす"]


@pytest.mark.parametrize("text", ["", "Hello?"])
def test_where_nothing_sounds_there_is_no_word(text: str) -> None:
    assert estimate_words(np.zeros(RATE, np.float32), RATE, text) == []
    assert estimate_words(np.zeros(3, np.float32), RATE, text) == []


def order(text: str) -> VoiceOrder:
    return VoiceOrder(text=text, style="noir", seconds=2)


def test_a_voice_without_word_times_gets_them(tmp_path: Path) -> None:
    spoken = speak("The lamp is lit.", style_of("cinematic").voice, tmp_path / "voice.wav")
    made = check_voice(
        order("The lamp is lit."), Workspace(tmp_path), Made({"key": tmp_path / "voice.wav"})
    )
    assert [word["text"] for word in made.data["words"]] == ["The", "lamp", "is", "lit."]
    assert made.data["seconds"] == pytest.approx(spoken.seconds, abs=0.002)


def test_word_times_that_are_known_stay(tmp_path: Path) -> None:
    write_wav(tone(1.0), tmp_path / "voice.wav")
    known = [{"text": "hm", "start": 0.1, "end": 0.2}]
    made = Made({"key": tmp_path / "voice.wav"}, {"words": known})
    assert check_voice(order("hm"), Workspace(tmp_path), made).data["words"] == known


def test_words_have_the_times_at_which_somebody_heard_them(tmp_path: Path) -> None:
    write_wav(tone(1.0), tmp_path / "voice.wav")
    space = Workspace(tmp_path, {"recording": tmp_path / "voice.wav"})
    heard = [{"text": "hm", "start": 0.1, "end": 0.2}, {"text": "yes", "start": 0.5, "end": 0.9}]
    made = check_words(WordsOrder(text="Hm, yes!"), space, Made(data={"words": heard}))
    assert made.data["words"] == [
        {"text": "Hm,", "start": 0.1, "end": 0.2}, {"text": "yes!", "start": 0.5, "end": 0.9},
    ]  # fmt: skip
    assert check_words(WordsOrder(text="Hm, yes!"), space, Made()) == Made()  # nothing was heard


def test_a_sound_that_is_none_is_refused(tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    music = MusicOrder(prompt="hm", style="noir", seconds=2, seed=0)
    (tmp_path / "page.wav").write_text("<html>too many requests</html>")
    for finish in (partial(check_voice, order("hm")), partial(check_music, music)):
        with pytest.raises(BadMedia):
            finish(space, Made({"key": tmp_path / "page.wav"}))
        with pytest.raises(TransientError, match="without"):
            finish(space, Made())
