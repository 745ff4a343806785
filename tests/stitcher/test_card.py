"""The end card shows what it should, moves gently, and joins like any segment."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from services.stitcher.draw.card import CardSpec, draw_end_card
from services.stitcher.draw.colours import LEGIBLE, choose_ink, measure_contrast
from shared.media.encode import canonical_avcc
from shared.media.picture import Rgb
from shared.story.formats import Canvas
from shared.story.looks import CARD_LOOKS
from tests.media.samples import rgb
from tests.pictures import MAGENTA

CANVAS = Canvas(180, 320)


def shown(spec: CardSpec) -> list[NDArray[np.int_]]:
    assert draw_end_card(spec) == spec.frames
    with av.open(str(spec.out)) as container:
        extradata = container.streams.video[0].codec_context.extradata
        assert extradata == canonical_avcc(spec.canvas)
        return [rgb(frame).astype(np.int_) for frame in container.decode(video=0)]


@pytest.mark.parametrize("style", CARD_LOOKS)
def test_headline_and_button_come_in_and_stay(style: str, tmp_path: Path) -> None:
    plain = shown(CardSpec(tmp_path / "plain.mp4", CANVAS, 45, style))
    full = shown(CardSpec(tmp_path / "card.mp4", CANVAS, 45, style, "Wake up slow", "Order yours"))
    changed = [float(np.abs(a - b).max()) for a, b in zip(plain, full, strict=True)]
    assert changed[0] < 40 < changed[40]
    assert np.abs(full[40] - full[44]).mean() < 4  # gentle


def test_styles_differ(tmp_path: Path) -> None:
    cards = [
        shown(CardSpec(tmp_path / f"{s}.mp4", CANVAS, 30, s, "Hello", "Go"))[-1] for s in CARD_LOOKS
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


# ── a product ───────────────────────────────────────────────────────────────────────────────────

CANVASES = {"9:16": Canvas(180, 320), "16:9": Canvas(320, 180), "1:1": Canvas(240, 240)}
PRODUCTS = {"wide": (900, 300), "tall": (300, 900), "even": (600, 600)}


def product_at(path: Path, size: tuple[int, int], margin: int = 0) -> Path:
    """A picture of one colour, in a transparent margin of so many pixels."""
    whole = Image.new("RGBA", (size[0] + 2 * margin, size[1] + 2 * margin))
    whole.paste(MAGENTA, (margin, margin, margin + size[0], margin + size[1]))
    whole.save(path)
    return path


def box_of(frame: NDArray[np.int_]) -> tuple[int, int, int, int]:
    """Where the product's colour is: left, top, right, bottom."""
    there = np.abs(frame - MAGENTA).max(axis=-1) < 60
    rows, columns = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


@pytest.mark.parametrize(
    ("style", "shape", "kind"),
    [
        (style, shape, list(PRODUCTS)[(row + column) % 3])
        for row, style in enumerate(CARD_LOOKS)
        for column, shape in enumerate(CANVASES)
    ],
)
def test_a_product_is_seen_whole_and_nothing_touches_the_edge(
    style: str, shape: str, kind: str, tmp_path: Path
) -> None:
    canvas, size = CANVASES[shape], PRODUCTS[kind]
    plain = shown(CardSpec(tmp_path / "plain.mp4", canvas, 30, style))[-1]
    picture = product_at(tmp_path / "product.png", size)
    words = ("Made slowly, by hand, for mornings", "Order yours today")
    spec = CardSpec(tmp_path / "card.mp4", canvas, 30, style, *words, product=picture)
    card = shown(spec)[-1]
    left, top, right, bottom = box_of(card)
    assert (right - left) / (bottom - top) == pytest.approx(size[0] / size[1], rel=0.12)
    assert max(right - left, bottom - top) > 0.25 * min(canvas.width, canvas.height)
    drawn = np.abs(card - plain).max(axis=-1) > 40
    edge = round(0.03 * min(canvas.width, canvas.height))
    inside = np.zeros_like(drawn)
    inside[edge:-edge, edge:-edge] = True
    assert drawn.any() and not (drawn & ~inside).any()


def test_a_small_picture_grows_to_twice_its_size_at_most(tmp_path: Path) -> None:
    picture = product_at(tmp_path / "product.png", (20, 20))
    left, top, right, bottom = box_of(shown(card_with(picture, tmp_path))[-1])
    assert 34 <= right - left <= 42 and 34 <= bottom - top <= 42


def test_transparent_margins_take_no_room(tmp_path: Path) -> None:
    bare, wide = (
        shown(card_with(product_at(tmp_path / f"{margin}.png", (300, 300), margin), tmp_path))[-1]
        for margin in (0, 300)
    )
    assert box_of(bare) == box_of(wide)


