"""A piece of work tells how fast the machine is while something is measured."""

import time

from benchmarks import yardstick
from benchmarks.yardstick import time_pieces


async def test_pieces_are_timed_for_as_long_as_is_asked_for() -> None:
    began = time.monotonic()
    took = await time_pieces(2 * yardstick.PAUSE)
    assert time.monotonic() - began >= 2 * yardstick.PAUSE
    assert 0 < took < 1_000
