"""`make capacity`: what an installation needs for so many videos a day, and what is full first.

The inputs were measured on real servers and stand in inputs.json; `--measure` measures them again.
The model is held against one point that it was not made from: how many videos a second the machine
did when half of its processors had to do.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from math import isinf
from pathlib import Path

from benchmarks.capacity.model import (
    DAY,
    Inputs,
    Station,
    World,
    find_limit,
    list_stations,
    predict_peak,
)
from tests.cluster.servers import Servers

INPUTS = Path(__file__).with_name("inputs.json")
ONCE = 1_000
"""Videos a day: what is meant by 1x."""
TIMES = (1, 10, 100, 10_000)
MOST_OFF = 1.35
"""The model may be off by this factor at the point that was measured, or it is no model."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity")
    parser.add_argument("--measure", action="store_true", help="measure the inputs again")
    if parser.parse_args().measure:
        _measure()
    return report(Inputs(**json.loads(INPUTS.read_text())), World())


def _measure() -> None:
    from benchmarks.capacity.measure import measure_all  # only this needs the servers' clients

    with tempfile.TemporaryDirectory(prefix="storywave-capacity-") as folder:
        found = asyncio.run(measure_all(Servers.of_this_run(), Path(folder)))
    INPUTS.write_text(json.dumps(asdict(found), indent=1) + "\n")


def report(known: Inputs, world: World) -> int:
    """Print what each station needs, and the figure; return 1 where the model is too far off."""
    _print_video(known)
    stations = list_stations(known, world)
    _print_stations(stations)
    for times in TIMES:
        _print_load(stations, times)
    predicted = predict_peak(known, known.cores / 2)
    off = max(predicted / known.half_peak, known.half_peak / predicted)
    first = find_limit(stations)
    print(
        f"FIGURE capacity measured_per_s={known.half_peak:.1f} predicted_per_s={predicted:.1f} "
        f"first_limit={first.name.replace(' ', '_')} at_videos_per_day={first.ceiling * DAY:.0f}"
    )
    if off > MOST_OFF:
        print(f"beyond its bound: the model is off by {off:.2f} times", file=sys.stderr)
    return int(off > MOST_OFF)


def _print_video(known: Inputs) -> None:
    print(f"a video: {known.jobs:.0f} jobs, {known.events:.0f} events of {known.kafka_bytes:,} B")
    for name, rows in sorted(known.rows.items(), key=lambda item: -known.bytes[item[0]]):
        print(f"{name:24}{rows:8.1f} rows{known.bytes[name]:10,} bytes")
    print(f"{'all':24}{sum(known.rows.values()):8.1f} rows{sum(known.bytes.values()):10,} bytes\n")


def _print_stations(stations: Sequence[Station]) -> None:
    """Print what each can do, and how many places it needs by what comes in."""
    print(f"{'':24}{'ms/video':>10}{'most a day':>14}", end="")
    print("".join(f"{f'{times:,}x':>9}" for times in TIMES))
    for station in stations:
        most = "-" if isinf(station.ceiling) else f"{station.ceiling * DAY:,.0f}"
        places = (station.count_places(find_rate(times)) for times in TIMES)
        print(f"{station.name:24}{1000 * station.seconds:10.2f}{most:>14}", end="")
        print("".join(f"{n:9,}" for n in places))
    print()


def _print_load(stations: Sequence[Station], times: int) -> None:
    """Print what is beyond its limit at so much, and how long the rest keeps a video waiting."""
    rate = find_rate(times)
    full = [station for station in stations if rate > station.ceiling]
    waits = {s.name: s.find_wait(rate, s.count_places(rate)) * s.seconds for s in stations}
    longest = max((name for name in waits), key=lambda name: waits[name])
    print(f"{times:,}x, {ONCE * times:,} videos a day: ", end="")
    print(f"longest wait {waits[longest]:.2f} s, for {longest}")
    for station in sorted(full, key=lambda station: station.ceiling):
        print(f"    full: {station.name} at {station.ceiling * DAY:,.0f} a day: {station.remedy}")


def find_rate(times: int) -> float:
    """Return the videos a second of so many times 1x."""
    return ONCE * times / DAY


if __name__ == "__main__":
    sys.exit(main())
