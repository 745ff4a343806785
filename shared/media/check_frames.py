"""Measures every picture of a clip in one pass over it: small copies, and a few numbers each.

It costs a fifth of the decoding that has to be done anyway: of a large clip with grain; of a plain
one, which is decoded fast, a half. Kept in memory are the picture before, small copies of the last
few, and 60 bytes for each picture of the clip.
"""

from array import array
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from shared.media.check_start import LONG_SIDE, Grey
from shared.media.picture import Plane, planes
from shared.media.probe import MAX_PIXELS, BadMedia, open_media, probe, video_of

LONGEST_VISIT = 5
"""So many pictures in a row, at most, count as strangers between two that are alike."""

PICTURE = np.dtype(
    [
        ("at", "f4"),  # seconds
        ("light", "f4"),  # the mean of its luma
        ("glow", "f4"),  # the sum of all changes of light so far that most of a picture shared
        ("spread", "f4"),  # from its darkest pixel to its brightest one
        ("repeats", "f4"),  # 1: not a pixel differs from the picture before
        ("moved", "f4"),  # 1: some part differs clearly from when something last moved
        ("change", "f4"),  # from the picture before, in levels of luma and both colours together
        ("changed", "f4"),  # the share of its fields in which something differs clearly from before
        ("brighter", "f4"),  # the share of its parts that did not become darker
        ("back", "f4", LONGEST_VISIT),  # its change from 2, 3 … pictures before
        ("grid", "f4"),  # how much stronger edges are where a decoder's blocks meet
    ]
)
Pictures: TypeAlias = NDArray[Any]
"""An array of PICTURE."""
Small: TypeAlias = NDArray[np.float32]
"""Three small planes: luma and both colours."""

EMPTY = 16
"""Levels: with no more from its darkest pixel to its brightest one, a picture shows nothing."""

