"""A look-ahead limiter that holds the true peak, between the samples too."""

import numpy as np
from numpy.typing import NDArray

from shared.media.sound import Samples, shaped

_STEP = 48  # samples a step of the gain: 1 ms
_STEPS_A_BLOCK = 500
_AHEAD = 5  # steps over which the gain glides down before a peak, and up after it
_TAPS = 16  # length of the interpolating filter a phase


def limit(samples: Samples, ceiling_dbtp: float) -> None:
    """Bring the samples' true peak down to the ceiling, in place, where it is above."""
    ceiling = 10 ** (ceiling_dbtp / 20)
    peaks = _peaks(samples, ceiling)
    shaped(samples, _glided(np.minimum(1.0, ceiling / np.maximum(peaks, 1e-9))), _STEP)


def _glided(wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Never above what any step near by wants, and without corners.

    The least of a window, then the mean of windows that all held that least: the mean can't exceed
    it. One step more on each side covers the interpolation between steps.
    """
    padded = np.pad(wanted, _AHEAD + 1, mode="edge")
    least = np.lib.stride_tricks.sliding_window_view(padded, 2 * _AHEAD + 3).min(axis=1)
    smooth = np.pad(least, _AHEAD, mode="edge")
    return np.asarray(np.convolve(smooth, np.ones(2 * _AHEAD + 1) / (2 * _AHEAD + 1), "valid"))


def _peaks(samples: Samples, ceiling: float) -> NDArray[np.float64]:
    """The true peak of each step, over all channels; 0 where it can't come near the ceiling."""
    steps = -(-len(samples) // _STEP)
    peaks = np.zeros(steps)
    for first in range(0, steps, _STEPS_A_BLOCK):
        start, end = first * _STEP, (first + _STEPS_A_BLOCK) * _STEP
        block = samples[max(0, start - _TAPS) : end + _TAPS]
        if np.abs(block).max(initial=0.0) > ceiling / 2:
            found = _block_peaks(block, start - max(0, start - _TAPS))
            peaks[first : first + _STEPS_A_BLOCK] = found[: steps - first]
    return peaks


def _block_peaks(block: Samples, before: int) -> NDArray[np.float64]:
    """The peaks of a block's steps; its first `before` samples are only context."""
    loudest = np.zeros(_STEPS_A_BLOCK * _STEP)
    for channel in block.T:
        for phase in _phases():
            between = np.abs(np.convolve(channel, phase, "same"))[before:][: len(loudest)]
            np.maximum(loudest[: len(between)], between, out=loudest[: len(between)])
    return np.asarray(loudest.reshape(_STEPS_A_BLOCK, _STEP).max(axis=1))


def _phases() -> list[NDArray[np.float32]]:
    """Windowed-sinc filters that give the signal at 0, 1/4, 1/2 and 3/4 of a sample."""
    taps = np.arange(-_TAPS, _TAPS + 1)
    return [
        (np.sinc(taps - shift) * np.kaiser(len(taps), 6)).astype(np.float32)
        for shift in (0.0, 0.25, 0.5, 0.75)
    ]
