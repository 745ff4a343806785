"""The finished video: as long as planned, bodies untouched, transitions where they belong."""

import hashlib
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from av.filter import Graph
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from services.stitcher.draw.transitions import Transition
from services.stitcher.encode.conform import ConformSpec, conform
from services.stitcher.encode.cut import CutResult, CutSpec, cut
from services.stitcher.encode.join import BadJoin, Segment, Timeline
from services.stitcher.encode.mix import MixSpec, mix
from services.stitcher.voicefit import Word
from shared.media.sound import write_wav
from shared.media.verify import Expectations, report
from shared.story.formats import Canvas
from tests.media.samples import Shape, numbers_in, tone, write_clip

CANVAS = Canvas(96, 160)


def segment(folder: Path, name: str, frames: int, head: int = 0, tail: int = 0) -> Segment:
    clip = write_clip(folder, Shape(frames=frames), f"raw-{name}")
    out = folder / f"{name}.mp4"
    conform(ConformSpec(out, CANVAS, frames, clip, head=head, tail=tail))
    return Segment(out, frames)


def timeline(folder: Path, lengths: Sequence[int], joints: Sequence[Transition | None]) -> Timeline:
    sizes = [joint.frames if joint else 0 for joint in joints]
    heads, tails = [0, *sizes], [*sizes, 0]
    segments = tuple(
        segment(folder, str(index), length, head, tail)
        for index, (length, head, tail) in enumerate(zip(lengths, heads, tails, strict=True))
    )
    return Timeline(CANVAS, segments, tuple(joints))


def finished(folder: Path, line: Timeline, **more: Any) -> CutResult:
    out = folder / "out"
    out.mkdir(exist_ok=True)
    return cut(CutSpec(out, line, **more))


def digests(path: Path) -> list[str]:
    with av.open(str(path)) as container:
        frames = container.decode(video=0)
        return [hashlib.md5(frame.to_ndarray().tobytes()).hexdigest() for frame in frames]


def verified(path: Path, frames: int, sound: bool = False) -> None:
    found = report(path, Expectations(frames, CANVAS, sound))
    assert found.ok, "\n".join(found.lines())


def test_hard_cuts_copy_every_frame(tmp_path: Path) -> None:
    line = timeline(tmp_path, (20, 7, 33), (None, None))
    result = finished(tmp_path, line)
    assert result.frames == 60 and result.encoded_again == ()
    verified(result.video, 60)
    sources = [digest for s in line.segments for digest in digests(s.path)]
    assert digests(result.video) == sources


@pytest.mark.parametrize("kind", ["fade", "black", "wipe", "slide"])
def test_only_the_windows_are_encoded(kind: str, tmp_path: Path) -> None:
    line = timeline(tmp_path, (30, 25, 30), (Transition(kind, 8), Transition(kind, 5)))
    result = finished(tmp_path, line)
    assert result.frames == 30 + 25 + 30 - 13
    verified(result.video, result.frames)
    one, two, three = (digests(s.path) for s in line.segments)
    joined = digests(result.video)
    assert joined[:22] == one[:22]
    assert joined[30:42] == two[8:20]
    assert joined[47:] == three[5:]


def test_a_crossfade_goes_evenly_from_one_picture_to_the_other(tmp_path: Path) -> None:
    shown = _grey_levels(tmp_path, "fade")
    window = [50 + 150 * (n + 1) / 11 for n in range(10)]
    assert shown == pytest.approx([50] * 10 + window + [200] * 10, abs=4)


def test_a_fade_through_black_is_black_in_the_middle(tmp_path: Path) -> None:
    shown = _grey_levels(tmp_path, "black")
    assert min(shown[14:16]) < 20 and shown[9] > 45 and shown[20] > 195
    assert shown[10:15] == sorted(shown[10:15], reverse=True)
    assert shown[15:20] == sorted(shown[15:20])


@pytest.mark.parametrize("kind", ["wipe", "slide"])
def test_wipe_and_slide_bring_the_next_picture_from_the_right(kind: str, tmp_path: Path) -> None:
    shown = _grey_levels(tmp_path, kind)
    assert shown[10:20] == sorted(shown[10:20])
    assert shown[9] == pytest.approx(50, abs=4) and shown[20] == pytest.approx(200, abs=4)


def _grey_levels(folder: Path, kind: str) -> list[float]:
    """Mean grey of each frame of 20 dark and 20 light frames joined over 10."""
    segments = []
    for name, grey, head, tail in (("a", 50, 0, 10), ("b", 200, 10, 0)):
        still = folder / f"{name}.png"
        Image.new("RGB", (96, 160), (grey, grey, grey)).save(still)
        out = folder / f"{name}.mp4"
        conform(ConformSpec(out, CANVAS, 20, None, still=still, head=head, tail=tail))
        segments.append(Segment(out, 20))
    line = Timeline(CANVAS, tuple(segments), (Transition(kind, 10),))
    with av.open(str(finished(folder, line).video)) as container:
        frames = container.decode(video=0)
        return [float(f.to_ndarray(format="rgb24").mean()) for f in frames]


