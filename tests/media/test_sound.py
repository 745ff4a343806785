"""Sound comes back as it was, measured as the standard says."""

from pathlib import Path

import numpy as np
import pytest

from shared.media.probe import BadMedia
from shared.media.sound import (
    RATE,
    apply_gains,
    change_tempo,
    fit_length,
    loudness,
    read_sound,
    write_aac,
    write_wav,
)
from tests.media.samples import Shape, tone, write_clip


def test_the_meter_knows_the_reference_tones() -> None:
    """EBU Tech 3341: a stereo 1-kHz sine at -23 dBFS reads -23 LUFS, one channel 3 less."""
    level = 10 ** (-23 / 20)
    assert loudness(tone(4, 2, 1000, level)).lufs == pytest.approx(-23.0, abs=0.1)
    assert loudness(tone(4, 1, 1000, level)).lufs == pytest.approx(-26.0, abs=0.1)
    assert loudness(tone(4, 2, 1000, level)).peak_dbtp == pytest.approx(-23.0, abs=0.2)


def test_the_peak_between_the_samples_is_found() -> None:
    """A quarter-rate sine sampled off its crests: its samples are 3 dB below its true peak."""
    at = np.arange(RATE)
    wave = np.sin(np.pi / 2 * at + np.pi / 4).astype(np.float32)[:, None] * 0.5
    wave *= np.hanning(RATE).astype(np.float32)[:, None]  # an abrupt start would ring
    assert np.abs(wave).max() == pytest.approx(0.3536, abs=0.001)
    assert loudness(wave).peak_dbtp == pytest.approx(-6.02, abs=0.3)


def test_silence_has_a_floor() -> None:
    assert loudness(np.zeros((RATE, 2), np.float32)).lufs == -70.0


def test_wav_keeps_every_sample(tmp_path: Path) -> None:
    wave = tone(0.5)
    write_wav(wave, tmp_path / "a.wav")
    assert np.abs(read_sound(tmp_path / "a.wav") - wave).max() < 1 / 30_000


def test_aac_neither_delays_nor_shortens(tmp_path: Path) -> None:
    click = np.zeros((RATE, 2), np.float32)
    click[30_000:30_400] = tone(400 / RATE, 2, 3000, 0.8)
    write_aac(click, tmp_path / "a.m4a")
    back = read_sound(tmp_path / "a.m4a")
    lags = np.correlate(back[29_000:32_000, 0], click[30_000:30_400, 0], "valid")
    assert abs(int(np.argmax(lags)) - 1000) <= 24  # half a millisecond
    assert 0 <= len(back) - len(click) < 1024


@pytest.mark.parametrize("rate", [0.9, 1.0, 1.07, 1.15])
def test_stretching_keeps_pitch_and_gives_the_exact_length(rate: float) -> None:
    out = change_tempo(tone(2, 1, 500), rate)
    assert len(out) == round(2 * RATE / rate)
    middle = out[RATE // 2 : RATE // 2 + 24_000, 0]
    assert np.argmax(np.abs(np.fft.rfft(middle))) * RATE / 24_000 == pytest.approx(500, abs=4)


def test_reading_stops_at_a_length(tmp_path: Path) -> None:
    write_wav(tone(3), tmp_path / "a.wav")
    assert len(read_sound(tmp_path / "a.wav", at_most=1.25)) == 60_000


def test_other_rates_and_layouts_become_ours(tmp_path: Path) -> None:
    clip = write_clip(
        tmp_path, Shape(suffix=".webm", codec="libvpx", sound_seconds=1, sound_layout="mono")
    )
    assert read_sound(clip).shape[1] == 2
    assert read_sound(clip, channels=1).shape[1] == 1


def test_no_sound_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadMedia, match="no sound"):
        read_sound(write_clip(tmp_path))


def test_length_and_gains_are_applied() -> None:
    wave = np.ones((1000, 1), np.float32)
    assert len(fit_length(wave, 10)) == 10 and fit_length(wave, 1500)[1200, 0] == 0
    apply_gains(wave, np.array([0.0, 1.0]), 500)
    assert wave[0, 0] == 0 and wave[500, 0] == pytest.approx(0.5, abs=0.01) and wave[-1, 0] == 1
