"""A look-ahead limiter: it holds the true peak, which may lie between two samples.

The gain is worked out in steps of 1 ms: how loud each step may be, then a smooth curve that stays
below that everywhere. Smooth, because a gain with corners is heard as distortion.
"""

import numpy as np
from numpy.typing import NDArray

from shared.media.sound import Samples, apply_gains

_STEP = 48  # samples in a step of the gain: 1 ms
_STEPS_A_BLOCK = 500  # looked at together, so that memory stays small for any length
_AHEAD = 5  # steps over which the gain goes down before a peak, and up after it
_TAPS = 16  # samples on each side that an interpolated value is made from


def limit(samples: Samples, ceiling_dbtp: float) -> None:
    """Bring the samples' true peak down to the ceiling, in place, where it is above."""
    ceiling = 10 ** (ceiling_dbtp / 20)
    peaks = _find_peaks(samples, ceiling)
    apply_gains(samples, _smooth(np.minimum(1.0, ceiling / np.maximum(peaks, 1e-9))), _STEP)


def _smooth(wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return gains without corners, none above what a step near by wants.

    First the least of a window around each step, then the mean of those in a smaller window. Each
    value in that mean is the least of a window that holds the step itself, so the mean can't be
    above what the step wants. One step more on each side covers the interpolation between steps.
    """
    padded = np.pad(wanted, _AHEAD + 1, mode="edge")
    least = np.lib.stride_tricks.sliding_window_view(padded, 2 * _AHEAD + 3).min(axis=1)
    smooth = np.pad(least, _AHEAD, mode="edge")
    return np.asarray(np.convolve(smooth, np.ones(2 * _AHEAD + 1) / (2 * _AHEAD + 1), "valid"))


def _find_peaks(samples: Samples, ceiling: float) -> NDArray[np.float64]:
    """Return the true peak of each step over all channels; 0 where it is far from the ceiling."""
    steps = -(-len(samples) // _STEP)
    peaks = np.zeros(steps)
    for first in range(0, steps, _STEPS_A_BLOCK):
        start, end = first * _STEP, (first + _STEPS_A_BLOCK) * _STEP
        block = samples[max(0, start - _TAPS) : end + _TAPS]
        # Between samples a sound may be louder than on them, but hardly ever twice as loud.
        # Most blocks are quieter than that, and interpolating is what takes the time here.
        if np.abs(block).max(initial=0.0) > ceiling / 2:
            found = _measure_block(block, start - max(0, start - _TAPS))
            peaks[first : first + _STEPS_A_BLOCK] = found[: steps - first]
    return peaks


def _measure_block(block: Samples, before: int) -> NDArray[np.float64]:
    """Return the peaks of a block's steps; its first `before` samples are only context."""
    loudest = np.zeros(_STEPS_A_BLOCK * _STEP)
    for channel in block.T:
        for phase in _make_filters():
            between = np.abs(np.convolve(channel, phase, "same"))[before:][: len(loudest)]
            np.maximum(loudest[: len(between)], between, out=loudest[: len(between)])
    return np.asarray(loudest.reshape(_STEPS_A_BLOCK, _STEP).max(axis=1))


def _make_filters() -> list[NDArray[np.float32]]:
    """Return windowed-sinc filters that give the signal at 0, 1/4, 1/2 and 3/4 of a sample."""
    # Four values a sample: what BS.1770 asks of a true-peak meter at 48 kHz.
    taps = np.arange(-_TAPS, _TAPS + 1)
    return [
        (np.sinc(taps - shift) * np.kaiser(len(taps), 6)).astype(np.float32)
        for shift in (0.0, 0.25, 0.5, 0.75)
    ]
