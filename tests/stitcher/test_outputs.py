"""What stands beside the video: subtitle track, HLS, contact sheet."""

import re
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from services.stitcher.draw.contact import Panel, draw_contact_sheet
from services.stitcher.encode.conform import ConformSpec, conform
from services.stitcher.encode.cut import CutSpec, cut
from services.stitcher.encode.hls import package_hls
from services.stitcher.encode.join import Segment, Timeline
from services.stitcher.voicefit import Word
from shared.media.sound import write_aac
from shared.media.verify import report
from shared.story.formats import Canvas
from tests.media.samples import Shape, numbers_in, tone, write_clip

CANVAS = Canvas(96, 160)
WORDS = (Word("Hi", 0.5, 0.7), Word("there.", 0.7, 1.0), Word("Später", 3.0, 3.5))


@pytest.fixture
def line(tmp_path: Path) -> Timeline:
    clip = write_clip(tmp_path, Shape(frames=120))
    conform(ConformSpec(tmp_path / "s.mp4", CANVAS, 120, clip))
    write_aac(tone(4), tmp_path / "sound.m4a")
    return Timeline(CANVAS, (Segment(tmp_path / "s.mp4", 120),), ())


@pytest.mark.parametrize("burnt", [True, False])
def test_the_subtitle_track_carries_the_words(burnt: bool, line: Timeline, tmp_path: Path) -> None:
    spec = CutSpec(tmp_path, line, tmp_path / "sound.m4a", WORDS, captions_burnt=burnt)
    with av.open(str(cut(spec).video)) as container:
        assert container.streams.video[0].disposition & 1
        track = container.streams.subtitles[0]
        assert bool(track.disposition & 1) == (not burnt)
        cues = [(p.pts, p.duration, bytes(p)[2:].decode()) for p in container.demux(track)]
    said = [cue for cue in cues if cue[2]]
    assert said == [(500, 850, "Hi there."), (3000, 850, "Später")]


def test_hls_is_a_copy(line: Timeline, tmp_path: Path) -> None:
    video = cut(CutSpec(tmp_path, line, tmp_path / "sound.m4a")).video
    playlist, media = package_hls(video, tmp_path)
    text = playlist.read_text("utf-8")
    assert "#EXT-X-ENDLIST" in text and "hls_media.m4s" in text and str(tmp_path) not in text
    assert media.stat().st_size > 0
    assert numbers_in(playlist) == numbers_in(video)


def test_a_playlist_is_verified_against_its_file(tmp_path: Path) -> None:
    clip = write_clip(tmp_path, Shape(frames=300))
    conform(ConformSpec(tmp_path / "s.mp4", CANVAS, 300, clip, head=45))  # parts of 4.5 s
    write_aac(tone(10), tmp_path / "sound.m4a")
    line = Timeline(CANVAS, (Segment(tmp_path / "s.mp4", 300),), ())
    playlist, media = package_hls(
        cut(CutSpec(tmp_path, line, tmp_path / "sound.m4a")).video, tmp_path
    )
    text = playlist.read_text("utf-8")
    assert "#EXTINF:4.5" in text
    assert report(playlist).ok, report(playlist).lines()
    for spoilt, name in (
        (re.sub(r"DURATION:\d", "DURATION:4", text), "parts"),
        (text.replace("#EXT-X-ENDLIST", ""), "end"),
        (text.replace("@0", "@1", 1), "bytes"),
        (text.replace("#EXTINF:4.5", "#EXTINF:3.5", 1), "lengths"),
        (text.replace("hls_media", "../hls_media"), "decoding"),
        ("#EXTM3U", "decoding"),
    ):
        assert spoilt != text
        playlist.write_text(spoilt, "utf-8")
        assert {f.name for f in report(playlist).findings if not f.ok} == {name}
    playlist.write_text(text, "utf-8")
    media.write_bytes(media.read_bytes()[:-1])
    assert not report(playlist).ok


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (3, 1), (8, 1), (9, 2)])
def test_the_contact_sheet_shows_every_picture(count: int, pages: int, tmp_path: Path) -> None:
    colours = [(40 + 20 * n, 200 - 20 * n, 90) for n in range(count)]
    panels = []
    for n, colour in enumerate(colours):
        Image.new("RGB", (90, 160), colour).save(tmp_path / f"{n}.png")
        panels.append(Panel(tmp_path / f"{n}.png", f"{n + 1} · 0:0{n}", "A quiet street. " * 12))
    png, pdf = tmp_path / "sheet.png", tmp_path / "sheet.pdf"
    assert draw_contact_sheet("Morning roast", panels, png, pdf) == pages
    assert pdf.read_bytes()[:5] == b"%PDF-"
    sheet = np.asarray(Image.open(png).convert("RGB"))[::8, ::8].astype(int)
    for colour in colours:
        assert (np.abs(sheet - colour).max(axis=2) <= 2).sum() > 300


def test_a_picture_that_is_gone_leaves_its_field_empty(tmp_path: Path) -> None:
    panels = [Panel(tmp_path / "gone.png", "1"), Panel(None, "2")]
    assert draw_contact_sheet("x", panels, tmp_path / "sheet.png") == 1
