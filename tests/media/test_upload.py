"""A user's picture becomes a plain PNG of bounded size, or is refused with a reason."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from shared.media.uploads import prepared
from shared.story.errors import BadInput
from shared.story.images import MAX_BYTES
from tests.pictures import bomb, decoded, encoded, noise, product

ORANGE, BLUE = (255, 140, 0), (0, 0, 255)
FORMS = ("PNG", "JPEG", "WEBP")


def pixel(shown: Image.Image, x: int, y: int) -> tuple[int, ...]:
    found = shown.getpixel((x, y))
    assert isinstance(found, tuple)
    return found


def near(one: tuple[int, ...], colour: tuple[int, ...]) -> bool:
    return max(abs(a - b) for a, b in zip(one, colour, strict=True)) < 12


def test_the_same_picture_is_the_same_bytes_and_another_is_not() -> None:
    one, again, other = prepared(product()), prepared(product()), prepared(product((200, 300)))
    assert (one.id, one.png) == (again.id, again.png)
    assert one.id != other.id
    assert (one.width, one.height) == (300, 200)


def test_alpha_is_kept_and_opaque_pictures_get_none() -> None:
    shown = decoded(prepared(product()).png)
    assert shown.mode == "RGBA"
    assert (pixel(shown, 0, 0)[3], pixel(shown, 150, 100)[3]) == (0, 255)
    assert decoded(prepared(encoded(Image.new("RGB", (9, 9)))).png).mode == "RGB"


@pytest.mark.parametrize("form", FORMS)
def test_a_picture_that_lies_on_its_side_is_put_upright(form: str) -> None:
    lying = Image.new("RGB", (80, 40), ORANGE)
    lying.paste(BLUE, (0, 0, 20, 40))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    exif[0x010F] = "a maker"
    made = prepared(encoded(lying, form, exif=exif))
    upright = decoded(made.png)
    assert upright.size == (made.width, made.height) == (40, 80)
    assert near(pixel(upright, 20, 5), BLUE) and near(pixel(upright, 20, 75), ORANGE)


def test_nothing_is_told_but_pixels() -> None:
    exif = Image.Exif()
    exif[0x010F] = "a maker"
    told = encoded(Image.new("RGB", (9, 9)), "JPEG", exif=exif, comment=b"secret", dpi=(72, 72))
    assert decoded(prepared(told).png).info == {}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("size", "kept"), [((5000, 2000), (2048, 819)), ((300, 4100), (150, 2048)), ((7, 5), (7, 5))]
)
def test_it_is_scaled_down_and_never_up(
    form: str, size: tuple[int, int], kept: tuple[int, int]
) -> None:
    shown = decoded(prepared(encoded(Image.new("RGB", size, ORANGE), form)).png)
    assert shown.size == kept
    assert near(pixel(shown, 3, 3), ORANGE)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16"])
def test_every_sort_of_png_is_understood(mode: str) -> None:
    grey = Image.new("L", (8, 8), 255)
    wide = Image.fromarray(np.full((8, 8), 200 * 256, np.uint16))
    given_ = wide if mode == "I;16" else grey.convert(mode)
    light = 200 if mode == "I;16" else 255
    assert decoded(prepared(encoded(given_)).png).convert("RGB").getpixel((4, 4)) == (light,) * 3


def test_a_jpeg_for_printers_keeps_its_colour() -> None:
    printed = encoded(Image.new("CMYK", (16, 16), (0, 115, 255, 0)), "JPEG")
    assert near(pixel(decoded(prepared(printed).png), 8, 8), ORANGE)


def test_colours_are_what_the_profile_means() -> None:
    """In a profile whose red and green are exchanged, pure red is green."""
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exchanged = plain.replace(b"rXYZ", b"?XYZ").replace(b"gXYZ", b"rXYZ").replace(b"?XYZ", b"gXYZ")
    red = Image.new("RGBA", (8, 8), (255, 0, 0, 128))
    shown = decoded(prepared(encoded(red, icc_profile=exchanged)).png)
    assert near(pixel(shown, 4, 4), (0, 255, 0, 128))
    broken = decoded(prepared(encoded(red, icc_profile=b"no profile")).png).getpixel((4, 4))
    assert broken == (255, 0, 0, 128)


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_of_an_animation_the_first_picture_is_taken(form: str) -> None:
    first, second = Image.new("RGB", (30, 30), ORANGE), Image.new("RGB", (30, 30), BLUE)
    moving = encoded(first, form, save_all=True, append_images=[second])
    assert near(pixel(decoded(prepared(moving).png), 9, 9), ORANGE)


REFUSED = {
    "nothing": (b"", "empty"),
    "text": (b"this is no picture\n" * 50, "give a PNG, JPEG or WebP"),
    "another form": (encoded(Image.new("RGB", (9, 9)), "GIF"), "give a PNG, JPEG or WebP"),
    "a JPEG cut off": (noise((300, 300), "JPEG")[:9000], "give all of it"),
    "a PNG cut off": (noise((300, 300), "PNG")[:9000], "give all of it"),
    "a WebP cut off": (noise((300, 300), "WEBP")[:9000], "give all of it"),
    "too many bytes": (bytes(MAX_BYTES + 1), "larger than 10 MiB"),
    "a few pixels too many": (bomb(8000, 5008), "more than 40 megapixels"),
    "a bomb of some size": (bomb(12_000, 10_000), "more than 40 megapixels"),
    "a bomb": (bomb(20_000, 20_000), "more than 40 megapixels"),
    "nothing to see": (encoded(Image.new("RGBA", (9, 9))), "wholly transparent"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_used_is_refused_with_what_to_do(name: str) -> None:
    data, advice = REFUSED[name]
    with pytest.raises(BadInput, match=advice):
        prepared(data)


def test_forty_megapixels_are_taken() -> None:
    made = prepared(bomb(8000, 5000))
    assert (made.width, made.height) == (2048, 1280)


SMALL = [noise((40, 30), form, exif=Image.Exif()) for form in FORMS]


@given(st.sampled_from(SMALL), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255))))
def test_damaged_bytes_are_a_picture_or_bad_input(
    whole: bytes, damage: list[tuple[int, int]]
) -> None:
    """Nothing else comes out, whichever bytes are wrong."""
    data = bytearray(whole)
    for at, value in damage:
        data[at % len(data)] = value
    with suppress(BadInput):
        assert max(decoded(prepared(bytes(data)).png).size) <= 2048
