"""Voices are heard where the captions say, music gives way, and the loudness is one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.stitcher.encode.limiter import limit
from services.stitcher.encode.mix import (
    CEILING_DBTP,
    MixResult,
    MixSpec,
    PlacedSound,
    PlacedVoice,
    bring_to_loudness,
    mix,
)
from services.stitcher.voicefit import Word, fit_voice
from shared.engines.local.music import compose
from shared.media.sound import RATE, Samples, loudness, lufs, read_sound, write_wav
from tests.media.samples import Shape, tone, write_clip, write_voice

FRAMES = 240
BURSTS = [(0.3, 0.9), (1.1, 1.6)]
WORDS = [Word("one", 0.3, 0.9), Word("two", 1.1, 1.6)]


def voice(folder: Path, beat_start: float, beat_seconds: float = 4.0) -> PlacedVoice:
    path = write_voice(folder / "voice.wav", BURSTS, 2.0)
    return PlacedVoice(path, beat_start, fit_voice(2.0, WORDS, beat_seconds))


def mixed(folder: Path, **spec: Any) -> tuple[MixResult, Samples]:
    result = mix(MixSpec(folder / "mix.m4a", FRAMES, **spec))
    return result, read_sound(result.path)


def level(samples: Samples) -> float:
    return 20 * float(np.log10(np.sqrt((samples**2).mean()) + 1e-9))


def test_a_word_is_heard_when_its_caption_says(tmp_path: Path) -> None:
    placed = voice(tmp_path, beat_start=2.0)
    _, heard = mixed(tmp_path, voices=(placed,))
    source = read_sound(placed.path, 1)[round(0.3 * RATE) : round(0.9 * RATE), 0]
    wanted = round((2.0 + placed.fit.words[0].start) * RATE)
    around = heard[wanted - 960 : wanted + len(source) + 960, 0]
    lag = int(np.argmax(np.correlate(around, source, "valid"))) - 960
    assert abs(lag) <= RATE / 1000


def test_faster_voices_keep_their_words_in_time(tmp_path: Path) -> None:
    placed = voice(tmp_path, 2.0, beat_seconds=1.58)
    assert placed.fit.rate > 1.05
    _, heard = mixed(tmp_path, voices=(placed,))
    second = placed.fit.words[1].start + 2.0
    loud = np.abs(heard[:, 0]).reshape(-1, 480).max(axis=1) > 0.05
    start = round(second * 100)
    assert not loud[start - 6 : start - 2].any() and loud[start + 2 : start + 6].all()


def test_music_gives_way_to_the_voice(tmp_path: Path) -> None:
    write_wav(tone(10, 2, 4000, 0.1), tmp_path / "music.wav")
    _, heard = mixed(tmp_path, voices=(voice(tmp_path, 2.0),), music=tmp_path / "music.wav")
    alone, under = (_band(heard[round(at * RATE) :][:RATE], 4000) for at in (5.5, 2.3))
    assert -13 < under - alone < -7


def _band(samples: Samples, hertz: float) -> float:
    spectrum = np.abs(np.fft.rfft(samples[:, 0] * np.hanning(len(samples))))
    at = round(hertz * len(samples) / RATE)
    return 20 * float(np.log10(spectrum[at - 3 : at + 4].max()))


@pytest.mark.parametrize("seconds", [1.5, 3.0, 30.0])
def test_music_of_any_length_fills_the_video_and_fades_out(seconds: float, tmp_path: Path) -> None:
    write_wav(tone(seconds, 2, 440, 0.3), tmp_path / "music.wav")
    _, heard = mixed(tmp_path, music=tmp_path / "music.wav")
    blocks = heard[: 8 * RATE].reshape(-1, RATE // 4, 2)
    levels = [level(block) for block in blocks]
    assert min(levels[2:-6]) > -24
    assert levels[-1] < levels[10] - 12
    assert np.abs(heard[-200:]).max() < 0.05


def test_the_bed_of_the_local_engine_fades_once_and_late(tmp_path: Path) -> None:
    compose("epic", FRAMES / 30, 1, tmp_path / "music.wav")
    _, heard = mixed(tmp_path, music=tmp_path / "music.wav")
    whole = level(heard)
    assert level(heard[-2 * RATE : -RATE]) > whole - 9
    assert level(heard[-RATE : -RATE // 2]) > whole - 12
    assert level(heard[-RATE // 20 :]) < whole - 18


@pytest.mark.parametrize("amplitude", [0.004, 0.05, 0.9])
def test_loudness_and_peak_are_met_whatever_comes_in(amplitude: float, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).normal(0, 1, (8 * RATE, 2)).clip(-4, 4) / 4
    noise[3 * RATE] = 1.0
    write_wav((noise * amplitude).astype(np.float32), tmp_path / "music.wav")
    _, heard = mixed(tmp_path, voices=(voice(tmp_path, 1.0),), music=tmp_path / "music.wav")
    found = loudness(heard)
    assert found.lufs == pytest.approx(-14, abs=1)
    assert found.peak_dbtp <= -1
    assert abs(len(heard) / RATE - FRAMES / 30) <= 1024 / RATE


def peaky(every: float, width: float, floor: float) -> Samples:
    """Eight seconds of sharp strokes that die away over a floor of noise."""
    samples = np.random.default_rng(3).normal(0, floor, 8 * RATE).astype(np.float32)
    count = round(width * RATE)
    time = np.arange(count) / RATE
    stroke = np.exp(-5 * time / width) * np.sin(2 * np.pi * 700 * time)
    for start in range(0, len(samples) - count, round(every * RATE)):
        samples[start : start + count] += stroke.astype(np.float32)
    return np.repeat(samples[:, None], 2, axis=1)


@pytest.mark.parametrize("arrives_at", [-13.9, -14.0, -14.1, -30.0])
@pytest.mark.parametrize(
    "strokes", [(0.25, 0.05, 0.02), (0.1, 0.02, 0.02), (0.5, 0.03, 0.02), (0.5, 0.01, 0.05)]
)
def test_what_the_limiter_takes_is_given_back(
    strokes: tuple[float, float, float], arrives_at: float
) -> None:
    track = peaky(*strokes)
    track *= np.float32(10 ** ((arrives_at - lufs(track)) / 20))
    once = track.copy()
    limit(once, CEILING_DBTP)
    if arrives_at > -20:
        assert lufs(once) < -14.4, "the limiter must take something for this to be a test"
    bring_to_loudness(track)
    found = loudness(track)
    assert found.lufs == pytest.approx(-14, abs=0.3)
    assert found.peak_dbtp <= -1


def test_a_sharp_voice_over_a_bed_that_arrives_at_the_target_stays_there(tmp_path: Path) -> None:
    spoken = peaky(0.25, 0.05, 0.0)[: 5 * RATE, :1]  # so long that the sum is at -13.9
    write_wav(spoken * 0.9, tmp_path / "voice.wav")
    write_wav(tone(8, 2, 220, 0.1), tmp_path / "music.wav")
    placed = PlacedVoice(tmp_path / "voice.wav", 1.0, fit_voice(5.0, [], 7.0))
    result, heard = mixed(tmp_path, voices=(placed,), music=tmp_path / "music.wav")
    found = loudness(heard)
    assert result.lufs == pytest.approx(-14, abs=0.3)
    assert found.lufs == pytest.approx(-14, abs=0.5) and found.peak_dbtp <= -1


def test_short_speech_alone_is_loud_enough(tmp_path: Path) -> None:
    _, heard = mixed(tmp_path, voices=(voice(tmp_path, 3.0),))
    found = loudness(heard)
    assert found.lufs == pytest.approx(-14, abs=1) and found.peak_dbtp <= -1


def test_clips_own_sounds_lie_under_when_asked_for(tmp_path: Path) -> None:
    clip = write_clip(tmp_path, Shape(sound_seconds=2.0))
    _, heard = mixed(tmp_path, voices=(voice(tmp_path, 4.0),), clips=(PlacedSound(clip, 1.0, 1.5),))
    inside, outside = heard[round(1.5 * RATE) :][: RATE // 2], heard[3 * RATE :][: RATE // 2]
    assert level(inside) > level(outside) + 20


@pytest.mark.parametrize(("own", "yields"), [("keep", False), ("duck", True)])
def test_a_users_own_clip_is_kept_or_gives_way_to_a_voice(
    tmp_path: Path, own: str, yields: bool
) -> None:
    """A high tone in the clip, which the voice has not: how loud it is before and under a voice."""
    clip = tmp_path / "clip.wav"
    write_wav(tone(6.0, 2, hertz=9_000), clip)
    placed = (voice(tmp_path, 3.0),)
    _, heard = mixed(tmp_path, voices=placed, clips=(PlacedSound(clip, 0.5, 6.0, own),))

    def high(at: float) -> float:
        part = heard[round(at * RATE) :][: RATE // 5, 0]
        spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
        return 20 * float(np.log10(spectrum[round(9_000 * len(part) / RATE)]))

    dip = high(1.5) - high(3.6)
    assert (dip > 6) == yields, dip
    assert yields or abs(dip) < 3


def test_music_gives_way_to_an_own_clip_that_is_kept(tmp_path: Path) -> None:
    clip, music = tmp_path / "clip.wav", tmp_path / "music.wav"
    write_wav(tone(2.0, 2, hertz=440), clip)
    write_wav(tone(8.0, 2, hertz=9_000), music)
    dips = {}
    for own in ("keep", "duck"):
        _, heard = mixed(tmp_path, music=music, clips=(PlacedSound(clip, 4.0, 2.0, own),))
        parts = [heard[round(at * RATE) :][: RATE // 5, 0] for at in (2.0, 5.0)]
        highs = [np.abs(np.fft.rfft(part))[round(9_000 * len(part) / RATE)] for part in parts]
        dips[own] = 20 * float(np.log10(highs[0] / highs[1]))
    assert dips["keep"] > dips["duck"] + 6


def test_what_cant_be_read_is_named_and_the_rest_is_heard(tmp_path: Path) -> None:
    (tmp_path / "music.wav").write_bytes(b"nothing")
    result, heard = mixed(tmp_path, voices=(voice(tmp_path, 1.0),), music=tmp_path / "music.wav")
    assert len(result.unheard) == 1 and "music.wav" in result.unheard[0]
    assert level(heard[round(1.3 * RATE) :][: RATE // 4]) > -30


def test_a_mute_clip_is_named_as_a_person_would(tmp_path: Path) -> None:
    clip = write_clip(tmp_path, Shape(), "in-clip-0")
    result, _ = mixed(tmp_path, clips=(PlacedSound(clip, 0.0, 1.0),))
    assert result.unheard == ("clip 0 has no sound of its own",)


def test_words_that_run_over_their_beat_are_named(tmp_path: Path) -> None:
    path = write_voice(tmp_path / "in-voice-2.wav", BURSTS, 2.0)
    cut, whole = (fit_voice(2.0, WORDS, seconds) for seconds in (0.9, 4.0))
    assert cut.dropped == ("two",)
    result, _ = mixed(tmp_path, voices=(PlacedVoice(path, 1.0, cut),))
    assert result.unheard == ('voice 2 is too long for its beat, "two" is not said',)
    result, _ = mixed(tmp_path, voices=(PlacedVoice(path, 1.0, whole),))
    assert result.unheard == ()


def test_nothing_at_all_is_silence(tmp_path: Path) -> None:
    _, heard = mixed(tmp_path)
    assert np.abs(heard).max() < 1e-4


def test_the_limiter_holds_its_ceiling_without_touching_what_is_below() -> None:
    wave = tone(1.0, 2, 997, 0.2)
    wave[RATE // 2 : RATE // 2 + 300] *= 20
    out = wave.copy()
    limit(out, -2.0)
    assert loudness(out).peak_dbtp <= -1.9
    assert np.array_equal(out[: RATE // 4], wave[: RATE // 4])
