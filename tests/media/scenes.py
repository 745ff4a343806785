"""Clips of many kinds, good ones and spoiled ones, drawn by code: the same ones at every run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from tests.media.drawings import (
    HIGH,
    SECONDS,
    WIDE,
    Drawing,
    Picture,
    bird,
    blended,
    blinking,
    brightened,
    candle,
    cartoon,
    city_lights,
    dotted,
    falling,
    fire,
    flat,
    fog,
    grained,
    moonlit,
    on_green,
    painting,
    pixels,
    seen,
    smoke,
    tv_snow,
    twinkling,
    waves,
)


@dataclass(frozen=True)
class Scene:
    """A clip as a drawing, with what is ordered of it and how it is encoded."""

    draw: Drawing
    fps: int = 24
    seconds: float = SECONDS
    start: Picture | None = None
    """The picture that it starts from; by default, what it shows first."""
    ordered: float = SECONDS
    wide: int = WIDE
    high: int = HIGH
    codec: str = "libx264"
    suffix: str = ".mp4"
    options: tuple[tuple[str, str], ...] = (("preset", "veryfast"), ("crf", "23"))
    gop: int = 250
    index_first: bool = False
    spoil: Callable[[Path], None] = lambda clip: None
    """What happens to the file when it is finished."""


def write_scene(folder: Path, name: str, scene: Scene) -> tuple[Path, Path]:
    """Write a scene's clip and the picture that it started from."""
    clip, start = folder / f"{name}{scene.suffix}", folder / f"{name}.png"
    first = scene.draw(0.0) if scene.start is None else scene.start
    assert cv2.imwrite(str(start), cv2.cvtColor(first, cv2.COLOR_RGB2BGR))
    flags = {"movflags": "faststart"} if scene.index_first else {}
    with av.open(str(clip), "w", options=flags) as container:
        stream = container.add_stream(scene.codec, rate=scene.fps, options=dict(scene.options))
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = scene.wide, scene.high, "yuv420p"
        stream.codec_context.gop_size = scene.gop
        stream.codec_context.thread_count = 1
        for number in range(round(scene.seconds * scene.fps)):
            frame = av.VideoFrame.from_ndarray(scene.draw(number / scene.fps), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, scene.fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    scene.spoil(clip)
    return clip, start


# ── good ones ───────────────────────────────────────────────────────────────────────────────────

_WIDER = painting(40, WIDE * 4, HIGH * 2)
_ONE, _OTHER = painting(41), painting(42)


def _pan(second: float) -> Picture:
    return seen(_WIDER, 12 * second, 20)


def _share(second: float, start: float, end: float) -> float:
    return float(np.clip((second - start) / (end - start), 0, 1))


def _flash(second: float, at: tuple[float, ...], strength: float) -> float:
    """How bright it is: it rises at once, and falls within a fifth of a second."""
    return 1 + strength * max(np.exp(-(second - t) * 18) if second >= t else 0.0 for t in at)


GOOD: Mapping[str, Scene] = {
    # still scenes
    "still with fine grain": Scene(lambda t: grained(painting(1), t, 2)),
    "still with film grain": Scene(lambda t: grained(painting(2), t, 8)),
    "still with one bird": Scene(bird),
    "still with a candle": Scene(candle),
    "still with smoke": Scene(smoke),
    "a face that blinks": Scene(blinking),
    "breathing": Scene(lambda t: seen(painting(3), 0, 0, 1 + 0.008 * np.sin(3 * t))),
    "still, poorly encoded": Scene(
        lambda t: grained(painting(4), t, 8), options=(("preset", "veryfast"), ("crf", "30"))
    ),
    "fog": Scene(fog),
    # night
    "city at night": Scene(city_lights),
    "stars": Scene(twinkling),
    "moonlight": Scene(moonlit),
    "camp fire": Scene(fire),
    "candle light on all": Scene(
        lambda t: brightened(_ONE, 0.5 + 0.03 * np.sin(31 * t) + 0.02 * np.sin(47 * t))
    ),
    # fades
    "from black": Scene(lambda t: brightened(_pan(t), _share(t, 0, 1.2)), start=_pan(0)),
    "to black": Scene(lambda t: brightened(seen(_WIDER, 6 * t, 9), 1 - _share(t, 1.2, 2.3))),
    "from a black picture": Scene(
        lambda t: brightened(_pan(t), _share(t, 0.2, 1.2)), start=flat(0, 0, 0)
    ),
    "from white": Scene(
        lambda t: blended(flat(255, 255, 255), _pan(t), _share(t, 0, 1)), start=_pan(0)
    ),
    "to white": Scene(lambda t: blended(bird(t), flat(255, 255, 255), _share(t, 1, 2.2))),
    "through black": Scene(
        lambda t: brightened(seen(_WIDER, 9 * t, 0), min(1, abs(t - 1.2) * 2.5))
    ),
    "one picture into another": Scene(lambda t: blended(_ONE, _OTHER, _share(t, 0.5, 2))),
    "dusk": Scene(lambda t: brightened(_OTHER, 1 - 0.3 * t)),
    "the light goes on": Scene(lambda t: grained(brightened(_ONE, 0.3 if t < 1 else 1), t, 2)),
    # things that fall
    "snow": Scene(falling(40, 0.2, 1, (245, 245, 250), painting(50))),
    "heavy snow": Scene(falling(400, 0.5, 2, (245, 245, 250), painting(51))),
    "rain": Scene(falling(150, 2.0, 1, (190, 200, 215), painting(52, dark=0.5))),
    "confetti": Scene(falling(90, 0.6, 4, (230, 60, 160), painting(53))),
    "snow of a screen": Scene(tv_snow),
    # the camera
    "slow pan": Scene(lambda t: seen(_WIDER, 12 * t, 20)),
    "hardly a pan": Scene(lambda t: seen(_WIDER, 1.5 * t, 20)),
    "slow zoom": Scene(lambda t: seen(painting(54), 0, 0, 1 + 0.03 * t)),
    "from close by": Scene(
        lambda t: seen(painting(55), 12 - 4 * t, 20 - 6 * t, 1.2 - 0.05 * t), start=painting(55)
    ),
    "tilt with grain": Scene(lambda t: grained(seen(_WIDER, 60, 30 * t), t, 5)),
    "held by hand": Scene(
        lambda t: seen(_WIDER, 90 + 3 * np.sin(17 * t), 60 + 3 * np.sin(23 * t + 1))
    ),
    "whipped round": Scene(lambda t: seen(_WIDER, 400 * _share(t, 1, 1.4), 10)),
    # motion
    "fast motion": Scene(lambda t: seen(_WIDER, 90 + 80 * np.sin(8 * t), 60 + 50 * np.sin(13 * t))),
    "sea": Scene(waves),
    # flat pictures
    "flat cartoon": Scene(cartoon),
    "cartoon on threes": Scene(lambda t: cartoon(int(t * 8) / 8)),
    "cartoon with a pause": Scene(lambda t: cartoon(t if t < 0.9 else max(0.9, t - 0.8))),
    "one disc on white": Scene(
        lambda t: dotted(flat(255, 255, 255), np.array([[0.3 + 0.1 * t, 0.5]]), 12, (20, 90, 220))
    ),
    "before a green wall": Scene(on_green),
    "a game of large pixels": Scene(pixels),
    # flashes
    "lightning": Scene(
        lambda t: brightened(painting(56, dark=0.35), _flash(t, (0.8, 1.0, 1.9), 2.0))
    ),
    "a camera's flash": Scene(lambda t: brightened(bird(t), _flash(t, (1.0,), 4.0))),
    # other shapes of file
    "sixteen frames a second": Scene(
        lambda t: seen(_WIDER, 20 * t, 0), fps=16, seconds=81 / 16 / 2
    ),
    "vp9": Scene(
        lambda t: seen(_WIDER, 20 * t, 40), codec="libvpx-vp9", suffix=".webm",
        options=(("deadline", "realtime"), ("cpu-used", "8")),
    ),
    "a frame shorter": Scene(lambda t: seen(_WIDER, 20 * t, 40), seconds=SECONDS - 1 / 24),
    "a model's own size": Scene(
        lambda t: np.asarray(cv2.resize(seen(_WIDER, 20 * t, 40), (128, 224)), np.uint8),
        wide=128, high=224,
    ),
    "from a picture of another shape": Scene(
        lambda t: seen(painting(57, 256, 256), 56 - 4 * t, 0), start=painting(57, 256, 256)
    ),
}  # fmt: skip


# ── spoiled ones ────────────────────────────────────────────────────────────────────────────────


def _cut_off(clip: Path) -> None:
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size * 2 // 3])


def _damage(clip: Path) -> None:
    body = bytearray(clip.read_bytes())
    at = body.index(b"mdat") + (len(body) - body.index(b"mdat")) // 2
    body[at : at + 600] = np.random.default_rng(1).bytes(600)
    clip.write_bytes(bytes(body))


def _blocks(second: float, amount: int, size: int = 16) -> Picture:
    rng = np.random.default_rng(round(second * 1000))
    out = _pan(second).copy()
    for _ in range(amount):
        x, y = rng.integers(0, WIDE // size) * size, rng.integers(0, HIGH // size) * size
        out[y : y + size, x : x + size] = rng.integers(0, 255, 3)
    return out


def _at(second: float, *frames: int) -> bool:
    return round(second * 24) in frames


_SLOPPY = (("preset", "veryfast"), ("crf", "35"))

SPOILED: Mapping[str, tuple[Scene, str]] = {
    "black": (Scene(lambda t: flat(0, 0, 0), start=_ONE), "black"),
    "black with noise": (Scene(lambda t: grained(flat(2, 2, 2), t, 1.5), start=_ONE), "black"),
    "black from the middle": (
        Scene(lambda t: _pan(t) if t < 1.3 else flat(0, 0, 0)), "black"
    ),
    "one black picture": (
        Scene(lambda t: flat(0, 0, 0) if _at(t, 31) else _pan(t)), "does not belong"
    ),
    "one black picture at night": (
        Scene(lambda t: flat(0, 0, 0) if _at(t, 31) else grained(painting(8, dark=0.3), t, 2)),
        "does not belong",
    ),
    "frozen": (Scene(lambda t: _ONE), "nothing moves"),
    "frozen, poorly encoded": (Scene(lambda t: _OTHER, options=_SLOPPY), "nothing moves"),
    "frozen, with keyframes": (Scene(lambda t: _ONE, gop=12), "nothing moves"),
    "frozen, mpeg4": (
        Scene(lambda t: _ONE, codec="mpeg4", options=(("b", "900k"),), gop=12), "nothing moves"
    ),
    "frozen after a second": (Scene(lambda t: _pan(min(t, 1.0))), "nothing moves"),
    "truncated": (Scene(_pan, spoil=_cut_off), "can't be used"),
    "truncated, with its index first": (
        Scene(_pan, spoil=_cut_off, index_first=True), "can't be used.*truncated"
    ),
    "damaged": (Scene(_pan, spoil=_damage, gop=12), "can't be used|is damaged"),
    "too short": (Scene(_pan, seconds=1.4), "long"),
    "too long": (Scene(_pan, seconds=2 * SECONDS), "long"),
    "turned": (
        Scene(lambda t: np.asarray(np.rot90(_pan(t)), np.uint8), wide=HIGH, high=WIDE), "shape"
    ),
    "square": (Scene(lambda t: _pan(t)[:WIDE], high=WIDE), "shape"),
    "far too small": (
        Scene(lambda t: np.asarray(cv2.resize(_pan(t), (64, 112)), np.uint8), wide=64, high=112),
        "small",
    ),
    "flicker at every frame": (
        Scene(lambda t: brightened(_pan(t), 1.0 if round(t * 24) % 2 else 0.7)), "flicker"
    ),
    "flicker, slower": (
        Scene(lambda t: brightened(_pan(t), 1.0 if int(t * 12) % 2 else 0.6)), "flicker"
    ),
    "flicker in waves": (
        Scene(lambda t: brightened(_pan(t), 0.8 + 0.2 * np.sin(2 * np.pi * 5 * t))), "flicker"
    ),
    "two pictures in turn": (
        Scene(lambda t: _pan(t) if round(t * 24) % 2 else painting(61)), "does not belong|flicker"
    ),
    "green pictures": (
        Scene(lambda t: flat(0, 135, 0) if _at(t, 20, 21, 41) else _pan(t)), "does not belong"
    ),
    "green": (Scene(lambda t: flat(0, 135, 0), start=_ONE), "colour"),
    "garbage now and then": (
        Scene(lambda t: _blocks(t, 60) if _at(t, 15, 33, 34) else _pan(t)), "does not belong|blocks"
    ),
    "garbage from the middle": (
        Scene(lambda t: _blocks(t, 40) if t > 1.2 else _pan(t)), "blocks"
    ),
    "garbage all the time": (
        Scene(lambda t: _blocks(t, 120), start=_pan(0)), "blocks|does not begin|flicker"
    ),
    "a black first picture": (
        Scene(lambda t: flat(0, 0, 0) if t == 0 else _pan(t), start=_pan(0)), "does not begin"
    ),
    "an unrelated first picture": (
        Scene(lambda t: painting(62) if t == 0 else _pan(t), start=_pan(0)), "does not begin"
    ),
    "all unrelated": (Scene(_pan, start=painting(63)), "does not begin"),
    "another unrelated": (Scene(waves, start=painting(64)), "does not begin"),
}  # fmt: skip
