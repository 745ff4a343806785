"""A user's picture becomes a plain WebP of bounded size, or is refused with a reason."""

from contextlib import suppress
from time import process_time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageCms, ImageDraw, ImageStat

from shared.media.uploads import prepare
from shared.story.errors import BadInput
from shared.story.images import MAX_BYTES
from tests.pictures import (
    bomb,
    decoded,
    encoded,
    jpeg_of_scans,
    jpeg_of_segments,
    noise,
    png_that_says,
    product,
    zeros,
)

ORANGE, BLUE = (255, 140, 0), (0, 0, 255)
FORMS = ("PNG", "JPEG", "WEBP")


def pixel(shown: Image.Image, x: int, y: int) -> tuple[int, ...]:
    found = shown.getpixel((x, y))
    assert isinstance(found, tuple)
    return found


def near(one: tuple[int, ...], colour: tuple[int, ...]) -> bool:
    return max(abs(a - b) for a, b in zip(one, colour, strict=True)) < 12


def test_the_same_picture_is_the_same_bytes_and_another_is_not() -> None:
    one, again, other = prepare(product()), prepare(product()), prepare(product((200, 300)))
    assert (one.id, one.data) == (again.id, again.data)
    assert one.id != other.id
    assert (one.width, one.height) == (300, 200)


def test_alpha_is_kept_and_opaque_pictures_get_none() -> None:
    shown = decoded(prepare(product()).data)
    assert shown.mode == "RGBA"
    assert (pixel(shown, 0, 0)[3], pixel(shown, 150, 100)[3]) == (0, 255)
    assert decoded(prepare(encoded(Image.new("RGB", (9, 9)))).data).mode == "RGB"


@pytest.mark.parametrize("form", FORMS)
def test_a_picture_that_lies_on_its_side_is_put_upright(form: str) -> None:
    lying = Image.new("RGB", (80, 40), ORANGE)
    lying.paste(BLUE, (0, 0, 20, 40))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    exif[0x010F] = "a maker"
    made = prepare(encoded(lying, form, exif=exif))
    upright = decoded(made.data)
    assert upright.size == (made.width, made.height) == (40, 80)
    assert near(pixel(upright, 20, 5), BLUE) and near(pixel(upright, 20, 75), ORANGE)


def test_nothing_is_told_but_pixels() -> None:
    exif = Image.Exif()
    exif[0x010F] = "a maker"
    plain = Image.new("RGB", (9, 9))
    told = encoded(plain, "JPEG", exif=exif, comment=b"secret", dpi=(72, 72))
    assert prepare(told).data == prepare(encoded(plain, "JPEG")).data


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("size", "kept"), [((5000, 2000), (2048, 819)), ((300, 4100), (150, 2048)), ((7, 5), (7, 5))]
)
def test_it_is_scaled_down_and_never_up(
    form: str, size: tuple[int, int], kept: tuple[int, int]
) -> None:
    shown = decoded(prepare(encoded(Image.new("RGB", size, ORANGE), form)).data)
    assert shown.size == kept
    assert near(pixel(shown, 3, 3), ORANGE)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16"])
def test_every_sort_of_png_is_understood(mode: str) -> None:
    grey = Image.new("L", (8, 8), 255)
    wide = Image.fromarray(np.full((8, 8), 200 * 256, np.uint16))
    given_ = wide if mode == "I;16" else grey.convert(mode)
    light = 200 if mode == "I;16" else 255
    assert decoded(prepare(encoded(given_)).data).convert("RGB").getpixel((4, 4)) == (light,) * 3


def test_a_jpeg_for_printers_keeps_its_colour() -> None:
    printed = encoded(Image.new("CMYK", (16, 16), (0, 115, 255, 0)), "JPEG")
    assert near(pixel(decoded(prepare(printed).data), 8, 8), ORANGE)


