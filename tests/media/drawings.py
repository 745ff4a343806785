"""Pictures and motions drawn by code, the same ones at every run: what the scenes are made of."""

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Drawing = Callable[[float], Picture]
"""What is seen so many seconds after the start."""

WIDE, HIGH, SECONDS = 144, 256, 2.5


# ── pictures ────────────────────────────────────────────────────────────────────────────────────


@lru_cache(64)
def painting(seed: int, wide: int = WIDE, high: int = HIGH, dark: float = 1.0) -> Picture:
    """A landscape with things in it: no two seeds look alike."""
    rng = np.random.default_rng(seed)
    top, bottom = rng.uniform(60, 240, 3), rng.uniform(30, 200, 3)
    down = np.linspace(0, 1, high)[:, None, None]
    picture = np.broadcast_to(top * (1 - down) + bottom * down, (high, wide, 3)).astype(np.uint8)
    picture = np.ascontiguousarray(picture)
    for _ in range(9):
        x, y = int(rng.uniform(0, wide)), int(rng.uniform(0, high))
        colour = tuple(int(part) for part in rng.uniform(10, 250, 3))
        size = int(rng.uniform(0.04, 0.28) * wide)
        if rng.random() < 0.5:
            cv2.circle(picture, (x, y), size, colour, -1, cv2.LINE_AA)
        else:
            cv2.rectangle(picture, (x, y), (x + size, y + 2 * size), colour, -1)
    rough = cv2.GaussianBlur(rng.normal(0, 30, (high, wide)).astype(np.float32), (0, 0), 1.2)
    textured = np.clip(picture + rough[:, :, None], 0, 255)
    return np.asarray(textured * dark, np.uint8)


