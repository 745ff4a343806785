"""What no font can write is left out and said, and never drawn as rows of empty boxes."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from services.stitcher.draw import card, contact
from services.stitcher.draw.artwork import draw_title
from services.stitcher.draw.card import CardSpec, draw_end_card
from services.stitcher.draw.contact import Panel, draw_contact_sheet
from services.stitcher.draw.words import explain_unwritten, keep_writable
from shared.media import fonts
from shared.media.fonts import font
from shared.story.formats import Canvas

CANVAS = Canvas(180, 320)
FOREIGN = ["世界へようこそ", "नमस्ते दुनिया", "Kyoto 京都", "🚀🚀"]


@pytest.fixture(autouse=True)
def packaged_fonts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine without any font of its own."""
    monkeypatch.setattr(fonts, "system_fonts", tuple)


def same_video(one: Path, other: Path) -> bool:
    return one.read_bytes() == other.read_bytes()


def card_of(folder: Path, headline: str, call: str, style: str = "minimal") -> CardSpec:
    spec = CardSpec(folder / f"{len(list(folder.iterdir()))}.mp4", CANVAS, 30, style)
    return CardSpec(spec.out, CANVAS, 30, style, headline, call)


@pytest.mark.parametrize("text", FOREIGN)
def test_without_the_check_there_would_be_boxes(text: str) -> None:
    letters = font("clean-strong", 24, text)
    absent = bytes(letters.getmask("\U0010fffe"))
    assert any(absent) and absent in [bytes(letters.getmask(letter)) for letter in text]


@pytest.mark.parametrize("text", FOREIGN)
@pytest.mark.parametrize("style", ["minimal", "bold"])
def test_a_card_leaves_out_what_it_cannot_write_and_says_so(
    text: str, style: str, tmp_path: Path
) -> None:
    foreign, bare = card_of(tmp_path, text, text, style), None
    draw_end_card(foreign)
    bare = card_of(tmp_path, "", "", style)
    draw_end_card(bare)
    assert same_video(foreign.out, bare.out)
    headline, button = card.find_missing_words(foreign)
    assert headline.startswith("the end card has no headline: no font at hand can write “")
    assert button.startswith("the end card has no button: ")
    assert card.find_missing_words(bare) == ()


def test_emoji_are_left_out_of_a_card_whose_words_stay(tmp_path: Path) -> None:
    with_emoji = card_of(tmp_path, "Wake up 🚀 slow ✌🏽", "Order 👩‍👩‍👧 yours")
    draw_end_card(with_emoji)
    plain = card_of(tmp_path, "Wake up slow", "Order yours")
    draw_end_card(plain)
    empty = card_of(tmp_path, "", "")
    draw_end_card(empty)
    assert same_video(with_emoji.out, plain.out)
    assert not same_video(plain.out, empty.out)
    assert card.find_missing_words(with_emoji) == ()


def test_a_symbol_that_the_font_has_stays() -> None:
    assert keep_writable("clean", "Kaffee™ bei 60° 🚀") == "Kaffee™ bei 60°"
    assert keep_writable("plain", "Grüße, Привет, Γειά") == "Grüße, Привет, Γειά"
    assert explain_unwritten("clean", "") is None


def test_a_draw_title_without_letters_is_its_backdrop() -> None:
    foreign, empty = (draw_title(text, CANVAS).to_ndarray() for text in ("世界", ""))
    assert np.array_equal(foreign, empty)
    assert not np.array_equal(draw_title("World", CANVAS).to_ndarray(), empty)


def sheet(folder: Path, title: str, text: str) -> bytes:
    draw_contact_sheet(title, [Panel(None, "1 · 0:00", text)], folder / "sheet.png")
    return Image.open(folder / "sheet.png").tobytes()


@pytest.mark.parametrize("text", FOREIGN)
def test_a_contact_sheet_leaves_out_what_it_cannot_write_and_says_so(
    text: str, tmp_path: Path
) -> None:
    assert sheet(tmp_path, text, text) == sheet(tmp_path, "", "")
    (told,) = contact.find_missing_words(text, [Panel(None, "1", text), Panel(None, "2", "Fine")])
    assert told.startswith("the contact sheet leaves out 2 of its texts: no font at hand")
    assert contact.find_missing_words("Fine", [Panel(None, "1", "Fine 🚀")]) == ()


def test_emoji_are_left_out_of_a_contact_sheet(tmp_path: Path) -> None:
    assert sheet(tmp_path, "Go 🚀", "Fly ✈️ now") == sheet(tmp_path, "Go", "Fly now")
    assert sheet(tmp_path, "Go", "Fly now") != sheet(tmp_path, "", "")
