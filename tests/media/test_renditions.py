"""Sounds as MP3 and pictures as PNG."""

from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from shared.media.probe import BadMedia
from shared.media.renditions import write_mp3, write_png, write_still
from shared.media.sound import read_sound, write_aac, write_wav
from tests.media.samples import tone


@pytest.mark.parametrize("channels", [1, 2])
def test_a_sound_becomes_an_mp3_of_the_same_length_and_pitch(channels: int, tmp_path: Path) -> None:
    write_wav(tone(2.0, channels), tmp_path / "a.wav")
    write_mp3(tmp_path / "a.wav", tmp_path / "a.mp3")
    with av.open(str(tmp_path / "a.mp3")) as made:
        [track] = made.streams.audio
        assert (track.codec_context.name[:3], track.rate, track.codec_context.channels) == (
            "mp3", 44_100, channels,
        )  # fmt: skip
        assert track.codec_context.bit_rate == 128_000
    heard = read_sound(tmp_path / "a.mp3", 1)[:, 0]
    assert len(heard) / 48_000 == pytest.approx(2.0, abs=0.06)
    loudest = np.abs(np.fft.rfft(heard)).argmax() / (len(heard) / 48_000)
    assert loudest == pytest.approx(440, abs=2)


def test_a_sound_in_another_container_becomes_one_too(tmp_path: Path) -> None:
    write_aac(tone(1.0), tmp_path / "a.m4a")
    write_mp3(tmp_path / "a.m4a", tmp_path / "a.mp3")
    assert read_sound(tmp_path / "a.mp3").shape[0] / 48_000 == pytest.approx(1.0, abs=0.08)


def test_what_holds_no_sound_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"no sound")
    with pytest.raises(BadMedia):
        write_mp3(tmp_path / "a.wav", tmp_path / "a.mp3")


@pytest.mark.parametrize(("mode", "kept"), [("RGB", "RGB"), ("RGBA", "RGBA"), ("L", "RGB")])
def test_a_picture_becomes_a_png_of_its_own_size(mode: str, kept: str, tmp_path: Path) -> None:
    Image.new(mode, (64, 48), 120 if mode == "L" else (10, 200, 30, 90)[: len(mode)]).save(
        tmp_path / "a.webp", lossless=True
    )
    write_png(tmp_path / "a.webp", tmp_path / "out")
    made = Image.open(BytesIO((tmp_path / "out").read_bytes()))
    assert (made.format, made.size, made.mode) == ("PNG", (64, 48), kept)


def test_the_still_of_a_clip_is_its_last_picture(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as clip:
        stream = clip.add_stream("libx264", rate=30)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for level in (0, 60, 250):
            picture = np.full((64, 64, 3), level, np.uint8)
            clip.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        clip.mux(stream.encode(None))
    write_still(tmp_path / "a.mp4", tmp_path / "out")
    made = Image.open(BytesIO((tmp_path / "out").read_bytes()))
    assert made.format == "PNG"
    assert np.asarray(made.convert("L")).mean() > 240
