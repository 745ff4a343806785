"""`make bench-flight`: ten thousand videos in flight in one chunker process, on real servers.

Each has a clip at a provider that is submitted to and polled. Videos end, and others begin, at the
same pace while 100 and while 10,000 are in flight; so what differs is their number alone, and how
fast the machine just is: costs are therefore compared in pieces of a work that never changes.
Before they begin, fifty owners ask for all of theirs, one owner after the other, and the provider
takes so many a second. A figure beyond its bound is a failure.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.flight.run import NEWCOMER, Course, Run, Seen, Wrong
from tests.cluster.servers import Servers

MOST_KIB, MOST_UNFAIR, MOST_GROWTH = 16.0, 1.5, 1.3
NEWCOMERS_SHARE = 0.2
"""Who comes late with a few waits at most for this share of the time of those with many."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flight")
    parser.add_argument("--videos", type=int, default=10_000, help="in flight: 10000 by default")
    parser.add_argument("--pace", type=float, default=50.0, help="ends a second: 50 by default")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="storywave-flight-"))
    course = Course(many=given.videos, pace=given.pace)
    try:
        seen = asyncio.run(Run(course, folder, Servers.of_this_run()).play())
    except (Wrong, TimeoutError) as error:
        print(f"error: {error or 'it took too long'} (logs are kept in {folder})", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    return report(seen)


def report(seen: Seen) -> int:
    """Print the figures; return 1 where one is beyond its bound, else 0."""
    few, many = seen.parts
    print(f"{'in flight':>10}{'at work':>9}{'ended':>7}{'a second':>10}{'MiB':>7}", end="")
    print(f"{'CPU ms/video':>14}{'with servers':>14}{'a piece':>9}")
    for part in seen.parts:
        pace = part.ended / part.seconds
        print(f"{part.in_flight:10}{part.running:9}{part.ended:7}{pace:10.1f}", end="")
        print(f"{part.mib:7.0f}{part.cpu_ms:14.1f}{part.all_ms:14.1f}{part.piece_ms:9.2f}")
    kib = (many.mib - seen.cold_mib) * 1024 / (many.in_flight - few.in_flight)
    growth = many.pieces / few.pieces
    waits = {owner: median(each) for owner, each in seen.waits.items()}
    newcomer = waits.pop(NEWCOMER)
    fairness = max(waits.values()) / min(waits.values())
    longest = max(max(each) for each in seen.waits.values())
    print(
        f"{len(waits)} owners waited {min(waits.values()):.1f} to {max(waits.values()):.1f} s at "
        f"the median, the last clip {longest:.1f} s; who came with a few waited {newcomer:.1f} s"
    )
    print(f"{seen.ended} videos, all ended, each clip run and paid for once")
    print(
        f"FIGURE flight videos={many.in_flight} kib_per_video={kib:.1f} "
        f"events_per_s={seen.events_per_s:.0f} fairness={fairness:.2f} cost_growth={growth:.2f}"
    )
    faults = {
        f"a video takes more than {MOST_KIB:g} KiB": kib > MOST_KIB,
        f"an owner waits more than {MOST_UNFAIR:g} times as long": fairness > MOST_UNFAIR,
        "a newcomer waits for those with many": newcomer > NEWCOMERS_SHARE * max(waits.values()),
        f"a video costs more than {MOST_GROWTH:g} times as much": growth > MOST_GROWTH,
    }
    for fault in (said for said, is_so in faults.items() if is_so):
        print(f"beyond its bound: {fault}", file=sys.stderr)
    return int(any(faults.values()))


if __name__ == "__main__":
    sys.exit(main())
