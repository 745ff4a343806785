"""A cut-out product in drawn scenes: known again in each, standing on something, never cut off."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from shared.engines.local.ads import choose_scenes
from shared.engines.local.images import ImageSpec, draw_image
from shared.engines.local.phrases import SETTINGS
from shared.story.looks import STYLES
from tests.pictures import MAGENTA


def cutout(folder: Path, size: tuple[int, int] = (300, 200)) -> Path:
    image = Image.new("RGBA", size)
    ImageDraw.Draw(image).rounded_rectangle((4, 4, size[0] - 5, size[1] - 5), 20, fill=MAGENTA)
    image.save(folder / "cutout.png")
    return folder / "cutout.png"


def drawn(folder: Path, place: str = "at a kitchen table", **known: object) -> np.ndarray:
    values = {
        "prompt": f"Medium view {place}: a thing", "style": "minimal", "seed": 1, "index": 0,
        "total": 4, "width": 180, "height": 320, "setting": place, **known,
    }  # fmt: skip
    draw_image(ImageSpec(**values), folder / "image.png")  # type: ignore[arg-type]
    with Image.open(folder / "image.png") as picture:
        return np.asarray(picture.convert("RGB"))


def find_magenta(picture: np.ndarray) -> np.ndarray:
    hue = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV).astype(int)
    return np.asarray((np.abs(hue[..., 0] - 153) < 14) & (hue[..., 1] > 110))


@pytest.mark.parametrize("style", STYLES)
def test_the_product_is_known_again_in_every_style_and_scene(tmp_path: Path, style: str) -> None:
    product = cutout(tmp_path)
    for index, scene in enumerate(choose_scenes("shoe", 4)):
        prompt = f"{scene.view} {SETTINGS[scene.place]}: a thing"
        picture = drawn(tmp_path, SETTINGS[scene.place], prompt=prompt, style=style, index=index,
                        product=product)  # fmt: skip
        assert find_magenta(picture).mean() > 0.04, (style, scene.place)


@pytest.mark.parametrize("size", [(300, 200), (60, 400), (800, 60)])
@pytest.mark.parametrize("shape", [(180, 320), (320, 180), (200, 200)])
def test_the_whole_product_is_inside_whatever_its_shape(
    tmp_path: Path, size: tuple[int, int], shape: tuple[int, int]
) -> None:
    product = cutout(tmp_path, size)
    for view in ("Wide", "Medium", "Close"):
        picture = drawn(tmp_path, prompt=f"{view} view: a thing", width=shape[0], height=shape[1],
                        product=product)  # fmt: skip
        seen = find_magenta(picture)
        ys, xs = np.nonzero(seen)
        assert xs.min() > 0 and xs.max() < shape[0] - 1
        assert ys.min() > 0 and ys.max() < shape[1] - 1


def test_the_ground_under_it_is_darker_than_without(tmp_path: Path) -> None:
    with_it = drawn(tmp_path, "among rolling hills", product=cutout(tmp_path)).astype(int)
    without = drawn(tmp_path, "among rolling hills").astype(int)
    foot = int(np.nonzero(find_magenta(with_it.astype(np.uint8)))[0].max())
    below = slice(foot + 2, foot + 8), slice(70, 110)
    assert with_it[below].mean() < without[below].mean() - 4


def test_no_other_hero_is_drawn_beside_it(tmp_path: Path) -> None:
    named = "Medium view at a kitchen table: a thing, featuring a fox"
    assert np.array_equal(
        drawn(tmp_path, prompt=named, product=cutout(tmp_path)),
        drawn(tmp_path, product=cutout(tmp_path)),
    )
