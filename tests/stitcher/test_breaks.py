"""A text breaks into lines where its script lets it, and nothing of it is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.stitcher.breaks import split_at_breaks
from services.stitcher.draw import words
from services.stitcher.draw.words import set_text, wrap_lines
from shared.media.fonts import font
from shared.story.formats import Canvas

LONG = "静かな街で「最初の一杯」を、ゆっくりと味わう。きょうもコーヒーの香りが世界を起こす。"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Wake up, slow co-op", ["Wake ", "up, ", "slow ", "co-op "]),
        ("世界へ。", ["世", "界", "へ。 "]),
        ("「一杯」を、キャッチー", ["「一", "杯」", "を、", "キャッ", "チー "]),
        ("Coffee 12時 です", ["Coffee ", "12", "時 ", "で", "す "]),
        ("เที่ยวน้ำ", ["เที่", "ย", "ว", "น้ำ "]),
        ("ខ្មែរ", ["ខ្មែ", "រ "]),
        ("안녕 세계", ["안녕 ", "세계 "]),
        ("", []),
    ],
)
def test_what_stays_together(text: str, parts: list[str]) -> None:
    assert split_at_breaks(text) == parts


@given(st.text())
def test_nothing_is_lost(text: str) -> None:
    assert "".join(split_at_breaks(text)).split() == text.split()


def test_a_text_without_spaces_fills_its_lines() -> None:
    letters = font("plain", 40)
    lines = wrap_lines(LONG, 400, letters)
    assert "".join(lines) == LONG
    assert max(map(letters.getlength, lines)) <= 400
    assert len(lines) <= letters.getlength(LONG) / 400 + 1.5
    assert not any(line[0] in "、。」ー" or line[-1] == "「" for line in lines)


def test_a_text_without_spaces_is_not_made_tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "can_write", lambda _face, _text: True)
    canvas = Canvas(360, 640)
    text = set_text(LONG[:20], canvas, "plain", 0.1)
    assert text is not None
    assert text.pixels in {36, 31} and len(text.lines) in {2, 3, 4} and text.whole
