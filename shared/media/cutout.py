"""Cuts a product out of its picture without any model: by its alpha, its backdrop, or GrabCut.

What surely is backdrop and what surely is product is told by the colours at the border; GrabCut
decides what lies between. Where nothing convincing is found, the picture stays whole. Pure, but for
the two files.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels: TypeAlias = NDArray[np.uint8]
Mask: TypeAlias = NDArray[np.uint8]
"""255 where there is product, 0 where there is none."""

_WORK = 448
"""Pixels of the long side of the copy that is looked at."""
_BORDER = 0.03
_PLAIN = 0.80
"""So much of the border must be of one colour, for that to be a backdrop."""
_STUDIO = 0.98
"""And so much, for whatever is brighter than it to be no light on a wall."""
_SAME, _NEAR, _FAR = 4.0, 9.0, 26.0
"""Distances of colours (Lab): the very backdrop, surely backdrop, and from which on surely none."""
_LEAST, _MOST = 0.015, 0.92
"""Parts of a picture that a product may fill."""
_ROUNDS = 3
_COLOURS = 5
_SPECK = 0.06
"""A part that is smaller, as a share of the main part, is dirt."""


@dataclass(frozen=True)
class CutOut:
    """What was found: colours as #rrggbb, the box in parts of the picture, and how."""

    palette: tuple[str, ...]
    box: tuple[float, float, float, float]
    method: str


def cut_out(picture: Path, out: Path) -> CutOut:
    """Write the product without its backdrop as PNG, and return what was seen of it."""
    with Image.open(picture, formats=("WEBP", "PNG")) as image:
        rgba = np.asarray(image.convert("RGBA"))
    cv2.setRNGSeed(0)  # the same picture is always cut out alike
    mask, method = find_product(rgba)
    left, top, right, bottom = _find_box(mask)
    alpha = mask if method != "whole" else np.full_like(mask, 255)
    cut = np.dstack((rgba[..., :3], alpha))[top:bottom, left:right]
    Image.fromarray(cut).save(out, compress_level=1)
    high, wide = mask.shape
    box = (left / wide, top / high, right / wide, bottom / high)
    return CutOut(_read_palette(rgba[..., :3], mask), _round(box), method)


def find_product(rgba: Pixels) -> tuple[Mask, str]:
    """Return where the product is on a picture, and how that was found."""
    alpha = np.ascontiguousarray(rgba[..., 3])
    if _is_cut_out(alpha):
        return alpha, "alpha"
    scale = min(1.0, _WORK / max(alpha.shape))
    size = [max(8, round(side * scale)) for side in alpha.shape[::-1]]
    small = np.asarray(cv2.resize(rgba[..., :3], size, interpolation=cv2.INTER_AREA), np.uint8)
    for method, find in (("backdrop", _cut_by_backdrop), ("grabcut", _cut_by_frame)):
        mask = find(small)
        if mask is not None and _is_convincing(mask := _keep_subject(mask, small)):
            return _soften(mask, rgba), method
    return np.full(alpha.shape, 255, np.uint8), "whole"


def _is_cut_out(alpha: Mask) -> bool:
    """Tell whether a picture came without a backdrop: most of its border can be seen through."""
    return bool(np.mean(_take_border(alpha) < 128) > 0.5 and np.mean(alpha > 128) > _LEAST / 4)


def _take_border(plane: NDArray[Any]) -> NDArray[Any]:
    wide = max(1, round(min(plane.shape[:2]) * _BORDER))
    rest = plane.shape[2:]
    parts = (plane[:wide], plane[-wide:], plane[:, :wide], plane[:, -wide:])
    return np.concatenate([part.reshape(-1, *rest) for part in parts])


# ── by the colours at the border ────────────────────────────────────────────────────────────────