def card_with(picture: Path, folder: Path, style: str = "minimal") -> CardSpec:
    return CardSpec(folder / "card.mp4", CANVAS, 30, style, product=picture)


def test_what_is_dark_stands_out_from_a_dark_card(tmp_path: Path) -> None:
    bottle = Image.new("RGBA", (60, 120))
    bottle.paste((10, 10, 12), (5, 5, 55, 115))
    bottle.save(tmp_path / "bottle.png")
    plain = shown(CardSpec(tmp_path / "plain.mp4", CANVAS, 30, "luxury"))[-1]
    assert plain.max() < 60
    assert shown(card_with(tmp_path / "bottle.png", tmp_path, "luxury"))[-1].max() > 110
    assert shown(card_with(tmp_path / "bottle.png", tmp_path, "minimal"))[-1].min() < 40


def test_a_photo_gets_the_corners_of_its_style(tmp_path: Path) -> None:
    Image.new("RGB", (400, 400), MAGENTA).save(tmp_path / "photo.png")
    sharp_corners: dict[str, bool] = {"luxury": True, "playful": False}
    for style, sharp in sharp_corners.items():
        frame = shown(card_with(tmp_path / "photo.png", tmp_path, style))[-1]
        left, top, _, _ = box_of(frame)
        corner = np.abs(frame[top + 1, left + 1] - MAGENTA).max() < 60
        assert corner == sharp, style


def test_a_product_of_which_nothing_is_left_to_see_breaks_nothing(tmp_path: Path) -> None:
    specks = Image.new("RGBA", (2000, 2000))
    for at in ((0, 0), (1999, 1999)):
        specks.putpixel(at, (0, 0, 0, 1))
    specks.save(tmp_path / "specks.png")
    spec = replace(card_with(tmp_path / "specks.png", tmp_path, "luxury"), frames=2)
    assert shown(spec)[-1].max() < 60


# ── colours ─────────────────────────────────────────────────────────────────────────────────────

BRANDS: dict[str, Rgb | None] = {
    "own": None,
    "yellow": (255, 238, 0),
    "red": (255, 0, 0),
    "grey": (118, 118, 118),
    "navy": (12, 22, 60),
}


@cache
def at_rest(style: str, colour: Rgb | None, headline: str, button: str) -> NDArray[np.int_]:
    """What a card looks like once its words stand, at a size at which letters have a body."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "card.mp4"
        spec = CardSpec(out, Canvas(540, 540), 24, style, headline, button, colour=colour)
        return shown(spec)[-1]


def box_of_words(style: str, colour: Rgb | None, headline: str, button: str) -> NDArray[np.int_]:
    plain, full = at_rest(style, colour, "", ""), at_rest(style, colour, headline, button)
    rows, columns = np.nonzero(np.abs(full - plain).max(axis=-1) > 30)
    return full[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def rgb_of(pixel: NDArray[np.floating]) -> Rgb:
    red, green, blue = (round(float(part)) for part in pixel)
    return red, green, blue


def strongest(box: NDArray[np.int_]) -> float:
    """How far the letters' bodies stand out from what lies around them."""
    ground = rgb_of(np.median(box.reshape(-1, 3), axis=0))
    contrasts = sorted(measure_contrast(rgb_of(pixel), ground) for pixel in box.reshape(-1, 3)[::3])
    return contrasts[int(len(contrasts) * 0.985)]


@pytest.mark.parametrize("style", CARD_LOOKS)
@pytest.mark.parametrize("brand", BRANDS)
def test_words_can_be_read_on_any_colour(style: str, brand: str) -> None:
    near = 0.93  # a gradient's ends, and the codec
    assert strongest(box_of_words(style, BRANDS[brand], "", "LTLT")) >= LEGIBLE * near
    assert strongest(box_of_words(style, BRANDS[brand], "LTL", "")) >= LEGIBLE * near


@pytest.mark.parametrize("brand", [name for name, colour in BRANDS.items() if colour])
def test_a_brand_colour_stays_that_colour(brand: str, tmp_path: Path) -> None:
    colour = BRANDS[brand]
    assert colour is not None
    frame = shown(CardSpec(tmp_path / "c.mp4", CANVAS, 3, "minimal", colour=colour))[-1]
    assert np.abs(frame - colour).max(axis=(0, 1)).max() <= 26
    assert np.abs(frame.mean(axis=(0, 1)) - colour).max() <= 9


@given(st.tuples(*[st.integers(0, 255)] * 3), st.tuples(*[st.integers(0, 255)] * 3))
def test_there_is_a_legible_ink_for_every_ground(ink: Rgb, ground: Rgb) -> None:
    found = choose_ink(ink, ground)
    assert measure_contrast(found, ground) >= LEGIBLE
    assert found == ink or measure_contrast(ink, ground) < LEGIBLE
