"""The last frame is the one a full decode shows last, whatever the container says."""

import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, note, settings
from PIL import Image

from shared.media.lastframe import last_frame
from shared.media.picture import EXACT_RGB
from shared.media.probe import BadMedia
from tests.media.samples import Shape, copied, edited, number_of, write_clip
from tests.media.shapes import Source, sources

UNEVEN = tuple(n + (n > 20) * 7 + (n > 38) * 13 for n in range(40))
SHAPES = {
    "plain": Shape(),
    "b-frames": Shape(b_frames=3, frames=47),
    "one-gop": Shape(frames=90, gop=1000, b_frames=2),
    "short-gops": Shape(frames=61, gop=10, b_frames=2),
    "variable-rate": Shape(frames=40, times=UNEVEN),
    "sound-longer": Shape(frames=30, sound_seconds=4.0),
    "webm": Shape(codec="libvpx", suffix=".webm", frames=25),
    "mkv": Shape(suffix=".mkv", b_frames=2, frames=33),
    "ts": Shape(suffix=".ts", b_frames=2, frames=33),
    "mjpeg": Shape(codec="mjpeg", pixels="yuvj420p", suffix=".avi", frames=9),
    "mpeg4": Shape(codec="mpeg4", b_frames=2, frames=31),
    "prores": Shape(codec="prores_ks", pixels="yuv422p10le", suffix=".mov", frames=9),
    "vp9-in-mp4": Shape(codec="libvpx-vp9", frames=21),
    "ten-bit": Shape(pixels="yuv420p10le", b_frames=2, frames=31),
    "hevc": Shape(codec="libx265", b_frames=3, frames=37),
    "av1": Shape(codec="libsvtav1", frames=33),
    "ntsc": Shape(fps=Fraction(30000, 1001), frames=50, b_frames=2),
}


def naive(clip: Path) -> np.ndarray:
    with av.open(str(clip)) as container:
        frames = [f for f in container.decode(video=0) if f.pts is not None]
        return max(frames, key=lambda f: f.pts or 0).to_ndarray(
            format="rgb24", interpolation=EXACT_RGB
        )


@pytest.mark.parametrize("name", SHAPES)
def test_the_last_frame_is_that_of_a_full_decode(name: str, tmp_path: Path) -> None:
    clip = write_clip(tmp_path, SHAPES[name])
    out = tmp_path / "last.png"
    last_frame(clip, out)
    got = np.asarray(Image.open(out).convert("RGB"))
    assert np.array_equal(got, naive(clip))
    assert number_of(got) == SHAPES[name].frames - 1


def test_frames_that_an_edit_list_hides_do_not_count(tmp_path: Path) -> None:
    clip = write_clip(tmp_path, Shape(frames=40))
    edited(clip, Fraction(0), Fraction(1, 2))
    with av.open(str(clip)) as container:
        assert sum(1 for _ in container.decode(video=0)) < 40
    out = tmp_path / "last.png"
    last_frame(clip, out)
    assert np.array_equal(np.asarray(Image.open(out)), naive(clip))


@settings(max_examples=40, deadline=None)
@given(source=sources())
def test_in_any_shape_it_is_that_of_a_full_decode(
    source: Source, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("shape")
    note(f"{source}")
    clip = source.written(folder)
    last_frame(clip, folder / "last.png")
    upright = np.asarray(Image.open(folder / "last.png"))
    assert np.array_equal(np.rot90(upright, source.shape.turns), naive(clip))


@pytest.mark.parametrize("index_first", [False, True])
def test_a_truncated_file_is_an_error(index_first: bool, tmp_path: Path) -> None:
    clip = write_clip(tmp_path, Shape(frames=60))
    if index_first:
        clip = copied(clip, "faststart")
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) * 3 // 4])
    with pytest.raises(BadMedia, match=clip.name):
        last_frame(clip, tmp_path / "last.png")


def test_a_tail_that_is_damaged_is_an_error(tmp_path: Path) -> None:
    """A decoder makes something up for what it can't read: no chunk may go on from that."""
    clip = write_clip(tmp_path, Shape(frames=60, b_frames=2))
    with av.open(str(clip)) as container:
        *_, last = (packet for packet in container.demux(video=0) if packet.size)
        where, size = last.pos, last.size
    assert where is not None
    data = bytearray(clip.read_bytes())
    data[where + 6 : where + size] = bytes(size - 6)
    clip.write_bytes(data)
    with pytest.raises(BadMedia, match=clip.name):
        last_frame(clip, tmp_path / "last.png")


def test_a_long_single_gop_is_fast_enough(tmp_path: Path) -> None:
    clip = write_clip(tmp_path, Shape(1080, 1920, frames=60, gop=1000))
    started = time.process_time()
    last_frame(clip, tmp_path / "last.png")
    assert time.process_time() - started < 3.0  # of the processor: the machine may be busy


def test_a_frame_carried_on_keeps_its_brightness(tmp_path: Path) -> None:
    """A chain of chunks passes it on again and again: a level lost each time would be seen."""
    clip, out = tmp_path / "grey.mp4", tmp_path / "last.png"
    luma = write_grey(clip, level=120)
    last_frame(clip, out)
    red, green, blue = (np.asarray(Image.open(out), np.float64)[..., i] for i in range(3))
    shown = 16 + 219 / 255 * (0.2126 * red + 0.7152 * green + 0.0722 * blue)
    assert abs(shown.mean() - luma) < 0.3


def write_grey(path: Path, level: int) -> float:
    """A clip of coloured noise around one level, tagged BT.709; returns its mean luma."""
    draw = np.random.default_rng(1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.colorspace, stream.codec_context.color_range = 1, 1
        planes = draw.integers(level - 20, level + 20, (96, 64), np.uint8)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.colorspace, frame.color_range = 1, 1
        for number in range(3):
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return float(planes[:64].mean())