def _cut_by_backdrop(small: Pixels) -> Mask | None:
    """Return the product before a plain backdrop; None where the backdrop is not plain."""
    lab = cv2.cvtColor(cv2.GaussianBlur(small, (0, 0), 1), cv2.COLOR_RGB2LAB).astype(np.float32)
    found = _measure_distance(lab)
    if found is None:
        return None
    away, is_brighter = found
    # what is brighter than the backdrop is no shadow: a white sole on white paper
    product = (away > _FAR) | (is_brighter & (away > _NEAR * 1.2))
    inside = ~_reach_from_border(~product) & ~product
    # through what is inside the product the very backdrop is seen, or it is a pale part of it
    seen_through, pale = inside & (away < _SAME), inside & (away >= _SAME)
    return _decide(small, _reach_from_border(away < _NEAR) | seen_through, product | pale)


def _measure_distance(
    lab: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.bool_]] | None:
    """Return how far each pixel is from the backdrop, and if it is brighter than that.

    The backdrop may itself grow lighter or darker. None where the border is of many colours.
    """
    high, wide = lab.shape[:2]
    ys, xs = np.mgrid[-1 : 1 : high * 1j, -1 : 1 : wide * 1j]
    place = np.stack((np.ones_like(xs), xs, ys, xs * xs, ys * ys), axis=-1).astype(np.float32)
    at, colours = _take_border(place), _take_border(lab)
    keep = np.ones(len(at), bool)
    for _ in range(3):  # what is no backdrop touches the border here and there, and is left out
        slope, *_ = np.linalg.lstsq(at[keep], colours[keep], rcond=None)
        left = np.linalg.norm(colours - at @ slope, axis=1)
        keep = left < max(_NEAR, float(np.median(left)) * 2)
    plain = float(np.mean(left < _NEAR))
    if plain < _PLAIN:
        return None
    apart = lab - place @ slope
    is_brighter = (apart[..., 0] > 0) & (plain > _STUDIO)
    apart[..., 0] *= np.where(apart[..., 0] > 0, 1.0, 0.35)  # a shadow is backdrop, too
    return np.asarray(np.linalg.norm(apart, axis=-1), np.float32), np.asarray(is_brighter)


