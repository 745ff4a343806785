"""Products cut out of pictures as people take them: with alpha, before a backdrop, in a room."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from shared.media.cutout import CutOut, cut_out

RED, DARK = (204, 30, 40), (36, 36, 42)
SIZE = (480, 360)
INSIDE = (130, 110, 350, 260)


def bottle(ground: Image.Image) -> Image.Image:
    """Something red with a dark foot, on this ground."""
    draw = ImageDraw.Draw(ground)
    draw.rounded_rectangle(INSIDE, 30, fill=RED)
    draw.rectangle((130, 236, 350, 260), fill=DARK)
    return ground


def plain() -> Image.Image:
    return bottle(Image.new("RGB", SIZE, (238, 238, 236)))


def gradient() -> Image.Image:
    """A studio's backdrop: darker towards the corners, with a soft shadow under the product."""
    ys, xs = np.mgrid[-1 : 1 : SIZE[1] * 1j, -1 : 1 : SIZE[0] * 1j]
    level = np.clip(235 - 40 * (xs**2 + ys**2), 0, 255).astype(np.uint8)
    ground = Image.fromarray(np.dstack([level] * 3))
    shadow = Image.new("L", SIZE)
    ImageDraw.Draw(shadow).ellipse((120, 245, 360, 285), fill=110)
    ground.paste((90, 90, 90), mask=shadow.filter(ImageFilter.GaussianBlur(9)))
    return bottle(ground)


def transparent() -> Image.Image:
    return bottle(Image.new("RGBA", SIZE))


def room() -> Image.Image:
    """A wall, a shelf and a window behind it: no backdrop at all."""
    ground = Image.new("RGB", SIZE, (90, 120, 110))
    draw = ImageDraw.Draw(ground)
    draw.rectangle((0, 250, 480, 360), fill=(120, 92, 60))
    draw.rectangle((0, 0, 110, 140), fill=(190, 210, 230))
    draw.rectangle((400, 60, 480, 250), fill=(60, 80, 60))
    noise = np.random.default_rng(0).normal(0, 6, (SIZE[1], SIZE[0], 3))
    return bottle(Image.fromarray(np.clip(np.asarray(ground) + noise, 0, 255).astype(np.uint8)))


def cut(folder: Path, image: Image.Image) -> tuple[CutOut, Image.Image]:
    image.save(folder / "in.png")
    seen = cut_out(folder / "in.png", folder / "out.png")
    with Image.open(folder / "out.png") as made:
        return seen, made.copy()


@pytest.mark.parametrize(
    ("draw", "method"),
    [(plain, "backdrop"), (gradient, "backdrop"), (transparent, "alpha"), (room, "grabcut")],
)
def test_a_product_is_cut_out_and_its_box_and_colours_are_known(
    tmp_path: Path, draw: Callable[[], Image.Image], method: str
) -> None:
    seen, made = cut(tmp_path, draw())
    assert seen.method == method
    wanted = [INSIDE[n] / SIZE[n % 2] for n in range(4)]
    assert seen.box == pytest.approx(wanted, abs=0.03)
    assert made.mode == "RGBA"
    alpha = np.asarray(made.getchannel("A"))
    assert alpha[5:-5, made.width // 2].mean() > 250, "the product itself is whole"
    assert alpha[0, 0] < 40 and alpha[0, -1] < 40, "its round corners are cut"
    first = np.array(list(bytes.fromhex(seen.palette[0][1:])), int)
    assert np.abs(first - RED).max() < 25


def test_a_picture_in_which_nothing_stands_out_stays_whole(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (200, 300, 3), np.uint8)
    seen, made = cut(tmp_path, Image.fromarray(noise).filter(ImageFilter.GaussianBlur(1)))
    assert (seen.method, seen.box) == ("whole", (0, 0, 1, 1))
    assert made.getchannel("A").getextrema() == (255, 255)


def test_an_empty_picture_stays_whole(tmp_path: Path) -> None:
    seen, made = cut(tmp_path, Image.new("RGB", (90, 60), "white"))
    assert (seen.method, made.size) == ("whole", (90, 60))


@pytest.mark.parametrize(("fill", "stays"), [((255, 255, 255), True), ((238, 238, 236), False)])
def test_a_pale_part_stays_and_a_hole_is_a_hole(
    tmp_path: Path, fill: tuple[int, int, int], stays: bool
) -> None:
    image = plain()
    ImageDraw.Draw(image).rectangle((200, 150, 280, 200), fill=fill)
    _, made = cut(tmp_path, image)
    middle = np.asarray(made.getchannel("A"))[60:80, 90:130]
    assert middle.min() > 200 if stays else middle.max() < 50


def test_the_same_picture_is_always_cut_out_alike(tmp_path: Path) -> None:
    cut(tmp_path, room())
    first = (tmp_path / "out.png").read_bytes()
    cut(tmp_path, room())
    assert (tmp_path / "out.png").read_bytes() == first
