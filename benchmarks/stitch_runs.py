"""Runs one method of the stitching benchmark in fresh processes, and measures time and memory."""

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.stitch_inputs import Inputs
from shared.base.worker import share_one_heap

Method = Callable[[Inputs, Path], None]


@dataclass(frozen=True)
class Measured:
    """Wall time and peak memory of one method."""

    seconds: float
    peak_mib: float


def _run_once(method: Method, inputs: Inputs, folder: Path) -> Measured:
    """Run a method in this process, and return its time and the most memory it had."""
    if method.__name__.startswith("run_moviepy"):
        import moviepy  # noqa: F401 - loading a library is not part of its work
    if method.__name__.startswith("run_our_"):
        share_one_heap()  # as every worker of ours does
    started = time.perf_counter()
    method(inputs, folder)
    seconds = time.perf_counter() - started
    # ffmpeg runs as a child, and MoviePy has one to encode.
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(who).ru_maxrss for who in whose)
    return Measured(seconds, peak / 1024)


def measure(method: Method, inputs: Inputs, folder: Path, repeats: int = 1) -> Measured:
    """Return the median time and the highest peak of a method, each run in a fresh process."""
    runs = []
    for _ in range(repeats):
        # A process keeps the peak of all it ever did, so each run needs one of its own.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            runs.append(pool.submit(_run_once, method, inputs, folder).result(timeout=600))
    print(f"  {method.__name__:<30} {median(r.seconds for r in runs):8.2f} s", file=sys.stderr)
    return Measured(median(r.seconds for r in runs), max(r.peak_mib for r in runs))
