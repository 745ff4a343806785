"""How fast this machine is just now: one piece of work, always the same, timed again and again.

Where others use the same processors, the same code costs up to twice as much from one minute to the
next. So what is measured minutes apart is compared in pieces of this work, timed meanwhile.
"""

import asyncio
import json
import time
from statistics import median

PAUSE = 0.25
_PIECE = json.dumps([{"id": f"job {n}", "at": n, "with": {"n": [n] * 8}} for n in range(1_000)])


async def time_pieces(seconds: float) -> float:
    """Let this much time pass; return the milliseconds of a processor that a piece took then."""
    until, took = time.monotonic() + seconds, [_time_piece()]
    while (left := until - time.monotonic()) > 0:
        await asyncio.sleep(min(PAUSE, left))
        took.append(_time_piece())
    return median(took)


def _time_piece() -> float:
    began = time.thread_time()
    json.dumps(json.loads(_PIECE))
    return 1000 * (time.thread_time() - began)