_PLANAR = {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p"}
_FINE_SIDE = 320  # large pictures are thinned out to this, before they are made small
_BLOCK, _EDGE = 16, 24
_MOVED, _CHANGED, _DARKER = 8, 12, 6  # levels
_LIT, _SHARED = 4, 0.75
_FIELDS, _SOME = (5, 5), 0.15
_EXPLODE = "crccheck+bitstream+buffer+explode"


@dataclass(frozen=True)
class Footage:
    """A clip as it was measured. Width and height are those of the picture as it is shown."""

    width: int
    height: int
    seconds: float
    is_clean: bool
    """Decoders did not have to hide any damage."""
    pictures: Pictures
    opening: tuple[Grey, ...]
    """Small copies of the first picture, and of the first one that is not empty."""


def measure(clip: Path) -> Footage:
    """Return what a clip shows; BadMedia where it can't be decoded to its end."""
    seconds = probe(clip).seconds
    try:
        return _measure(clip, seconds, strict=True)
    except BadMedia:
        # Again, as every player decodes it: then damage is hidden where that can be done.
        return _measure(clip, seconds, strict=False)


def _measure(clip: Path, seconds: float, strict: bool) -> Footage:
    eye, size = _Eye(), (0, 0)
    for frame, shape in _decode(clip, strict):
        eye.look_at(frame)
        size = shape
    pictures = np.frombuffer(eye.numbers, PICTURE)
    if not len(pictures):
        raise BadMedia(f"{clip.name} has no frame that can be decoded")
    return Footage(*size, seconds, strict, pictures, tuple(eye.opening))


def _decode(clip: Path, strict: bool) -> Iterator[tuple[av.VideoFrame, tuple[int, int]]]:
    """Yield all pictures, each with the size at which it is shown."""
    with open_media(clip) as container:
        stream = video_of(container, clip)
        stream.thread_type = "AUTO"  # on all cores: an engine's clip may be large
        context = stream.codec_context
        if strict:
            context.options = {**context.options, "err_detect": _EXPLODE}
        across = stream.sample_aspect_ratio or 1
        for frame in container.decode(stream):
            if frame.is_corrupt:
                raise BadMedia(f"{clip.name} has damaged pictures")
            # The size may change within a stream: the header's was judged before, this one was not.
            if frame.width * frame.height > MAX_PIXELS:
                raise BadMedia(f"{clip.name} is too large: {frame.width}x{frame.height}")
            shape = (round(frame.width * across), frame.height)
            yield frame, shape[::-1] if abs(frame.rotation) in (90, 270) else shape


@dataclass
class _Eye:
    """Looks at one picture after the other, and writes down what it sees."""

    numbers: "array[float]" = field(default_factory=lambda: array("f"))
    opening: list[Grey] = field(default_factory=list)
    _size: tuple[int, int] = (0, 0)
    """Of small copies. The first picture decides: in a damaged clip, others may be of another."""
    _is_awaited: bool = True
    """No picture that shows something has come yet."""
    _last: Plane | None = None
    _glow: float = 0.0
    _resting: Small | None = None
    """The small copy of the picture in which something last moved."""
    _before: deque[Small] = field(default_factory=lambda: deque(maxlen=LONGEST_VISIT + 1))
    """Small copies of the last few pictures, the latest first."""

    def look_at(self, frame: av.VideoFrame) -> None:
        """Measure a picture."""
        if frame.format.name not in _PLANAR:
            frame = frame.reformat(format="yuv420p")
        if not self._before:
            self._size = _choose_size(frame)
        luma, *colours = planes(frame)
        small = np.stack([_make_small(plane, self._size) for plane in (luma, *colours)])
        darkest, brightest, *_ = cv2.minMaxLoc(luma)
        spread = brightest - darkest
        self._glow += self._find_change_of_light(small)
        self.numbers.extend((frame.time or 0.0, small[0].mean(), self._glow, spread))
        self.numbers.extend((self._is_repeated(luma), self._has_moved(small)))
        self.numbers.extend(self._compare(small))
        self.numbers.append(_measure_grid(luma))
        if not self.opening or (self._is_awaited and spread > EMPTY):
            self.opening.append(_turn_upright(small[0], frame))
        self._is_awaited = self._is_awaited and spread <= EMPTY
        self._before.appendleft(small)
        self._last = luma

    def _is_repeated(self, luma: Plane) -> bool:
        last = self._last
        if last is None or last.shape != luma.shape:
            return False
        return cv2.norm(luma, last, cv2.NORM_INF) == 0

    def _has_moved(self, small: Small) -> bool:
        if self._resting is not None and np.abs(small[0] - self._resting[0]).max() <= _MOVED:
            return False
        self._resting = small
        return True

    def _find_change_of_light(self, small: Small) -> float:
        """Return how much lighter it became; 0 where things moved, which has no one direction."""
        if not self._before:
            return 0.0
        change = small[0] - self._before[0][0]
        up, down = np.count_nonzero(change > _LIT), np.count_nonzero(change < -_LIT)
        is_shared = max(up, down) >= _SHARED * (up + down)
        return float(change.mean()) if is_shared else 0.0

    def _compare(self, small: Small) -> list[float]:
        """Return how it differs from the pictures before; as from itself where there is none."""
        before = [*self._before, *[small] * (LONGEST_VISIT + 1 - len(self._before))]
        changes = [np.abs(small - other).sum(axis=0) for other in before]
        differs = (changes[0] > _CHANGED).astype(np.float32)
        fields = cv2.resize(differs, _FIELDS, interpolation=cv2.INTER_AREA)
        brighter = (small[0] > before[0][0] - _DARKER).mean()
        back = (change.mean() for change in changes[1:])
        return [changes[0].mean(), (fields > _SOME).mean(), brighter, *back]


def _choose_size(frame: av.VideoFrame) -> tuple[int, int]:
    scale = LONG_SIDE / max(frame.width, frame.height)
    return max(2, round(frame.width * scale)), max(2, round(frame.height * scale))


def _make_small(plane: Plane, size: tuple[int, int]) -> NDArray[np.float32]:
    """Return a small copy of a plane; all planes of a clip are brought to one size."""
    step = max(1, max(plane.shape) // _FINE_SIDE)
    fine = np.ascontiguousarray(plane[::step, ::step])
    return np.asarray(cv2.resize(fine, size, interpolation=cv2.INTER_AREA), np.float32)


def _turn_upright(small: NDArray[np.float32], frame: av.VideoFrame) -> Grey:
    return np.ascontiguousarray(np.rot90(small, round(frame.rotation / 90))).astype(np.uint8)


def _measure_grid(luma: Plane) -> float:
    """Return how much stronger the edges between blocks are than those within them, in levels.

    A decoder that has lost its way leaves blocks with sharp edges, where no object has any.
    """
    # In both directions, and none of them counted for more than it takes to see it: a wall with
    # straight sides has a few long and strong edges, which may lie there by chance.
    return min(_measure_columns(luma[::8]), _measure_columns(luma[:, ::8].T))


def _measure_columns(luma: Plane) -> float:
    between, *within = (_measure_edges(luma, at) for at in (_BLOCK, _BLOCK // 4, 3 * _BLOCK // 4))
    return between - sum(within) / len(within)


def _measure_edges(luma: Plane, at: int) -> float:
    """Return the mean difference of neighbours at every 16th column, from this one on."""
    right = np.ascontiguousarray(luma[:, at::_BLOCK])
    left = np.ascontiguousarray(luma[:, at - 1 :: _BLOCK][:, : right.shape[1]])
    return float(np.minimum(cv2.absdiff(left, right), _EDGE).mean()) if right.size else 0.0
