"""A crop keeps what there is to see, whole and in one place; without anything it is the middle."""

from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from shared.media.geometry import Conformer
from shared.media.picture import Plane, from_image, planes
from shared.story.formats import Canvas

WIDE, TALL = (640, 360), (360, 640)
UPRIGHT, SQUARE = Canvas(180, 320), Canvas(180, 180)
SUBJECT = (230, 40, 40)


def scene(size: tuple[int, int], at: tuple[float, float], seed: int = 1) -> Image.Image:
    """A red disc before soft hills and grain; `at` is its middle in shares of the size."""
    width, height = size
    chance = np.random.default_rng(seed)
    hills = 110 + 25 * np.sin(np.arange(width) / 60)[None, :, None]
    grain = chance.normal(0, 5, (height, width, 1))
    pixels = np.clip(hills + grain + np.zeros((height, width, 3)), 0, 255).astype(np.uint8)
    middle = (round(width * at[0]), round(height * at[1]))
    cv2.circle(pixels, middle, min(size) // 6, SUBJECT, -1)
    cv2.circle(pixels, middle, min(size) // 12, (250, 220, 60), -1)
    return Image.fromarray(pixels)


def subject(frame: av.VideoFrame) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is red or yellow."""
    rows, columns = np.nonzero(planes(frame)[2] > 150)  # strongly red, and half as large
    left, top, right, bottom = columns.min(), rows.min(), columns.max(), rows.max()
    return 2 * int(left), 2 * int(top), 2 * int(right), 2 * int(bottom)


@pytest.mark.parametrize("x", [0.15, 1 / 3, 2 / 3, 0.85])
@pytest.mark.parametrize("canvas", [UPRIGHT, SQUARE])
def test_a_subject_beside_the_middle_stays_whole(x: float, canvas: Canvas) -> None:
    frame = from_image(scene(WIDE, (x, 0.5)))
    left, _, right, _ = subject(Conformer(canvas, "crop").conform(frame))
    assert left >= 2 and right <= canvas.width - 4
    assert right - left >= 2 * (360 // 6) * canvas.height / 360 - 6  # all of its width


@pytest.mark.parametrize("y", [0.2, 2 / 3, 0.8])
def test_a_subject_above_or_below_stays_whole(y: float) -> None:
    frame = from_image(scene(TALL, (0.5, y)))
    _, top, _, bottom = subject(Conformer(SQUARE).conform(frame))
    assert top >= 2 and bottom <= SQUARE.height - 4
    assert bottom - top >= 2 * (360 // 6) / 2 - 6


def middle_of(frame: av.VideoFrame, canvas: Canvas) -> Plane:
    """What the crop about the centre of the scaled picture is."""
    y = planes(frame.reformat(*_covering(frame, canvas), interpolation="BICUBIC"))[0]
    top, left = (y.shape[0] - canvas.height) // 4 * 2, (y.shape[1] - canvas.width) // 4 * 2
    return y[top : top + canvas.height, left : left + canvas.width]


def _covering(frame: av.VideoFrame, canvas: Canvas) -> tuple[int, int]:
    scale = max(Fraction(canvas.width, frame.width), Fraction(canvas.height, frame.height))
    return round(frame.width * scale / 2) * 2, round(frame.height * scale / 2) * 2


def ramp() -> Image.Image:
    across = np.linspace(40, 200, 640)[None, :, None] + np.zeros((360, 640, 3))
    return Image.fromarray(across.astype(np.uint8))


def grain() -> Image.Image:
    noise = np.random.default_rng(3).normal(120, 30, (360, 640, 1)).clip(0, 255)
    return Image.fromarray((noise + np.zeros((360, 640, 3))).astype(np.uint8))


@pytest.mark.parametrize("picture", [Image.new("RGB", WIDE, (90, 90, 90)), ramp(), grain()])
@pytest.mark.parametrize("canvas", [UPRIGHT, SQUARE])
def test_a_picture_without_content_is_cropped_about_its_centre(
    picture: Image.Image, canvas: Canvas
) -> None:
    frame = from_image(picture)
    got = planes(Conformer(canvas, "crop").conform(frame))[0]
    assert np.abs(got.astype(int) - middle_of(frame, canvas)).max() <= 1


def test_what_the_middle_already_holds_stays_there() -> None:
    frame = from_image(scene(WIDE, (0.52, 0.5)))
    got = planes(Conformer(SQUARE).conform(frame))[0]
    assert np.abs(got.astype(int) - middle_of(frame, SQUARE)).max() <= 1


def test_the_view_holds_still_while_the_subject_moves() -> None:
    """Even out of sight: the first picture decides, or the view would jerk."""
    right, left = (from_image(scene(WIDE, (x, 0.5))) for x in (0.85, 0.15))
    conformer = Conformer(UPRIGHT, "crop")
    first = subject(conformer.conform(right))
    assert not (planes(conformer.conform(left))[2] > 150).any()
    assert subject(conformer.conform(right)) == first
    assert (planes(Conformer(UPRIGHT, "crop").conform(left))[2] > 150).any()


def test_clips_that_go_on_from_each_other_are_cropped_alike() -> None:
    """Whatever each of them shows first: at their joint the view must not jump."""
    frame = from_image(scene(WIDE, (0.85, 0.5)))
    got = planes(Conformer(SQUARE, share=0.5).conform(frame))[0]
    assert np.abs(got.astype(int) - middle_of(frame, SQUARE)).max() <= 1


def test_the_backdrop_of_a_padded_picture_is_not_stretched() -> None:
    """What is dark at the far left lies beyond what covers an upright canvas."""
    wide = np.full((360, 640, 3), 200, np.uint8)
    wide[:, :160] = 20
    got = planes(Conformer(UPRIGHT, "blur").conform(from_image(Image.fromarray(wide))))[0]
    above = got[: (320 - 102) // 2 - 4].astype(int)
    assert np.ptp(above) <= 4
