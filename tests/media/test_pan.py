"""The push into a still is smooth below the pixel, by a measure that tells a shake from it."""

import numpy as np
import pytest
from PIL import Image

from shared.media.pan import push_in
from shared.media.picture import from_image, planes
from shared.story.formats import FPS, Canvas
from tests.media.motion import Luma, mark, places, shake

CANVAS = Canvas(360, 640)
COUNT = 3 * FPS


@pytest.fixture(scope="module")
def pushed() -> list[Luma]:
    still = from_image(Image.fromarray(mark(CANVAS)))
    return [planes(frame)[0].copy() for frame in push_in(still, COUNT)]


def test_it_starts_as_the_still_and_comes_nearer_without_a_shake(pushed: list[Luma]) -> None:
    path = places(pushed)
    assert np.array_equal(pushed[0], planes(from_image(Image.fromarray(mark(CANVAS))))[0])
    assert shake(path) < 0.3
    distance = np.hypot(*(path - (CANVAS.width / 2, CANVAS.height / 2)).T)
    assert np.all(np.diff(distance) > -0.02) and distance[-1] - distance[0] > 2
    assert np.diff(distance).max() < 0.2  # no jump from frame to frame either


def test_the_measure_finds_a_motion_of_whole_pixels(pushed: list[Luma]) -> None:
    """The same path, each frame moved to the nearest pixel: what a cropping filter does."""
    path = places(pushed)
    offsets = np.rint(path - path[0]).astype(int)
    rounded = [np.roll(pushed[0], (y, x), (0, 1)) for x, y in offsets]
    assert np.abs(places(rounded) - path).max() <= 0.55
    assert shake(places(rounded)) > 0.3
