"""Pan and zoom: the right length, smooth, and going on from a last frame without a seam."""

from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from cv2.typing import MatLike
from numpy.typing import NDArray
from PIL import Image

from shared.engines.local.clips import Motion, animate
from shared.engines.local.images import ImageSpec, draw_image
from shared.media.lastframe import last_frame
from shared.media.picture import from_image
from shared.media.probe import BadMedia
from shared.story.formats import FPS, Canvas
from tests.media.motion import mark, places, shake

CANVAS = Canvas(360, 640)
SECONDS = 2.0


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("still") / "still.png"
    draw_image(
        ImageSpec("the city, featuring a robot", "anime", 3, 0, 6, CANVAS.width, CANVAS.height), out
    )
    return out


def lumas(clip: Path) -> list[NDArray[np.uint8]]:
    with av.open(str(clip)) as container:
        return [luma(frame.reformat(format="yuv420p")) for frame in container.decode(video=0)]


def luma(frame: av.VideoFrame) -> NDArray[np.uint8]:
    return np.asarray(frame.to_ndarray()[: CANVAS.height], np.uint8)


def psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(cv2.PSNR(one, other))


@pytest.mark.parametrize("seconds", [1 / FPS, 0.5, SECONDS])
def test_a_clip_has_exactly_its_frames(still: Path, tmp_path: Path, seconds: float) -> None:
    assert animate(still, tmp_path / "clip.mp4", CANVAS, seconds, 1) == round(seconds * FPS)
    assert len(lumas(tmp_path / "clip.mp4")) == round(seconds * FPS)


@pytest.mark.parametrize("motion", ["inwards", "onwards"])
def test_the_first_frame_is_the_still(still: Path, tmp_path: Path, motion: Motion) -> None:
    animate(still, tmp_path / "clip.mp4", CANVAS, SECONDS, 1, motion)
    shown = lumas(tmp_path / "clip.mp4")
    wanted = luma(from_image(Image.open(still).convert("RGB")))
    assert psnr(shown[0], wanted) > 36
    assert psnr(shown[-1], wanted) < 30


def test_a_chunk_goes_on_where_the_one_before_it_ended(still: Path, tmp_path: Path) -> None:
    animate(still, tmp_path / "one.mp4", CANVAS, SECONDS, 1, "inwards")
    last_frame(tmp_path / "one.mp4", tmp_path / "last.png")
    animate(tmp_path / "last.png", tmp_path / "two.mp4", CANVAS, SECONDS, 1, "onwards")
    one, two = lumas(tmp_path / "one.mp4"), lumas(tmp_path / "two.mp4")
    assert psnr(one[-1], two[0]) > 36
    before, after = _shift(one[-5], one[-1]), _shift(two[0], two[4])
    assert np.abs(before - after).max() < 0.25  # pixels in four frames: no stop, no jump


@pytest.mark.parametrize("motion", ["free", "inwards", "onwards"])
@pytest.mark.parametrize("seed", range(4))
def test_the_motion_never_shakes(tmp_path: Path, seed: int, motion: Motion) -> None:
    cv2.imwrite(str(tmp_path / "mark.png"), mark(CANVAS))
    animate(tmp_path / "mark.png", tmp_path / "clip.mp4", CANVAS, SECONDS, seed, motion)
    path = places(lumas(tmp_path / "clip.mp4"))
    assert shake(path) < 0.3
    assert np.ptp(path, axis=0).max() > 1


def test_a_camera_that_steps_by_whole_pixels_would_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    smooth = cv2.warpAffine

    def by_whole_pixels(plane: MatLike, inverse: MatLike, *size: Any, **how: Any) -> MatLike:
        centre = (inverse[0, 0] - 1) / 2
        inverse[:, 2] = (inverse[:, 2] - centre).round() + centre
        return smooth(plane, inverse, *size, **how)

    monkeypatch.setattr(cv2, "warpAffine", by_whole_pixels)
    cv2.imwrite(str(tmp_path / "mark.png"), mark(CANVAS))
    animate(tmp_path / "mark.png", tmp_path / "clip.mp4", CANVAS, SECONDS, 1, "inwards")
    assert shake(places(lumas(tmp_path / "clip.mp4"))) > 0.3


def test_clips_of_one_seed_are_the_same(still: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        animate(still, tmp_path / f"{name}.mp4", CANVAS, 0.5, 9)
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()


def test_a_still_of_another_shape_covers_the_canvas(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "wide.png"), np.full((300, 900, 3), 200, np.uint8))
    animate(tmp_path / "wide.png", tmp_path / "clip.mp4", CANVAS, 0.2, 1)
    assert all(frame.min() > 150 for frame in lumas(tmp_path / "clip.mp4"))


@pytest.mark.parametrize("data", [b"", b"not a picture"])
def test_what_is_no_picture_is_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "broken.png").write_bytes(data)
    with pytest.raises(BadMedia, match=r"broken\.png"):
        animate(tmp_path / "broken.png", tmp_path / "clip.mp4", CANVAS, 1, 1)


def _shift(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float64]:
    """How points move from one frame to another: at four places of the picture."""
    corners = cv2.goodFeaturesToTrack(one, 60, 0.05, 12)
    moved, found, _ = cv2.calcOpticalFlowPyrLK(one, other, corners, np.empty_like(corners))
    path = np.asarray(moved - corners, np.float64)[found.ravel() == 1].reshape(-1, 2)
    return np.asarray(np.median(np.abs(path), axis=0))