def seen(picture: Picture, x: float, y: float, zoom: float = 1.0) -> Picture:
    """A part of a larger picture, from this corner on, smooth below the pixel."""
    matrix = np.array([[1 / zoom, 0, x], [0, 1 / zoom, y]], np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    shown = cv2.warpAffine(
        picture, matrix, (WIDE, HIGH), flags=flags, borderMode=cv2.BORDER_REFLECT
    )
    return np.asarray(shown, np.uint8)


def grained(picture: Picture, second: float, strength: float) -> Picture:
    rng = np.random.default_rng(round(second * 1000) + 7)
    noise = rng.normal(0, strength, picture.shape[:2])[:, :, None]
    return np.asarray(np.clip(picture + noise, 0, 255), np.uint8)


def brightened(picture: Picture, factor: float, plus: float = 0.0) -> Picture:
    return np.asarray(np.clip(picture * factor + plus, 0, 255), np.uint8)


def blended(one: Picture, other: Picture, share: float) -> Picture:
    return np.asarray(cv2.addWeighted(one, 1 - share, other, share, 0), np.uint8)


def flat(red: int, green: int, blue: int) -> Picture:
    return np.full((HIGH, WIDE, 3), (red, green, blue), np.uint8)


def dotted(
    picture: Picture, dots: NDArray[np.float64], size: int, colour: tuple[int, int, int]
) -> Picture:
    """The picture with a disc at each of these places (parts of its sides)."""
    out = picture.copy()
    for x, y in dots:
        cv2.circle(out, (int(x % 1 * WIDE), int(y % 1 * HIGH)), size, colour, -1, cv2.LINE_AA)
    return out


def falling(
    count: int, speed: float, size: int, colour: tuple[int, int, int], over: Picture
) -> Drawing:
    """Snow, rain or confetti."""
    rng = np.random.default_rng(count)
    at, own = rng.uniform(0, 1, (count, 2)), rng.uniform(0.6, 1.4, (count, 1))

    def draw(second: float) -> Picture:
        sway = np.concatenate([0.03 * np.sin(second * 2 + own * 20), own * speed * second], axis=1)
        return dotted(over, at + sway, size, colour)

    return draw


def tv_snow(second: float) -> Picture:
    rng = np.random.default_rng(round(second * 1000))
    grey = rng.integers(0, 255, (HIGH // 2, WIDE // 2), np.uint8)
    return np.asarray(cv2.cvtColor(cv2.resize(grey, (WIDE, HIGH)), cv2.COLOR_GRAY2RGB), np.uint8)


def waves(second: float) -> Picture:
    xs, ys = np.meshgrid(np.arange(WIDE), np.arange(HIGH))
    swell = (
        np.sin(ys / 6 + 2 * np.sin(xs / 30) + second * 4) * 24 + np.sin(xs / 9 - second * 3) * 12
    )
    return np.asarray(
        np.clip(np.stack([40 + swell * 0, 90 + swell, 140 + swell], axis=2), 0, 255), np.uint8
    )


def fire(second: float) -> Picture:
    rng = np.random.default_rng(round(second * 1000))
    out = painting(5, dark=0.25).copy()
    for _ in range(20):
        x, y = int(rng.normal(72, 12)), int(rng.normal(190, 20))
        colour = (255, int(rng.uniform(80, 220)), 30)
        cv2.circle(out, (x, y), int(rng.uniform(3, 12)), colour, -1, cv2.LINE_AA)
    return out


def city_lights(second: float) -> Picture:
    rng = np.random.default_rng(4)
    out = dotted(flat(4, 5, 12), rng.uniform(0, 1, (60, 2)) * (1, 0.6), 1, (190, 160, 90))
    cv2.circle(out, (int(20 + second * 30), 210), 3, (250, 240, 200), -1, cv2.LINE_AA)
    return out


def twinkling(second: float) -> Picture:
    rng = np.random.default_rng(11)
    out = flat(3, 4, 10)
    for x, y, phase in rng.uniform(0, 1, (50, 3)):
        light = int(110 + 80 * np.sin(6 * second + 20 * phase))
        out[int(y * HIGH), int(x * WIDE)] = light
    return out


def moonlit(second: float) -> Picture:
    out = painting(8, dark=0.06).copy()
    cv2.circle(out, (40 + int(second * 4), 60), 9, (120, 120, 130), -1, cv2.LINE_AA)
    return out


def cartoon(second: float) -> Picture:
    out = flat(250, 210, 90)
    cv2.rectangle(out, (0, 190), (WIDE, HIGH), (80, 180, 90), -1)
    y = int(180 - 70 * abs(np.sin(second * 4)))
    cv2.circle(out, (int(30 + second * 30), y), 16, (230, 60, 60), -1, cv2.LINE_AA)
    return out


def on_green(second: float) -> Picture:
    out = flat(0, 177, 64)
    x = int(72 + 12 * np.sin(second * 3))
    cv2.ellipse(out, (x, 170), (30, 70), 0, 0, 360, (60, 50, 90), -1, cv2.LINE_AA)
    cv2.circle(out, (x, 80), 22, (220, 180, 150), -1, cv2.LINE_AA)
    return out


def bird(second: float) -> Picture:
    out = painting(21).copy()
    cv2.circle(out, (int(20 + 30 * second), int(50 + 5 * np.sin(9 * second))), 2, (20, 20, 20), -1)
    return out


def candle(second: float) -> Picture:
    out = painting(22, dark=0.5).copy()
    high = 6 + 2 * np.sin(second * 11) + np.sin(second * 29)
    cv2.ellipse(out, (70, 150), (3, round(high)), 0, 0, 360, (255, 220, 140), -1, cv2.LINE_AA)
    return out


def blinking(second: float) -> Picture:
    out = painting(23).copy()
    cv2.ellipse(out, (72, 100), (34, 44), 0, 0, 360, (225, 185, 160), -1, cv2.LINE_AA)
    nod = 2 * np.sin(second * 1.5)
    for x in (58, 86):
        eye = (int(x), round(95 + nod))
        shut = 1 if 1.2 < second < 1.35 else 4
        cv2.ellipse(out, eye, (5, shut), 0, 0, 360, (30, 30, 40), -1, cv2.LINE_AA)
    return out


def smoke(second: float) -> Picture:
    rng = np.random.default_rng(31)
    cloud = cv2.GaussianBlur(rng.uniform(0, 255, (HIGH * 2, WIDE)).astype(np.float32), (0, 0), 12)
    cloud = (cloud - cloud.min()) / np.ptp(cloud)
    part = cloud[int(second * 30) : int(second * 30) + HIGH, :, None] * 0.5
    return np.asarray(painting(24) * (1 - part) + 200 * part, np.uint8)


def fog(second: float) -> Picture:
    return brightened(seen(painting(25, WIDE * 2), 8 * second, 0), 0.15, 150)


def pixels(second: float) -> Picture:
    """A game of old, in cells of 16 pixels that jump from cell to cell."""
    rng = np.random.default_rng(3)
    cells = rng.integers(40, 220, (HIGH // 16, WIDE // 16, 3)).astype(np.uint8)
    cells = np.roll(cells, int(second * 3), axis=1)
    return np.asarray(np.kron(cells, np.ones((16, 16, 1), np.uint8)), np.uint8)
