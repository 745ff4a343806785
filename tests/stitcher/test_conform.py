"""Any clip becomes exactly so many canonical frames, in the right order, at the right times."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from services.stitcher.encode.conform import ConformResult, ConformSpec, conform
from services.stitcher.voicefit import Word
from shared.media.encode import TICKS_A_FRAME, canonical_avcc
from shared.story.formats import Canvas
from tests.media.samples import Shape, number_of, numbers_in, write_clip

CANVAS = Canvas(96, 160)


def made(folder: Path, source: Path | None, frames: int = 30, **more: Any) -> ConformResult:
    spec = ConformSpec(folder / "out.mp4", CANVAS, frames, source, **more)
    result = conform(spec)
    assert result.frames == frames
    return result


def pictures(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_a_matching_clip_keeps_every_frame(tmp_path: Path) -> None:
    result = made(tmp_path, write_clip(tmp_path))
    assert numbers_in(result.path) == list(range(30))
    assert result.filled is None and result.held == 0


def test_the_segment_is_canonical(tmp_path: Path) -> None:
    path = made(tmp_path, write_clip(tmp_path), head=6, tail=9).path
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.extradata == canonical_avcc(CANVAS)
        packets = [p for p in container.demux(stream) if p.is_keyframe and p.size]
        assert [(p.pts or 0) // TICKS_A_FRAME for p in packets] == [0, 6, 21, 25]


def test_a_longer_clip_is_cut_a_shorter_one_held(tmp_path: Path) -> None:
    clip = write_clip(tmp_path, Shape(frames=30))
    assert numbers_in(made(tmp_path, clip, 12).path) == list(range(12))
    held = made(tmp_path, clip, 40)
    assert numbers_in(held.path) == [*range(30), *[29] * 10]
    assert held.held == 10


def test_the_duplicated_first_frame_of_a_continuous_chunk_goes(tmp_path: Path) -> None:
    result = made(tmp_path, write_clip(tmp_path), 25, drop_first=True)
    assert numbers_in(result.path) == list(range(1, 26))


@pytest.mark.parametrize(
    ("fps", "expected"),
    [
        (60, [2 * n + 1 for n in range(20)]),
        (15, [n // 2 for n in range(20)]),
        (24, [int((n + 0.5) * 24 / 30) for n in range(20)]),
        (Fraction(30000, 1001), list(range(20))),
    ],
)
def test_each_frame_shows_what_the_clip_shows_then(
    fps: int | Fraction, expected: list[int], tmp_path: Path
) -> None:
    clip = write_clip(tmp_path, Shape(fps=fps, frames=50))
    assert numbers_in(made(tmp_path, clip, 20).path) == expected


def test_variable_rates_follow_the_clock(tmp_path: Path) -> None:
    clip = write_clip(tmp_path, Shape(frames=10, times=tuple(n + 5 * (n >= 4) for n in range(10))))
    assert numbers_in(made(tmp_path, clip, 15).path) == [0, 1, 2, *[3] * 6, 4, 5, 6, 7, 8, 9]


SHAPES = {
    "wide": Shape(256, 144),
    "square": Shape(128, 128),
    "odd": Shape(101, 163, pixels="yuv444p", codec="ffv1", suffix=".mkv"),
    "tall": Shape(64, 300),
    "anamorphic": Shape(192, 160, pixel_aspect=Fraction(1, 2)),
    "ten-bit": Shape(pixels="yuv420p10le"),
    "rgb": Shape(codec="png", pixels="rgb24", suffix=".mov"),
    "vp9": Shape(codec="libvpx-vp9", suffix=".webm", frames=30),
    "mpeg4": Shape(codec="mpeg4", suffix=".avi"),
    "with-sound": Shape(sound_seconds=2.0),
}


@pytest.mark.parametrize("name", SHAPES)
def test_any_shape_fits_the_canvas_and_stays_readable(name: str, tmp_path: Path) -> None:
    result = made(tmp_path, write_clip(tmp_path, SHAPES[name]), 30)
    assert result.filled is None
    shown = pictures(result.path)
    assert {picture.shape for picture in shown} == {(160, 96, 3)}
    if name not in {"wide", "tall"}:  # shown whole, too small for their stripes to be read
        edges = (1 / 6, 5 / 6) if name == "square" else (0.3, 0.7)
        assert [number_of(p, *edges) for p in shown] == list(range(30))


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_rotated_clip_is_shown_upright(turns: int, tmp_path: Path) -> None:
    clip = write_clip(tmp_path, Shape(*((160, 96) if turns % 2 else (96, 160)), turns=turns))
    shown = pictures(made(tmp_path, clip, 5).path)
    assert [number_of(np.rot90(picture, turns)) for picture in shown] == list(range(5))


def test_colours_survive(tmp_path: Path) -> None:
    """An untagged HD clip is BT.709, a small one BT.601: grey stays grey, blue-grey blue-grey."""
    shown = pictures(made(tmp_path, write_clip(tmp_path), 3).path)[0]
    assert np.abs(shown[5, 5].astype(int) - (90, 110, 130)).max() <= 6


@pytest.mark.parametrize("canvas", [CANVAS, Canvas(160, 160)])
def test_the_colours_of_a_full_range_clip_survive(canvas: Canvas, tmp_path: Path) -> None:
    """VP9 says its range in the stream: one of the canvas' own size must not pass as it is."""
    clip = full_range_clip(tmp_path / "full.webm", (200, 60, 30))
    conform(ConformSpec(tmp_path / "out.mp4", canvas, 6, clip, fit="crop"))
    for picture in pictures(tmp_path / "out.mp4"):
        assert np.abs(picture[80, 40].astype(int) - (200, 60, 30)).max() <= 4


