"""Music beds: exact, even, without a click, and different by mood and seed."""

import itertools
import wave
from pathlib import Path

import numpy as np
import pytest

from shared.engines.local.music import compose
from shared.engines.local.scores import SCORES
from shared.engines.local.styles import Mood, style_of
from shared.media.sound import loudness, read_sound
from shared.story.errors import BadInput
from shared.story.looks import STYLES

MOODS: tuple[Mood, ...] = tuple(SCORES)


def composed(folder: Path, mood: Mood = "epic", seconds: float = 6, seed: int = 1) -> np.ndarray:
    out = folder / "music.wav"
    compose(mood, seconds, seed, out)
    with wave.open(str(out)) as file:
        assert (file.getframerate(), file.getnchannels()) == (48_000, 2)
    return read_sound(out)


@pytest.mark.parametrize("seconds", [0.5, 2.0, 5.0, 12.345])
def test_music_is_exactly_as_long_as_asked(tmp_path: Path, seconds: float) -> None:
    assert len(composed(tmp_path, seconds=seconds)) == round(seconds * 48_000)


@pytest.mark.parametrize("mood", MOODS)
def test_every_mood_is_even_and_never_clicks(tmp_path: Path, mood: Mood) -> None:
    sound = composed(tmp_path, mood, 20)
    measured = loudness(sound)
    assert -21 < measured.lufs < -15
    assert measured.peak_dbtp < -2
    assert np.abs(sound[[0, -1]]).max() == 0
    # A click is a step that the samples around it do not announce.
    bend = np.abs(np.diff(sound, n=2, axis=0)).max()
    assert bend < 0.2
    quarters = np.split(sound[: len(sound) // 4 * 4], 4)
    levels = [float(np.sqrt((quarter**2).mean())) for quarter in quarters]
    assert max(levels) < 2 * min(levels)


@pytest.mark.parametrize("mood", MOODS)
def test_music_comes_in_softly_and_is_there_to_the_end(tmp_path: Path, mood: Mood) -> None:
    sound = composed(tmp_path, mood, 20)
    level = np.sqrt((sound**2).mean())
    assert np.sqrt((sound[:4800] ** 2).mean()) < 0.2 * level
    # Who uses it fades it once; a fade of its own would make two.
    for end in (sound[-12_000:], sound[-48_000:-24_000], sound[-96_000:-48_000]):
        assert np.sqrt((end**2).mean()) > 0.5 * level


def test_both_sides_are_heard_and_differ(tmp_path: Path) -> None:
    left, right = composed(tmp_path).T
    assert 0.3 < np.corrcoef(left, right)[0, 1] < 0.995
    assert 0.8 < left.std() / right.std() < 1.25


@pytest.mark.parametrize("mood", ["epic", "tender", "elegant"])
def test_the_bass_plays_the_roots_of_the_chords(tmp_path: Path, mood: Mood) -> None:
    score, bars = SCORES[mood], 8
    sound = composed(tmp_path, mood, bars * 240 / score.beats_a_minute)[:, 0]
    bar = len(sound) // bars
    heard = [_lowest_tone(sound[n * bar : (n + 1) * bar]) for n in range(1, 4)]
    roots = [[verse[n][0] - 12 for n in range(1, 4)] for verse in score.verses]
    assert any(np.abs(np.subtract(heard, verse)).max() < 0.6 for verse in roots)


def _lowest_tone(sound: np.ndarray) -> float:
    """The strongest tone of the lowest octaves, as a MIDI note."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 19))
    hertz = np.fft.rfftfreq(1 << 19, 1 / 48_000)
    low = (hertz > 55) & (hertz < 126)
    return float(69 + 12 * np.log2(hertz[low][spectrum[low].argmax()] / 440))


def test_the_seed_decides(tmp_path: Path) -> None:
    assert np.array_equal(composed(tmp_path, seed=3), composed(tmp_path, seed=3))
    assert not np.array_equal(composed(tmp_path, seed=3), composed(tmp_path, seed=4))


def test_moods_sound_different(tmp_path: Path) -> None:
    count = 48_000 * 8
    spectra = [np.abs(np.fft.rfft(composed(tmp_path, mood, 8)[:count, 0])) for mood in MOODS]
    shapes = [spectrum[:40_000].reshape(-1, 100).mean(axis=1) for spectrum in spectra]
    likeness = [np.corrcoef(one, other)[0, 1] for one, other in itertools.combinations(shapes, 2)]
    assert max(likeness) < 0.97


def test_every_style_has_music() -> None:
    assert {style_of(style).mood for style in STYLES} == set(MOODS)


@pytest.mark.parametrize("seconds", [0, -1, 1e9])
def test_an_impossible_length_is_refused(tmp_path: Path, seconds: float) -> None:
    with pytest.raises(BadInput, match="music lasts"):
        composed(tmp_path, seconds=seconds)
