"""The end card shows what it should, moves gently, and joins like any segment."""

from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from services.stitcher.card import CardSpec, CardStyle, end_card
from shared.media.encode import canonical_avcc
from shared.media.formats import Canvas
from tests.media.samples import rgb

CANVAS = Canvas(180, 320)


def shown(spec: CardSpec) -> list[NDArray[np.int_]]:
    assert end_card(spec) == spec.frames
    with av.open(str(spec.out)) as container:
        extradata = container.streams.video[0].codec_context.extradata
        assert extradata == canonical_avcc(spec.canvas)
        return [rgb(frame).astype(np.int_) for frame in container.decode(video=0)]


@pytest.mark.parametrize("style", ["luxury", "minimal", "bold", "playful"])
def test_headline_and_button_come_in_and_stay(style: CardStyle, tmp_path: Path) -> None:
    plain = shown(CardSpec(tmp_path / "plain.mp4", CANVAS, 45, style))
    full = shown(CardSpec(tmp_path / "card.mp4", CANVAS, 45, style, "Wake up slow", "Order yours"))
    changed = [float(np.abs(a - b).max()) for a, b in zip(plain, full, strict=True)]
    assert changed[0] < 40 < changed[40]
    assert np.abs(full[40] - full[44]).mean() < 4  # gentle


def test_styles_differ(tmp_path: Path) -> None:
    styles: tuple[CardStyle, ...] = ("luxury", "minimal", "bold", "playful")
    cards = [
        shown(CardSpec(tmp_path / f"{s}.mp4", CANVAS, 30, s, "Hello", "Go"))[-1] for s in styles
    ]
    pairs = [(a, b) for i, a in enumerate(cards) for b in cards[i + 1 :]]
    assert min(float(np.abs(a - b).mean()) for a, b in pairs) > 12


def test_background_product_and_brand_colour_are_seen(tmp_path: Path) -> None:
    Image.new("RGB", (90, 160), (0, 60, 220)).save(tmp_path / "back.png")
    Image.new("RGBA", (80, 80), (255, 140, 0, 255)).save(tmp_path / "product.png")
    picture = shown(
        CardSpec(
            tmp_path / "card.mp4",
            CANVAS,
            40,
            "minimal",
            background=tmp_path / "back.png",
            product=tmp_path / "product.png",
        )
    )[-1]
    assert np.abs(picture[160, 90] - (255, 140, 0)).max() < 30
    assert picture[10, 10, 2] > picture[10, 10, 0]
    branded = shown(CardSpec(tmp_path / "b.mp4", CANVAS, 10, "minimal", colour=(10, 120, 60)))[-1]
    red, green, blue = branded.mean(axis=(0, 1))
    assert green > 2 * red and green > 1.5 * blue


def test_letters_stand_out_from_a_brand_colour(tmp_path: Path) -> None:
    spec = CardSpec(tmp_path / "c.mp4", CANVAS, 40, "minimal", "Hello", "Go", colour=(15, 20, 40))
    assert shown(spec)[-1].max() > 220
