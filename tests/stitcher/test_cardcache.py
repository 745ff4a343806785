"""The same card is encoded once; whatever it depends on makes another one."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from services.stitcher.draw.card import CardSpec, draw_end_card
from services.stitcher.encode import cardcache
from shared.media.probe import probe
from shared.story.formats import Canvas


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What was encoded, in order."""
    made: list[Path] = []

    def counted(spec: CardSpec) -> int:
        made.append(spec.out)
        return draw_end_card(spec)

    monkeypatch.setattr(cardcache, "draw_end_card", counted)
    return made


def spec(folder: Path, **given: Any) -> CardSpec:
    base = CardSpec(folder / "a.mp4", Canvas(180, 320), 10, headline="Sea", call_to_action="Go")
    return replace(base, **given)


def test_the_same_card_is_encoded_once(tmp_path: Path, encoded: list[Path]) -> None:
    first, second = spec(tmp_path), spec(tmp_path, out=tmp_path / "b.mp4")
    assert cardcache.make_card(first, tmp_path / "cards") == 10
    first.out.rename(tmp_path / "uploaded.mp4")
    assert cardcache.make_card(second, tmp_path / "cards") == 10
    assert encoded == [first.out]
    assert second.out.read_bytes() == (tmp_path / "uploaded.mp4").read_bytes()
    assert probe(second.out).seconds == pytest.approx(10 / 30, abs=0.001)


def test_whatever_is_shown_makes_another_card(tmp_path: Path, encoded: list[Path]) -> None:
    picture = tmp_path / "product.png"
    Image.new("RGB", (40, 40), (200, 30, 30)).save(picture)
    cards = [spec(tmp_path), spec(tmp_path, headline="Land"), spec(tmp_path, product=picture)]
    for one in cards:
        cardcache.make_card(one, tmp_path / "cards")
        one.out.unlink()
    Image.new("RGB", (40, 40), (30, 200, 30)).save(picture)  # another picture of the same name
    cardcache.make_card(cards[-1], tmp_path / "cards")
    assert len(encoded) == 4


def test_only_so_many_are_kept(
    tmp_path: Path, encoded: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cardcache, "MOST_CARDS", 2)
    for headline in "abc":
        one = spec(tmp_path, headline=headline)
        cardcache.make_card(one, tmp_path / "cards")
        one.out.unlink()
    assert len(list((tmp_path / "cards").iterdir())) == 2