def _reach_from_border(near: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the backdrop: what is like it, and joined to the border. What is inside stays."""
    framed = cv2.copyMakeBorder(near.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    _, labels = cv2.connectedComponents(framed, connectivity=4)
    return np.asarray(labels[1:-1, 1:-1] == labels[0, 0]) & near


def _decide(small: Pixels, backdrop: NDArray[np.bool_], product: NDArray[np.bool_]) -> Mask | None:
    """Return the product, where what lies between both is decided by GrabCut."""
    if not product.any() or not backdrop.any():
        return None
    inner = cv2.erode(product.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    marks = np.full(backdrop.shape, cv2.GC_PR_FGD, np.uint8)
    marks[product] = cv2.GC_PR_FGD
    marks[inner] = cv2.GC_FGD
    marks[backdrop] = cv2.GC_BGD
    return _grab(small, marks)


# ── by GrabCut alone ────────────────────────────────────────────────────────────────────────────


def _cut_by_frame(small: Pixels) -> Mask | None:
    """Return what differs from the frame around it."""
    high, wide = small.shape[:2]
    a, b = max(2, wide // 16), max(2, high // 16)
    marks = np.full((high, wide), cv2.GC_BGD, np.uint8)
    marks[b:-b, a:-a] = cv2.GC_PR_FGD
    return _grab(small, marks)


def _grab(small: Pixels, marks: Mask) -> Mask | None:
    models = np.zeros((1, 65), np.float64), np.zeros((1, 65), np.float64)
    try:
        bgr = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
        cv2.grabCut(bgr, marks, (0, 0, 1, 1), *models, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    except cv2.error:  # it has too few pixels of one of the two
        return None
    return np.where((marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD), 255, 0).astype(np.uint8)


# ── the mask ────────────────────────────────────────────────────────────────────────────────────


def _keep_subject(mask: Mask, small: Pixels) -> Mask:
    """Return the mask of the product alone: without specks, and without what stands far from it."""
    apart = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    closed = np.asarray(
        cv2.morphologyEx(apart, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)), np.uint8
    )
    count, labels, stats, centres = cv2.connectedComponentsWithStats(closed)
    if count < 2:
        return closed
    high, wide = mask.shape
    away = (centres - (wide / 2, high / 2)) / (wide / 2, high / 2)
    worth = stats[:, cv2.CC_STAT_AREA] * np.exp(-1.5 * (away**2).sum(axis=1))
    worth[0] = 0  # that is the ground
    main = int(worth.argmax())
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    colour = {n: lab[labels == n].mean(axis=0) for n in range(1, count)}
    kept = [
        n
        for n in range(1, count)
        if stats[n, cv2.CC_STAT_AREA] >= _SPECK * stats[main, cv2.CC_STAT_AREA]
        and (
            _is_around(stats[main], centres[n])
            # a pair of shoes, say
            or float(np.linalg.norm(colour[n] - colour[main])) < _FAR
        )
    ]
    return _fill_holes(np.where(np.isin(labels, kept), 255, 0).astype(np.uint8))


def _is_around(main: NDArray[np.int32], centre: NDArray[np.float64]) -> bool:
    """Tell whether a part's centre is in the box of the main part, or close to it."""
    left, top, wide, high = (float(side) for side in main[:4])
    x, y = float(centre[0]), float(centre[1])
    across = left - 0.2 * wide <= x <= left + 1.2 * wide
    return across and top - 0.2 * high <= y <= top + 1.2 * high


def _fill_holes(mask: Mask) -> Mask:
    """Return the mask without the holes that are too small to be meant."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(cv2.bitwise_not(mask))
    small = [n for n in range(1, count) if stats[n, cv2.CC_STAT_AREA] < 0.008 * mask.size]
    filled = mask.copy()
    filled[np.isin(labels, small)] = 255
    return filled


def _is_convincing(mask: Mask) -> bool:
    """Tell whether a mask could be a product: neither nearly nothing nor nearly all."""
    part = float(np.mean(mask > 0))
    touched = float(np.mean(_take_border(mask) > 0))
    return _LEAST < part < _MOST and touched < 0.6


def _soften(mask: Mask, rgba: Pixels) -> Mask:
    """Return the mask at the size of the picture, with an edge that has no step and no fringe."""
    size = (rgba.shape[1], rgba.shape[0])
    large = cv2.resize(mask, size, interpolation=cv2.INTER_CUBIC).astype(np.float32)
    spread = max(1.0, max(size) / _WORK * 0.9)
    smooth = cv2.GaussianBlur(large, (0, 0), spread)
    # a little inside the edge, where nothing of the backdrop shines through
    edge = np.clip((smooth - 140) * 3.2, 0, 255).astype(np.uint8)
    return np.asarray(cv2.min(edge, np.ascontiguousarray(rgba[..., 3])), np.uint8)


def _find_box(mask: Mask) -> tuple[int, int, int, int]:
    ys, xs = np.flatnonzero(mask.max(axis=1) > 8), np.flatnonzero(mask.max(axis=0) > 8)
    if not len(ys) or not len(xs):
        return 0, 0, mask.shape[1], mask.shape[0]
    return int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1


def _round(box: tuple[float, ...]) -> tuple[float, float, float, float]:
    left, top, right, bottom = (round(side, 4) for side in box)
    return left, top, right, bottom


def _read_palette(rgb: Pixels, mask: Mask) -> tuple[str, ...]:
    """Return the colours of what is seen, those of the largest parts first."""
    seen = rgb[mask > 200]
    if len(seen) < _COLOURS:
        return ()
    some = seen[:: max(1, len(seen) // 20_000)].astype(np.float32)
    rule = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 1.0)
    start = cv2.KMEANS_PP_CENTERS
    _, labels, centres = cv2.kmeans(some, _COLOURS, None, rule, 1, start)  # type: ignore[call-overload]
    order = np.argsort(-np.bincount(labels.ravel(), minlength=_COLOURS))
    return tuple(f"#{bytes(np.rint(centres[n]).astype(np.uint8)).hex()}" for n in order)
