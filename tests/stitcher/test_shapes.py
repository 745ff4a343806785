"""Whatever shape a clip has: a segment of exact frames and right pictures, and an exact video."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from services.stitcher.draw.transitions import Transition
from services.stitcher.encode.conform import ConformSpec, conform
from services.stitcher.encode.cut import CutSpec, cut
from services.stitcher.encode.join import Segment, Timeline
from services.stitcher.encode.mix import MixSpec
from shared.media.encode import TICKS_A_FRAME, canonical_avcc
from shared.media.sound import write_wav
from shared.media.verify import Expectations, report
from shared.story.formats import Canvas
from tests.media.samples import Shape, number_of, numbers_in, rgb, tone, write_clip
from tests.media.shapes import Source, on_grid, shown, sources

CANVAS = Canvas(192, 192)


@settings(max_examples=30, deadline=None)
@given(
    source=sources(),
    frames=st.integers(2, 60),
    joints=st.sampled_from([(0, 0), (6, 0), (0, 6), (1, 4)]),
    drop=st.booleans(),
)
def test_a_segment_shows_what_its_clip_shows(
    source: Source,
    frames: int,
    joints: tuple[int, int],
    drop: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("shape")
    note(f"{source}")
    clip = source.written(folder)
    truth = shown(clip)[drop:]
    head, tail = joints if sum(joints) < frames else (0, 0)
    spec = ConformSpec(
        folder / "s.mp4", CANVAS, frames, clip, drop_first=drop, head=head, tail=tail
    )
    made = conform(spec)
    assert made.frames == frames
    if not truth:
        assert made.filled is not None
        return
    assert made.filled is None
    canonical(spec)
    assert [_number(picture, source.shape) for picture in _upright(spec.out, source.shape)] == (
        on_grid(truth, frames)
    )


def canonical(spec: ConformSpec) -> None:
    found = report(spec.out, Expectations(spec.frames, spec.canvas, has_sound=False))
    assert {f.name for f in found.findings if not f.ok} <= {"index first"}, found.lines()
    with av.open(str(spec.out)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.extradata == canonical_avcc(spec.canvas)
        packets = [p for p in container.demux(stream) if p.size]
    keyframes = {(p.pts or 0) // TICKS_A_FRAME for p in packets if p.is_keyframe}
    assert {0, spec.head, spec.frames - spec.tail} - {spec.frames} <= keyframes


def _upright(segment: Path, shape: Shape) -> list[np.ndarray]:
    """The segment's pictures turned back to how the clip's own lie."""
    with av.open(str(segment)) as container:
        return [np.rot90(rgb(frame), shape.turns) for frame in container.decode(video=0)]


def _number(picture: np.ndarray, shape: Shape) -> int:
    """The number, where cropping to a square has left its stripes."""
    half = 0.2 * max(1.0, shape.width / shape.height)
    return number_of(picture, 0.5 - half, 0.5 + half)


@settings(max_examples=10, deadline=None)
@given(
    clips=st.lists(
        st.tuples(sources(), st.integers(13, 40), st.sampled_from([0, 1, 6])),
        min_size=1,
        max_size=3,
    ),
    kind=st.sampled_from(["fade", "black", "wipe", "slide"]),
    sounds=st.booleans(),
)
def test_a_video_of_any_clips_is_exact(
    clips: Sequence[tuple[Source, int, int]],
    kind: str,
    sounds: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("video")
    sizes = [size for _, _, size in clips[:-1]]
    heads, tails = [0, *sizes], [*sizes, 0]
    segments = []
    for n, (source, frames, _) in enumerate(clips):
        (folder / f"{n}").mkdir()
        clip, out = source.written(folder / f"{n}"), folder / f"{n}.mp4"
        conform(ConformSpec(out, CANVAS, frames, clip, head=heads[n], tail=tails[n]))
        segments.append(Segment(out, frames))
    joints = tuple(Transition(kind, size) if size else None for size in sizes)
    line = Timeline(CANVAS, tuple(segments), joints)
    write_wav(tone(1), folder / "music.wav")
    sound = MixSpec(folder / "m.m4a", line.frames, music=folder / "music.wav") if sounds else None
    made = cut(CutSpec(folder, line, sound))
    found = report(made.video, Expectations(line.frames, CANVAS, sounds))
    assert made.encoded_again == () and found.ok, found.lines()
    assert line.frames == sum(frames for _, frames, _ in clips) - sum(sizes)
    _bodies_are_the_segments(line, made.video)


def _bodies_are_the_segments(line: Timeline, video: Path) -> None:
    joined, at = _packets(video), 0
    for n, segment in enumerate(line.segments):
        head, tail = line.head(n), line.tail(n)
        own = _packets(segment.path)
        body = range(head, segment.frames - tail)
        assert [joined[at + frame] for frame in body] == [own[frame] for frame in body]
        at += segment.frames - tail


def _packets(path: Path) -> dict[int, bytes]:
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        return {(packet.pts or 0) // TICKS_A_FRAME: bytes(packet) for packet in packets}


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
@pytest.mark.parametrize(("fps", "step"), [(60, 2), (120, 4)])
def test_a_fast_clip_moves_evenly_whatever_its_clock(
    fps: int, step: int, suffix: str, tmp_path: Path
) -> None:
    """Its frames come up at the very middles of ours, where a rounded clock decides by chance."""
    clip = write_clip(tmp_path, Shape(192, 192, fps, 40 * step, suffix=suffix))
    conform(ConformSpec(tmp_path / "s.mp4", CANVAS, 40, clip))
    numbers = numbers_in(tmp_path / "s.mp4")
    assert numbers == list(range(step // 2, 40 * step, step))


def test_a_very_long_picture_is_held_by_its_own_length(tmp_path: Path) -> None:
    """A clip of two pictures, a second each: variable rate at its extreme."""
    clip = write_clip(tmp_path, Shape(192, 192, Fraction(1), 2))
    conform(ConformSpec(tmp_path / "s.mp4", CANVAS, 60, clip))
    assert numbers_in(tmp_path / "s.mp4") == [0] * 30 + [1] * 30