def test_colours_are_what_the_profile_means() -> None:
    """In a profile whose red and green are exchanged, pure red is green."""
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exchanged = plain.replace(b"rXYZ", b"?XYZ").replace(b"gXYZ", b"rXYZ").replace(b"?XYZ", b"gXYZ")
    red = Image.new("RGBA", (8, 8), (255, 0, 0, 128))
    shown = decoded(prepare(encoded(red, icc_profile=exchanged)).data)
    assert near(pixel(shown, 4, 4), (0, 255, 0, 128))
    broken = decoded(prepare(encoded(red, icc_profile=b"no profile")).data).getpixel((4, 4))
    assert broken == (255, 0, 0, 128)


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_of_an_animation_the_first_picture_is_taken(form: str) -> None:
    first, second = Image.new("RGB", (30, 30), ORANGE), Image.new("RGB", (30, 30), BLUE)
    moving = encoded(first, form, save_all=True, append_images=[second])
    assert near(pixel(decoded(prepare(moving).data), 9, 9), ORANGE)


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
    "a long thin bomb": (bomb(1, 40_000_000), "a side of the picture has more than 16,384 pixels"),
    "a WebP that is larger decoded": (
        encoded(Image.new("L", (8000, 4001)), "WEBP"),
        "than 32 mega",
    ),
    "hours of scans": (jpeg_of_scans(51), "in more than 50 scans"),
    "a million segments": (jpeg_of_segments(1_000_000), "2,000 segments"),
    "a text of 1 GiB": (png_that_says(b"zTXt", b"a\0\0" + zeros(1 << 30)), "export it again"),
    "a profile of 1 GiB": (png_that_says(b"iCCP", b"a\0\0" + zeros(1 << 30)), "export it again"),
    "nothing to see": (encoded(Image.new("RGBA", (9, 9))), "wholly transparent"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_used_is_refused_with_what_to_do(name: str) -> None:
    data, advice = REFUSED[name]
    with pytest.raises(BadInput, match=advice):
        prepare(data)


def test_forty_megapixels_are_taken() -> None:
    made = prepare(bomb(8000, 5000))
    assert (made.width, made.height) == (2048, 1280)


def test_what_would_take_long_is_refused_at_once() -> None:
    """Three thousand scans of 40 megapixels are 426 KB, and two minutes of work."""
    slow = jpeg_of_scans(3_000, side=6320)
    started = process_time()
    with pytest.raises(BadInput, match="more than 50 scans"):
        prepare(slow)
    assert process_time() - started < 0.1


@pytest.mark.parametrize(
    "taken",
    [
        jpeg_of_scans(50),
        jpeg_of_scans(10, after=b"\xff\xda\x00\x02" * 100),
        noise((600, 600), "JPEG", icc_profile=b"\xff\xda" * 300_000),
        encoded(Image.new("CMYK", (99, 99)), "JPEG", progressive=True),
    ],
    ids=["fifty scans", "a film after the picture", "a large profile", "for printers"],
)
def test_what_cameras_and_programs_write_is_taken(taken: bytes) -> None:
    assert prepare(taken).width > 8


# ── what it is kept as ──────────────────────────────────────────────────────────────────────────


def clouds(size: tuple[int, int], colours: str = "RGB") -> Image.Image:
    """Like a photograph: smooth, with some grain."""
    rng = np.random.default_rng(3)
    shape = (size[1] // 40, size[0] // 40, len(colours))
    smooth = Image.fromarray(rng.integers(0, 256, shape, np.uint8), colours).resize(size)
    grain = rng.normal(0, 4, (size[1], size[0], len(colours)))
    return Image.fromarray(np.clip(np.asarray(smooth) + grain, 0, 255).astype(np.uint8), colours)


PHOTO, CUT_OUT = clouds((800, 600)), clouds((800, 600), "RGBA")
CAME = {
    "a strong JPEG": encoded(PHOTO, "JPEG", quality=60),
    "a fine JPEG": encoded(PHOTO, "JPEG", quality=95),
    "a strong WebP": encoded(PHOTO, "WEBP", quality=60),
    "a WebP with alpha": encoded(CUT_OUT, "WEBP", quality=80),
    "a lossless WebP": encoded(PHOTO, "WEBP", lossless=True),
    "a PNG": encoded(PHOTO),
    "a PNG with alpha": encoded(CUT_OUT),
    "a PNG of few colours": encoded(PHOTO.quantize(16)),
    "one that is scaled down": encoded(clouds((2800, 2000)), "WEBP", quality=50),
}


@pytest.mark.parametrize("name", CAME)
def test_a_picture_is_kept_no_larger_than_it_came(name: str) -> None:
    assert len(prepare(CAME[name]).data) <= len(CAME[name])


@pytest.mark.parametrize("name", ["a lossless WebP", "a PNG", "a PNG of few colours"])
def test_what_came_without_loss_is_kept_without_loss(name: str) -> None:
    came, kept = decoded(CAME[name]).convert("RGB"), decoded(prepare(CAME[name]).data)
    assert ImageChops.difference(came, kept).getbbox() is None


@pytest.mark.parametrize("name", ["a strong JPEG", "a fine JPEG", "a strong WebP"])
def test_what_came_with_loss_loses_little_more(name: str) -> None:
    came, kept = decoded(CAME[name]), decoded(prepare(CAME[name]).data)
    assert max(ImageStat.Stat(ImageChops.difference(came, kept)).mean) < 3


def test_a_small_drawing_stays_sharp_whatever_it_takes() -> None:
    """Scaled down it has more shades than it came with; its edges are all that there is to see."""
    drawing = Image.new("1", (3000, 2000))
    ImageDraw.Draw(drawing).line([(0, 0), (3000, 2000)], fill=1, width=9)
    kept = prepare(encoded(drawing)).data
    assert len(kept) < 256 << 10 and b"VP8L" in kept


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
        assert max(decoded(prepare(bytes(data)).data).size) <= 2048
