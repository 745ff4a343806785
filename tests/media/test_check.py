"""The check of clips: of many kinds of good ones none is refused, of spoiled ones all are found."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shared.engines.local.clips import Motion, animate
from shared.engines.local.images import ImageSpec, draw_image
from shared.media.check import Expected, check
from shared.media.check_frames import PICTURE, measure
from shared.media.lastframe import last_frame
from shared.story.formats import Canvas
from shared.story.looks import STYLES
from tests.media.drawings import HIGH, WIDE, Drawing, brightened, grained, painting
from tests.media.samples import Shape, write_clip
from tests.media.scenes import GOOD, SPOILED, Scene, write_scene


def doubts(folder: Path, scene: Scene) -> list[str]:
    clip, start = write_scene(folder, "clip", scene)
    return check(clip, Expected(scene.ordered, WIDE, HIGH, start))


def test_there_are_enough_of_both() -> None:
    assert len(GOOD) >= 40 and len(SPOILED) >= 20


@pytest.mark.parametrize("name", GOOD)
def test_a_good_clip_is_not_doubted(tmp_path: Path, name: str) -> None:
    assert doubts(tmp_path, GOOD[name]) == []


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_clip_is_found_and_its_flaw_named(tmp_path: Path, name: str) -> None:
    scene, flaw = SPOILED[name]
    assert re.search(flaw, "\n".join(doubts(tmp_path, scene)))


# ── our own clips ───────────────────────────────────────────────────────────────────────────────

PLACES = ("the sea at night", "a cup on a table", "stars", "a street in fog", "shapes")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("seconds", [1.0, 2.5])
def test_a_clip_of_our_own_engine_is_never_doubted(
    tmp_path: Path, style: str, seconds: float
) -> None:
    canvas, place = Canvas(144, 256), PLACES[list(STYLES).index(style) % len(PLACES)]
    still, clip = tmp_path / "still.png", tmp_path / "clip.mp4"
    for seed, motion in enumerate[Motion](("inwards", "onwards", "free", "free")):
        draw_image(ImageSpec(place, style, seed, 0, 5, canvas.width, canvas.height), still)
        animate(still, clip, canvas, seconds, seed, motion)
        assert check(clip, Expected(seconds, canvas.width, canvas.height, still)) == []


def test_a_clip_that_goes_on_from_a_last_frame_is_not_doubted(tmp_path: Path) -> None:
    canvas, still = Canvas(180, 320), tmp_path / "still.png"
    draw_image(ImageSpec("a fox in the snow", "noir", 4, 0, 5, canvas.width, canvas.height), still)
    animate(still, tmp_path / "one.mp4", canvas, 2, 1, "inwards")
    last_frame(tmp_path / "one.mp4", tmp_path / "last.png")
    animate(tmp_path / "last.png", tmp_path / "two.mp4", canvas, 2, 1, "onwards")
    expected = Expected(2, canvas.width, canvas.height, tmp_path / "last.png")
    assert check(tmp_path / "two.mp4", expected) == []


# ── where the bounds lie ────────────────────────────────────────────────────────────────────────


def with_flashes(a_second: float, strength: float = 0.5) -> Drawing:
    def draw(second: float) -> np.ndarray:
        lit = second * a_second % 1 < 0.4
        return brightened(grained(painting(1), second, 3), 1.0 if lit else 1 - strength)

    return draw


@pytest.mark.parametrize(("a_second", "is_bad"), [(1, False), (2, False), (5, True), (8, True)])
def test_more_than_three_flashes_a_second_are_a_flicker(
    tmp_path: Path, a_second: float, is_bad: bool
) -> None:
    found = doubts(tmp_path, Scene(with_flashes(a_second)))
    assert any("flickers" in doubt for doubt in found) == is_bad


def test_a_faint_flicker_is_no_flaw(tmp_path: Path) -> None:
    assert doubts(tmp_path, Scene(with_flashes(5, 0.05))) == []


@pytest.mark.parametrize(("seconds", "is_bad"), [(0.8, False), (1.4, True), (2.4, True)])
def test_to_stand_still_for_a_moment_is_no_flaw(
    tmp_path: Path, seconds: float, is_bad: bool
) -> None:
    def draw(second: float) -> np.ndarray:
        return np.roll(painting(1), int(24 * min(second, 2.5 - seconds)), axis=1)

    found = doubts(tmp_path, Scene(draw))
    assert any("frozen" in doubt for doubt in found) == is_bad


@pytest.mark.parametrize(
    ("seconds", "is_bad"), [(2.2, True), (2.4, False), (2.5, False), (3.6, False), (3.9, True)]
)
def test_a_clip_may_be_a_little_shorter_and_somewhat_longer(
    tmp_path: Path, seconds: float, is_bad: bool
) -> None:
    clip, _ = write_scene(tmp_path, "clip", Scene(GOOD["slow pan"].draw, seconds=seconds))
    assert bool(check(clip, Expected(2.5, WIDE, HIGH))) == is_bad


@pytest.mark.parametrize("turns", range(4))
def test_the_shape_is_the_one_that_is_shown(tmp_path: Path, turns: int) -> None:
    clip = write_clip(tmp_path, Shape(turns=turns))
    upright = check(clip, Expected(1, 96, 160))
    assert any("another shape" in doubt for doubt in upright) == bool(turns % 2)


def test_a_start_that_is_no_picture_is_left_out(tmp_path: Path) -> None:
    clip, start = write_scene(tmp_path, "clip", GOOD["slow pan"])
    start.write_bytes(b"no picture")
    assert check(clip, Expected(2.5, WIDE, HIGH, start)) == []


@pytest.mark.parametrize("border", [(40, 0), (0, 60)])
def test_a_clip_may_show_its_picture_within_a_border(
    tmp_path: Path, border: tuple[int, int]
) -> None:
    wide, high = WIDE - 2 * border[0], HIGH - 2 * border[1]

    def draw(second: float) -> np.ndarray:
        out = np.zeros((HIGH, WIDE, 3), np.uint8)
        inner = grained(painting(9, wide, high), second, 4)
        out[border[1] : border[1] + high, border[0] : border[0] + wide] = inner
        return out

    assert doubts(tmp_path, Scene(draw, start=painting(9, wide, high))) == []


@pytest.mark.parametrize("name", ["no media", "empty", "missing"])
def test_what_is_no_clip_is_said_in_words(tmp_path: Path, name: str) -> None:
    clip = tmp_path / "clip.mp4"
    if name != "missing":
        clip.write_bytes(b"nothing" if name == "no media" else b"")
    [doubt] = check(clip, Expected(1, WIDE, HIGH))
    assert doubt.startswith("can't be used: clip.mp4") and str(tmp_path) not in doubt


def test_what_is_kept_of_each_picture_is_small(tmp_path: Path) -> None:
    clip, _ = write_scene(tmp_path, "clip", Scene(GOOD["sea"].draw, seconds=5))
    footage = measure(clip)
    assert len(footage.pictures) == 120
    assert footage.pictures.nbytes == 120 * PICTURE.itemsize < 120 * 64
    assert sum(small.nbytes for small in footage.opening) <= 2 * 64 * 64


def test_colours_of_other_pixel_formats_are_read_alike(tmp_path: Path) -> None:
    """Not every model gives 8 bits: the same picture is as bright in 10 bits and in RGB."""
    lights = []
    for pixels, codec in (
        ("yuv420p", "libx264"),
        ("yuv420p10le", "libx264"),
        ("yuv444p", "libx264"),
    ):
        clip = write_clip(tmp_path, Shape(pixels=pixels, codec=codec), pixels)
        lights.append(measure(clip).pictures["light"].mean())
    assert np.ptp(lights) < 2


def test_a_picture_in_another_file_format_is_compared_too(tmp_path: Path) -> None:
    clip, start = write_scene(tmp_path, "clip", GOOD["slow pan"])
    for suffix in ("jpg", "webp"):
        Image.open(start).save(other := tmp_path / f"start.{suffix}")
        assert check(clip, Expected(2.5, WIDE, HIGH, other)) == []
