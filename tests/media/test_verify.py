"""The verifier finds what is wrong: each fault is made on purpose and must be named."""

import shutil
from pathlib import Path

import av
import numpy as np
import pytest

from services.stitcher.encode.conform import ConformSpec, conform
from services.stitcher.encode.cut import CutSpec, cut
from services.stitcher.encode.join import Segment, Timeline
from services.stitcher.encode.mix import MixSpec, mix
from services.stitcher.voicefit import Word
from shared.media.cues import Cue, in_order, read_cues
from shared.media.sound import write_aac, write_wav
from shared.media.verify import Expectations, Report, report
from shared.story.formats import Canvas
from tests.media.samples import Shape, tone, write_clip

CANVAS = Canvas(96, 160)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good")
    clip = write_clip(folder, Shape(frames=60))
    conform(ConformSpec(folder / "s.mp4", CANVAS, 60, clip))
    write_wav(tone(3), folder / "music.wav")
    sound = mix(MixSpec(folder / "mix.m4a", 60, music=folder / "music.wav")).path
    line = Timeline(CANVAS, (Segment(folder / "s.mp4", 60),), ())
    return cut(CutSpec(folder, line, sound)).video


@pytest.fixture
def good(made: Path, tmp_path: Path) -> Path:
    """A copy of a right video, with its one segment beside it."""
    shutil.copy(made.with_name("s.mp4"), tmp_path)
    return Path(shutil.copy(made, tmp_path))


WORDS = (Word("Hi", 0.3, 0.5), Word("there.", 0.5, 0.7), Word("Später", 1.4, 1.9))


@pytest.fixture
def told(good: Path) -> Path:
    """The same video with a text track of two cues."""
    line = Timeline(CANVAS, (Segment(good.with_name("s.mp4"), 60),), ())
    return cut(CutSpec(good.parent, line, words=WORDS)).video


def faults(found: Report) -> set[str]:
    return {finding.name for finding in found.findings if not finding.ok}


def test_a_good_video_passes(good: Path) -> None:
    found = report(good, Expectations(60, CANVAS, True))
    assert found.ok and faults(found) == set()
    assert found.lines()[-1] == "video.mp4 is right"


def test_the_text_track_is_read(told: Path, tmp_path: Path) -> None:
    found = report(told, Expectations(60, CANVAS, has_sound=False, cues=2))
    assert found.ok, found.lines()
    assert "2 cues, 0.30 to 2.00 s" in "".join(found.lines())
    assert [(cue.text, cue.start) for cue in read_cues(told) or ()] == [
        ("Hi there.", 0.3),
        ("Später", 1.4),
    ]


@pytest.mark.parametrize("expected", [0, 1, 3])
def test_another_number_of_cues_is_found(told: Path, expected: int) -> None:
    assert faults(report(told, Expectations(cues=expected))) == {"subtitles"}


def test_a_text_track_that_is_missing_is_found(good: Path) -> None:
    assert faults(report(good, Expectations(cues=2))) == {"subtitles"}
    assert report(good, Expectations(cues=0)).ok


@pytest.mark.parametrize("spoilt", [b"Hi \xff\xfeere.", b"\x80" * 9])
def test_text_that_does_not_decode_is_found(told: Path, spoilt: bytes) -> None:
    data = told.read_bytes()
    told.write_bytes(data.replace(b"Hi there.", spoilt))
    assert faults(report(told)) == {"decoding"}


def test_a_cue_cut_off_is_found(told: Path) -> None:
    data = told.read_bytes()
    told.write_bytes(data.replace(b"\x00\x09Hi there.", b"\x00\xffHi there."))
    assert faults(report(told)) == {"decoding"}


@pytest.mark.parametrize(
    "spans", [[], [(0.5, 0.4)], [(0.1, 0.6), (0.5, 0.9)], [(1.5, 2.2)], [(0.9, 1.0), (0.1, 0.2)]]
)
def test_cues_that_overlap_or_leave_the_video_are_not_in_order(
    spans: list[tuple[float, float]],
) -> None:
    assert in_order([Cue("a", 0.1, 0.4), Cue("b", 0.4, 2.0)], 2.0)
    assert not in_order([Cue("x", *span) for span in spans], 2.0)


def test_other_expectations_are_named(good: Path) -> None:
    found = report(good, Expectations(61, Canvas(160, 96), False))
    assert faults(found) == {"frames", "size", "sound"}
    assert "fault" in found.lines()[-1]


def test_damage_in_the_middle_is_found(good: Path) -> None:
    data = bytearray(good.read_bytes())
    middle = data.index(b"mdat") + (len(data) - data.index(b"mdat")) // 2
    data[middle : middle + 400] = bytes(400)
    good.write_bytes(data)
    assert not report(good).ok


def test_a_truncated_file_is_found(good: Path) -> None:
    good.write_bytes(good.read_bytes()[:-3000])
    assert not report(good).ok


def test_a_raw_clip_has_several_faults(tmp_path: Path) -> None:
    found = report(write_clip(tmp_path, Shape(fps=24)))
    assert {"colour tags", "frame rate", "index first"} <= faults(found)


def test_no_media_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(b"nothing")
    assert faults(report(path)) == {"decoding"}


def test_a_join_of_different_encodings_is_found(good: Path, tmp_path: Path) -> None:
    """Another encoder's packets under the first one's settings: right in every packet's times."""
    one, other = good.with_name("s.mp4"), write_clip(tmp_path, Shape(frames=20), "other")
    out = tmp_path / "joined.mp4"
    with av.open(str(out), "w", options={"movflags": "faststart"}) as container:
        copy, start = None, 0
        for clip in (one, other):
            with av.open(str(clip)) as source:
                copy = copy or container.add_stream_from_template(source.streams.video[0])
                for packet in source.demux(video=0):
                    if packet.size and packet.pts is not None and packet.dts is not None:
                        packet.pts, packet.dts = packet.pts + start, packet.dts + start
                        packet.stream = copy
                        container.mux(packet)
            start += 60 * 512
    assert faults(report(out)) >= {"decoding"}


@pytest.mark.parametrize(("level", "name"), [(0.01, "loudness"), (0.99, "true peak")])
def test_wrong_levels_are_found(good: Path, level: float, name: str) -> None:
    sound = good.with_name("wrong.m4a")
    write_aac(np.clip(tone(2, 2, 997, level * 1.1), -1, 1), sound)
    line = Timeline(CANVAS, (Segment(good.with_name("s.mp4"), 60),), ())
    assert name in faults(report(cut(CutSpec(good.parent, line, sound)).video))


def test_sound_longer_than_the_picture_is_found(good: Path) -> None:
    sound = good.with_name("long.m4a")
    write_aac(tone(2.2), sound)
    line = Timeline(CANVAS, (Segment(good.with_name("s.mp4"), 60),), ())
    assert "lengths" in faults(report(cut(CutSpec(good.parent, line, sound)).video))