def full_range_clip(path: Path, colour: tuple[int, int, int]) -> Path:
    size = (CANVAS.width, CANVAS.height)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libvpx-vp9", rate=30)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.color_range, stream.codec_context.colorspace = 2, 1
        picture = np.full((CANVAS.height, CANVAS.width, 3), colour, np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(
            format="yuv420p", dst_colorspace=1, src_color_range="JPEG", dst_color_range="JPEG"
        )
        frame.time_base = Fraction(1, 30)
        for number in range(6):
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with av.open(str(path)) as container:
        assert next(container.decode(video=0)).color_range == 2
    return path


def test_a_missing_clip_becomes_its_picture_and_says_why(tmp_path: Path) -> None:
    still = tmp_path / "still.png"
    Image.new("RGB", (300, 500), (200, 40, 40)).save(still)
    result = made(tmp_path, None, 20, still=still)
    assert result.filled == "there is no clip"
    assert pictures(result.path)[10].mean(axis=(0, 1))[0] > 180


@pytest.mark.parametrize("content", [b"", b"rubbish" * 999])
def test_a_corrupt_clip_becomes_a_title_when_there_is_no_picture(
    content: bytes, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(content)
    result = made(tmp_path, clip, 10, title="Morning", still=tmp_path / "gone.png")
    assert result.filled is not None and "clip.mp4" in result.filled
    assert pictures(result.path)[5].max() > 200  # the letters


def test_captions_follow_their_words(tmp_path: Path) -> None:
    clip = write_clip(tmp_path, Shape(360, 640, frames=30))
    words = (Word("Hello", 0.4, 0.6), Word("there", 0.6, 0.8))
    spec = ConformSpec(tmp_path / "o.mp4", Canvas(360, 640), 45, clip, words=words, captions="bold")
    conform(spec)
    shown = pictures(spec.out)
    lettered = [np.abs(p[455:500].astype(int) - shown[0][455:500]).max() > 80 for p in shown]
    first, last = lettered.index(True), len(lettered) - 1 - lettered[::-1].index(True)
    assert 12 <= first <= 13 and 30 <= last <= 35


def test_letters_no_font_has_are_left_to_the_subtitles(tmp_path: Path) -> None:
    words = (Word("\U00012000\U00012001", 0.0, 0.5),)  # cuneiform
    clip = write_clip(tmp_path)
    result = made(tmp_path, clip, words=words, captions="clean")
    assert result.unburnt is not None and "no font" in result.unburnt
    assert numbers_in(result.path) == list(range(30))


@settings(max_examples=25, deadline=None)
@given(
    width=st.integers(16, 150),
    height=st.integers(16, 150),
    fps=st.sampled_from([12, 24, 25, 30, 50, 60, Fraction(24000, 1001), Fraction(60000, 1001)]),
    count=st.integers(2, 40),
    gop=st.integers(1, 30),
    b_frames=st.integers(0, 3),
    frames=st.integers(2, 40),
    drop=st.booleans(),
    fit=st.sampled_from(["auto", "crop", "blur"]),
)
def test_always_exactly_as_many_frames(
    width: int,
    height: int,
    fps: int | Fraction,
    count: int,
    gop: int,
    b_frames: int,
    frames: int,
    drop: bool,
    fit: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("shape")
    shape = Shape(width * 2, height * 2, fps, count, gop=gop, b_frames=b_frames)
    result = made(folder, write_clip(folder, shape), frames, drop_first=drop, fit=fit)
    assert result.filled is None
    assert len(pictures(result.path)) == frames
