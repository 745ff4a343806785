"""Whatever a file claims to be: refused within bounds, and the refusal names what is wrong."""

import os
import random
import struct
import time
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.media.probe import BadMedia, probe
from shared.media.sound import write_aac
from tests.media.samples import Shape, tone, write_clip


def test_a_good_clip_is_described(tmp_path: Path) -> None:
    clip = probe(write_clip(tmp_path, Shape(sound_seconds=1.0)))
    assert (clip.width, clip.height, clip.packets, clip.codec) == (96, 160, 30, "h264")
    assert clip.seconds == pytest.approx(1.0, abs=0.05) and clip.has_sound


def test_a_wrong_name_does_not_matter(tmp_path: Path) -> None:
    clip = write_clip(tmp_path).rename(tmp_path / "clip.txt")
    assert probe(clip).packets == 30


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"hello, I am no video" * 100, "can't be read"),
        (b"\x00" * 4096, "can't be read"),
        (b"\x00\x00\x00\x01ftyp", "can't be read"),
        (b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x01\x00\x00\x00\x01mdat", "can't be read"),
        (b"#EXTM3U\n#EXTINF:5,\nfile:///etc/passwd\n", "can't be read"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "can't be read"),
    ],
)
def test_what_is_no_media_is_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(BadMedia, match=reason):
        probe(path)


def test_missing_files_folders_and_pipes_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "endless")
    for name in ("nothing", "endless", "."):
        with pytest.raises(BadMedia, match="missing or not a plain file"):
            probe(tmp_path / name)


def test_a_single_picture_is_no_clip(tmp_path: Path) -> None:
    with pytest.raises(BadMedia, match=r"1 frame"):
        probe(write_clip(tmp_path, Shape(frames=1)))


def test_sound_alone_is_no_clip(tmp_path: Path) -> None:
    write_aac(tone(1.0), tmp_path / "sound.mp4")
    with pytest.raises(BadMedia, match="no video"):
        probe(tmp_path / "sound.mp4")


def test_8k_is_refused(tmp_path: Path) -> None:
    clip = write_clip(tmp_path, Shape(7680, 4320, frames=2))
    with pytest.raises(BadMedia, match="too large: 7680x4320"):
        probe(clip)


def test_a_picture_bomb_costs_neither_time_nor_memory(tmp_path: Path) -> None:
    """A few kilobytes of PNG in a video track that claim 900 megapixels."""
    clip = write_clip(tmp_path, Shape(codec="png", pixels="rgb24", suffix=".mov", frames=3))
    data = clip.read_bytes()
    head = struct.pack(">II", 96, 160)
    bomb = data.replace(b"IHDR" + head, b"IHDR" + struct.pack(">II", 30_000, 30_000))
    bomb = bomb.replace(struct.pack(">HH", 96, 160), struct.pack(">HH", 30_000, 30_000))
    assert bomb != data and zlib.crc32(bomb)
    clip.write_bytes(bomb)
    started = time.perf_counter()
    with pytest.raises(BadMedia):
        probe(clip)
    assert time.perf_counter() - started < 2.0


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), spoilt=st.integers(1, 40), cut=st.floats(0.05, 1.0))
def test_damaged_files_give_a_clip_or_a_clear_error(
    seed: int, spoilt: int, cut: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    data = bytearray(write_clip(folder, Shape(frames=8)).read_bytes())
    chance = random.Random(seed)
    for _ in range(spoilt):
        data[chance.randrange(len(data))] = chance.randrange(256)
    path = folder / "damaged.mp4"
    path.write_bytes(data[: int(len(data) * cut)])
    assert "damaged.mp4" in _refusal(path)


def _refusal(path: Path) -> str:
    """What is said against the file; its name alone when it is accepted."""
    try:
        probe(path)
    except BadMedia as error:
        return error.message
    return path.name
