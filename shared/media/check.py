"""Checks a clip before anything is built on it, and says in plain words what is wrong with it.

It costs nothing but one pass over the clip, which is decoded anyway. Every rule leans towards the
clip: one that is refused is paid for again, and one that is not good is seen by a person at least.
docs/decisions/0021-what-makes-a-clip-doubtful.md says why the bounds lie where they do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.media.check_frames import EMPTY, LONGEST_VISIT, Footage, Pictures, measure
from shared.media.check_start import measure_likeness, read_grey
from shared.media.probe import BadMedia

# Shares, and seconds on top: what is missing is held as a still, what is too much is cut off, and
# models have lengths of their own.
_SHORTER, _LONGER = (0.06, 0.1), (0.3, 0.5)
_ASPECT_OFF = 0.06  # models round sides to whole blocks
_LEAST_SIDE = 0.6  # 480 lines for 720, and 720 for 1080, are a model's own choice
# To be empty or still for less of a clip, or for less time, is a fade or a pause.
_LONG_SHARE, _LONG_SECONDS = 0.45, 0.9
_BLACK_BELOW = 40
_REPEATED = 0.5  # some encoders go on to refine a still
_FLASHES = ((20.0, 3), (8.0, 7))  # levels, and how many flashes of so much a second may have
# A stranger differs by so many levels, by so many times as much as is usual, and in so many fields;
# those before and after it by so small a share of that.
_STRANGE, _UNUSUAL, _WHOLE, _ALIKE = 10.0, 4.0, 0.8, 0.34
_ALL_ONE_WAY = 0.4  # from the half: nine tenths of the picture
_GRID = 4.0  # levels; a tenth of the picture in blocks gives about so many
_FAINT = 0.6  # of the usual spread: so a picture looks that is fading in
_LIKE_START = 0.6  # the same picture has over 0.9, another one of the same style up to 0.7


@dataclass(frozen=True)
class Expected:
    """What was ordered. `start` is the picture that the clip should begin with."""

    seconds: float
    width: int
    height: int
    start: Path | None = None


def check(clip: Path, expected: Expected) -> list[str]:
    """Return what is wrong with a clip, in words that follow its name; nothing if it is good."""
    try:
        footage = measure(clip)
    except BadMedia as error:
        return [f"can't be used: {error.message}"]
    return find_doubts(footage, expected)


def find_doubts(footage: Footage, expected: Expected) -> list[str]:
    """Return what is wrong with a clip that can be decoded."""
    pictures = footage.pictures
    return [
        *_judge_damage(footage),
        *_judge_length(footage, expected),
        *_judge_shape(footage, expected),
        *(_judge_empty(footage) or _judge_still(footage)),
        *(_judge_flashes(pictures) or _judge_strangers(pictures)),
        *_judge_blocks(pictures),
        *_judge_start(footage, expected),
    ]


# ── the file as a whole ─────────────────────────────────────────────────────────────────────────


def _judge_damage(footage: Footage) -> Iterator[str]:
    if not footage.is_clean:
        yield "is damaged: parts of it can't be decoded as they were made"


def _judge_length(footage: Footage, expected: Expected) -> Iterator[str]:
    """Yield whether it is too short to fill its place, or so long that another was made."""
    ordered, seconds = expected.seconds, footage.seconds
    least = ordered - _SHORTER[0] * ordered - _SHORTER[1]
    most = ordered + _LONGER[0] * ordered + _LONGER[1]
    if not least <= seconds <= most:
        yield f"is {seconds:.1f} s long, and {ordered:.1f} s were ordered"


def _judge_shape(footage: Footage, expected: Expected) -> Iterator[str]:
    width, height = footage.width, footage.height
    size = f"{width}x{height}, and {expected.width}x{expected.height} was ordered"
    if abs(np.log(width / height * expected.height / expected.width)) > _ASPECT_OFF:
        yield f"has another shape: it is {size}"
    elif width < _LEAST_SIDE * expected.width:
        yield f"is too small: it is {size}"


# ── stretches in which nothing is seen, or nothing moves ────────────────────────────────────────


def _judge_empty(footage: Footage) -> list[str]:
    pictures = footage.pictures
    empty = pictures["spread"] <= EMPTY
    for first, end in _list_stretches(empty):
        seconds = _measure_stretch(footage, first, end)
        if seconds >= _find_bound(footage):
            is_black = pictures["light"][first:end].mean() < _BLACK_BELOW
            what = "is black" if is_black else "shows a single colour"
            return [f"{what} for {seconds:.1f} s"]
    return []


def _judge_still(footage: Footage) -> list[str]:
    """Return whether it stands still for long, to the pixel: then no model has drawn a motion."""
    pictures = footage.pictures
    for first, end in _list_stretches(~pictures["moved"].astype(bool)):
        first = max(0, first - 1)  # what moved last is what is seen from then on
        seconds = _measure_stretch(footage, first, end)
        repeated = pictures["repeats"][first + 1 : end].mean()
        if seconds >= _find_bound(footage) and repeated >= _REPEATED:
            return [f"is frozen: nothing moves for {seconds:.1f} s"]
    return []


def _list_stretches(holds: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield from where to where something holds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], holds, [False]]).astype(np.int8)))
    yield from ((int(first), int(end)) for first, end in zip(edges[::2], edges[1::2], strict=True))


def _measure_stretch(footage: Footage, first: int, end: int) -> float:
    """Return the seconds from one picture to another, or to the end of the clip."""
    times = footage.pictures["at"]
    until = times[end] if end < len(times) else times[0] + footage.seconds
    return float(until - times[first])


def _find_bound(footage: Footage) -> float:
    return min(footage.seconds, max(_LONG_SECONDS, _LONG_SHARE * footage.seconds)) * 0.98


# ── pictures that jump ──────────────────────────────────────────────────────────────────────────


def _judge_flashes(pictures: Pictures) -> list[str]:
    times = pictures["at"]
    for levels, most in _FLASHES:
        turns = times[_find_turns(pictures["glow"], levels)]
        for place, second in enumerate(turns):
            flashes = int(np.count_nonzero(turns[place:] < second + 1)) / 2
            if flashes > most:
                return [f"flickers: {flashes:.0f} flashes within a second"]
    return []


def _find_turns(light: NDArray[np.float32], levels: float) -> list[int]:
    """Return where the light, after it changed by so many levels, begins to change back."""
    turns, low, high, rising = [], 0, 0, None
    for place, value in enumerate(light):
        low = place if value < light[low] else low
        high = place if value > light[high] else high
        if rising is not False and light[high] - value >= levels:
            turns.append(high)
            low, rising = place, False
        elif rising is not True and value - light[low] >= levels:
            turns.append(low)
            high, rising = place, True
    return turns


def _judge_strangers(pictures: Pictures) -> list[str]:
    """Return whether pictures appear that have nothing to do with those before and after them."""
    change, back = pictures["change"], pictures["back"]
    # Usual is what changes even between pictures that are alike: two in turn are not usual.
    usual = float(np.median(np.minimum(change, back.min(axis=1))))
    least = max(_STRANGE, _UNUSUAL * usual)
    jumps = (change >= least) & (pictures["changed"] >= _WHOLE)
    # Lightning makes all of a picture brighter, and the dark after it all of it darker. Too many of
    # them are a flicker, and found as such.
    is_light = np.abs(pictures["brighter"] - 0.5) >= _ALL_ONE_WAY
    comes = jumps & ~(is_light & (pictures["spread"] > EMPTY))
    found = [
        place
        for place in np.flatnonzero(comes)
        for visit in range(1, LONGEST_VISIT + 1)
        if place + visit < len(change)
        and jumps[place + visit]
        and back[place + visit, visit - 1] <= _ALIKE * change[place]
    ]
    if not found:
        return []
    at = pictures["at"][found[0]]
    return [f"shows a picture at {at:.1f} s that does not belong to those around it"]


def _judge_blocks(pictures: Pictures) -> Iterator[str]:
    """Yield whether blocks appear; a picture that was drawn in blocks has them from its start."""
    grid, shows = pictures["grid"], np.flatnonzero(pictures["spread"] > EMPTY)
    if len(shows) and (blocky := np.flatnonzero(grid > max(0, grid[shows[0]]) + _GRID)).size:
        yield f"shows blocks of garbage at {pictures['at'][blocky[0]]:.1f} s"


# ── where it began ──────────────────────────────────────────────────────────────────────────────


def _judge_start(footage: Footage, expected: Expected) -> Iterator[str]:
    start = read_grey(expected.start) if expected.start else None
    if start is None:
        return
    opening = footage.opening if _fades_in(footage.pictures) else footage.opening[:1]
    if max(measure_likeness(shown, start) for shown in opening) < _LIKE_START:
        yield "does not begin with the picture that it was to start from"


def _fades_in(pictures: Pictures) -> bool:
    """Return whether it begins empty and shows its picture by and by, and not at one stroke."""
    spread = pictures["spread"]
    first = int(np.argmax(spread > EMPTY))
    return bool(spread[first] < _FAINT * np.median(spread))
