"""Whatever a text is made of, its video is finished: what can't be drawn is left out and noted."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from services.stitcher.captions import format_srt, format_vtt
from services.stitcher.draw import card, contact
from services.stitcher.draw.card import CardSpec, draw_end_card
from services.stitcher.draw.contact import Panel, draw_contact_sheet
from services.stitcher.encode.conform import ConformSpec, conform
from services.stitcher.voicefit import Word
from shared.media.probe import probe
from shared.story.formats import Canvas
from shared.story.looks import CAPTION_STYLES, CARD_LOOKS
from tests.unicode import any_text

CANVASES = st.sampled_from([Canvas(48, 64), Canvas(64, 48), Canvas(96, 96)])
STYLES = st.sampled_from([*CARD_LOOKS])
ODD = [
    "Order\nyours",  # each of these failed a video, or might have
    "Order\u2029yours\x85now\x1c",
    "\u202e\u0301\ud800\x1b[31m",
    "\u200b\u2060",
    "\u2800\u3164",
    "字" * 4000,
    "W" * 4000,
    "Wake up " * 500,
    "a" + "\u0301" * 4000,
    "\ue000\U000e0041🏴\U000e0067\U000e007f",
    "﷽ " * 100,
]
in_a_moment = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def texts() -> st.SearchStrategy[str]:
    return st.one_of(any_text(12), st.sampled_from(ODD))


def drawn(spec: CardSpec) -> bytes:
    assert draw_end_card(spec) == spec.frames
    found = probe(spec.out)
    assert (found.width, found.height) == (spec.canvas.width, spec.canvas.height)
    return spec.out.read_bytes()


@in_a_moment
@given(headline=texts(), call=texts(), style=STYLES, canvas=CANVASES)
def test_a_card_is_made_of_any_words(
    tmp_path: Path, headline: str, call: str, style: str, canvas: Canvas
) -> None:
    bare = CardSpec(tmp_path / "card.mp4", canvas, 8, style)
    nothing = drawn(bare)
    for name, words in (("headline", (headline, "")), ("button", ("", call))):
        spec = replace(bare, headline=words[0], call_to_action=words[1])
        notes = card.find_missing_words(spec)
        assert len(notes) <= 1
        left_out = drawn(spec) == nothing
        said = any(note.startswith(f"the end card has no {name}: ") for note in notes)
        assert said == (left_out and bool("".join(words).strip()))
        "".join(notes).encode()
    drawn(replace(bare, headline=headline, call_to_action=call))


@pytest.mark.parametrize("text", ["W" * 4000, "字" * 900, "Wake up " * 500])
def test_a_text_without_room_is_cut_short_and_that_is_said(text: str, tmp_path: Path) -> None:
    spec = CardSpec(tmp_path / "card.mp4", Canvas(72, 128), 2, "minimal", text, text)
    for note in card.find_missing_words(spec):
        assert note.startswith(
            ("the end card has only the beginning of its ", "the end card has no")
        )
    assert len(card.find_missing_words(spec)) == 2
    assert draw_end_card(spec) == 2


@in_a_moment
@given(
    title=texts(),
    words=st.lists(texts(), max_size=6),
    style=st.sampled_from([*CAPTION_STYLES]),
    canvas=CANVASES,
)
def test_a_segment_is_made_with_any_title_and_any_captions(
    tmp_path: Path, title: str, words: list[str], style: str, canvas: Canvas
) -> None:
    spoken = tuple(Word(text, n / 30, (n + 1) / 30) for n, text in enumerate(words))
    out = tmp_path / "segment.mp4"
    made = conform(ConformSpec(out, canvas, 6, None, title=title, words=spoken, captions=style))
    assert made.frames == 6
    assert (probe(out).width, probe(out).height) == (canvas.width, canvas.height)
    "".join([made.unburnt or "", *made.unwritten]).encode()


@in_a_moment
@given(words=st.lists(texts(), max_size=6))
def test_subtitle_files_hold_whole_cues_of_any_words(words: list[str]) -> None:
    spoken = tuple(Word(text, n, n + 1) for n, text in enumerate(words))
    for text in (format_srt(spoken, 60), format_vtt(spoken, 60).removeprefix("WEBVTT\n\n")):
        text.encode()
        cues = text.split("\n\n")
        assert cues.pop() == ""
        for cue in cues:
            *_, times, said = cue.split("\n")
            assert " --> " in times and said.strip() == said != ""


@settings(in_a_moment, max_examples=4)
@given(title=texts(), words=st.lists(texts(), min_size=8, max_size=8))
def test_a_sheet_is_made_of_any_words(tmp_path: Path, title: str, words: list[str]) -> None:
    panels = [Panel(None, f"{n}", text) for n, text in enumerate(words)]
    assert draw_contact_sheet(title, panels, tmp_path / "sheet.png") == 1
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (1754, 1240)
    "".join(contact.find_missing_words(title, panels)).encode()


def test_a_picture_that_cannot_be_read_is_left_out_of_a_card_and_noted(tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    spec = CardSpec(
        tmp_path / "card.mp4", Canvas(64, 48), 2, headline="Go", background=broken, product=broken
    )
    assert draw_end_card(spec) == 2
    assert [note.split(":")[0] for note in card.find_missing_words(spec)] == [
        "the end card has no picture behind it", "the end card has no product",
    ]  # fmt: skip