def test_sound_runs_as_long_as_the_picture(tmp_path: Path) -> None:
    write_wav(tone(5), tmp_path / "music.wav")
    line = timeline(tmp_path, (40, 50), (Transition("fade", 6),))
    sound = mix(MixSpec(tmp_path / "mix.m4a", line.frames, music=tmp_path / "music.wav")).path
    result = finished(tmp_path, line, sound=sound)
    verified(result.video, 84, sound=True)


def test_subtitles_and_poster_lie_beside_the_video(tmp_path: Path) -> None:
    words = (Word("Hello", 0.1, 0.4), Word("<you>.", 0.4, 0.9), Word("Again", 1.5, 1.9))
    result = finished(tmp_path, timeline(tmp_path, (30, 30), (None,)), words=words)
    assert result.srt is not None and result.vtt is not None
    assert result.srt.read_text("utf-8") == (
        "1\n00:00:00,100 --> 00:00:01,250\nHello <you>.\n\n"
        "2\n00:00:01,500 --> 00:00:02,000\nAgain\n\n"
    )
    assert result.vtt.read_text("utf-8").startswith(
        "WEBVTT\n\n00:00:00.100 --> 00:00:01.250\nHello &lt;you&gt;.\n"
    )
    assert result.poster.read_bytes()[:3] == b"\xff\xd8\xff"


def test_a_foreign_segment_is_encoded_again_never_copied(tmp_path: Path) -> None:
    line = timeline(tmp_path, (20, 20), (None,))
    foreign = write_clip(tmp_path, Shape(frames=20, b_frames=2), "foreign")
    mixed = Timeline(CANVAS, (line.segments[0], Segment(foreign, 20)), (None,))
    result = finished(tmp_path, mixed)
    assert result.encoded_again == (1,)
    verified(result.video, 40)
    assert numbers_in(result.video) == [*range(20), *range(20)]


def test_a_segment_without_keyframes_for_its_transition_is_encoded_again(tmp_path: Path) -> None:
    plain = timeline(tmp_path, (20, 20), (None,))
    line = Timeline(CANVAS, plain.segments, (Transition("fade", 6),))
    result = finished(tmp_path, line)
    assert result.encoded_again == (0, 1)
    verified(result.video, 34)


@pytest.mark.parametrize(
    ("lengths", "joints", "reason"),
    [((), (), "nothing to join"), ((20,), (None,), "joints"), ((5, 20), (8,), "shorter than")],
)
def test_impossible_timelines_are_refused(
    lengths: Sequence[int], joints: Sequence[int | None], reason: str, tmp_path: Path
) -> None:
    with pytest.raises(BadJoin, match=reason):
        Timeline(
            CANVAS,
            tuple(Segment(tmp_path / "x.mp4", n) for n in lengths),
            tuple(Transition("wipe", n) if n else None for n in joints),
        )


@settings(max_examples=12, deadline=None)
@given(
    parts=st.lists(
        st.tuples(st.integers(13, 40), st.sampled_from([0, 1, 2, 6])), min_size=1, max_size=4
    ),
    kind=st.sampled_from(["fade", "black", "wipe", "slide"]),
)
def test_any_join_is_exact(
    parts: list[tuple[int, int]],
    kind: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("join")
    joints = tuple(Transition(kind, size) if size else None for _, size in parts[:-1])
    line = timeline(folder, [length for length, _ in parts], joints)
    result = finished(folder, line)
    verified(result.video, line.frames)
    joined = digests(result.video)
    starts = accumulate((length - size for length, size in parts[:-1]), initial=0)
    for index, (start, (length, _)) in enumerate(zip(starts, parts, strict=True)):
        head, tail = line.head(index), line.tail(index)
        source = digests(line.segments[index].path)
        assert joined[start + head : start + length - tail] == source[head : length - tail]


def test_pictures_stay_close_to_their_source(tmp_path: Path) -> None:
    """SSIM of a conformed frame against the raw one, on a picture with texture."""
    rng = np.random.default_rng(3)
    base = cv2.GaussianBlur(rng.integers(0, 255, (320, 240, 3), dtype=np.uint8), (0, 0), 2.0)
    clip = tmp_path / "clip.mp4"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "4"})
        stream.width, stream.height, stream.pix_fmt = 180, 320, "yuv420p"
        for n in range(30):
            view = np.ascontiguousarray(base[:, n : n + 180], np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(view, format="rgb24")))
        container.mux(stream.encode(None))
    out = tmp_path / "out.mp4"
    conform(ConformSpec(out, Canvas(180, 320), 30, clip))
    assert min(_ssims(clip, out)) >= 0.96


def _ssims(one: Path, other: Path) -> list[float]:
    values = []
    with av.open(str(one)) as left, av.open(str(other)) as right:
        graph = Graph()
        inputs = [graph.add_buffer(template=c.streams.video[0]) for c in (left, right)]
        judge, sink = graph.add("ssim"), graph.add("buffersink")
        for index, source in enumerate(inputs):
            source.link_to(judge, 0, index)
        judge.link_to(sink)
        graph.configure()
        for a, b in zip(left.decode(video=0), right.decode(video=0), strict=True):
            a.pts = b.pts = None
            inputs[0].push(a)
            inputs[1].push(b)
            values.append(float(sink.pull().metadata["lavfi.ssim.All"]))
    return values
