"""`make bench-scale`: a steady load on real servers, and replicas by the ScaledObjects' rules.

Each service begins with one replica. Every look computes from the live lag at Kafka, the live
backlog of jobs and the CPU of the replicas how many there are to be, as KEDA and the autoscaler
would, by the numbers in deploy/k8s/components/keda/scaled.yaml; only their times are shortened.
When the load has ended, each is one again. No video may be lost and no effect doubled meanwhile.
"""

import argparse
import asyncio
import csv
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.scale.drawing import draw
from benchmarks.scale.run import DATABASE, MOST, PREFIX, Course, Row, Run, as_dict, reached
from benchmarks.scale.truth import count_repeated, find_faults
from shared.store.mongo import MongoStore
from tests.cluster.servers import Servers

LONG = Course(rate=0.4, seconds=150, haste=4, limit=540)
SHORT = Course(rate=0.4, seconds=60, haste=5, limit=330)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale")
    parser.add_argument("--short", action="store_true", help="half of the load")
    parser.add_argument("--out", type=Path, help="a folder for scale.csv and scale.png")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="storywave-scale-"))
    out = given.out or folder
    out.mkdir(parents=True, exist_ok=True)
    good = asyncio.run(_play(SHORT if given.short else LONG, folder, out))
    if good and given.out:
        shutil.rmtree(folder)
    else:
        print(f"the figures, and the logs of all replicas, are in {folder}")
    return 0 if good else 1


async def _play(course: Course, folder: Path, out: Path) -> bool:
    run = Run(course, folder, Servers.of_this_run().env())
    print(f"{course.rate:g} videos a second for {course.seconds:g} s …", flush=True)
    problems = []
    try:
        await run.play()
    except* TimeoutError:
        problems.append(f"not everything had ended after {course.limit:g} s")
    finally:
        _write(run.rows, course, out)
    problems += await _judge(run)
    repeated = await count_repeated(run.environment["STORYWAVE_KAFKA"], PREFIX)
    _report(run, problems, repeated)
    return not problems


def _write(rows: list[Row], course: Course, out: Path) -> None:
    if not rows:
        return
    with (out / "scale.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(Row.__dataclass_fields__))
        writer.writeheader()
        for row in map(as_dict, rows):
            writer.writerow(row | {"at": f"{row['at']:.1f}", "cpu": f"{row['cpu']:.3f}"})
    draw(rows, course.seconds, out / "scale.png")


async def _judge(run: Run) -> list[str]:
    """Return all that is not as it must be."""
    store = MongoStore(run.environment["STORYWAVE_MONGO"], DATABASE)
    await store.open({})
    try:
        faults = await find_faults(store, run.crowd.accepted, run.crowd.full)
    finally:
        await store.close()
    faults += [f"{run.crowd.refused} requests were never answered"] if run.crowd.refused else []
    faults += [
        f"a replica of {flock.service} ended with {code}"
        for flock in run.flocks.values()
        for code in flock.exits
        if code
    ]
    return faults


def _report(run: Run, problems: list[str], repeated: int) -> None:
    print(f"\n{'':12}{'replicas':20}{'most jobs':>10}{'most lag':>10}")
    for name in run.flocks:
        mine = [row for row in run.rows if row.service == name]
        numbers = " → ".join(map(str, reached(run.rows, name)))
        jobs, lag = max(row.backlog for row in mine), max(row.lag for row in mine)
        print(f"{name:12}{numbers:20}{jobs:10}{lag:10}")
    for problem in problems[:20]:
        print(f"wrong: {problem}")
    videos = len(run.crowd.full)
    last = next((row.at for row in run.rows if row.finished >= videos), run.rows[-1].at)
    print(
        f"FIGURE scale videos={len(run.crowd.accepted)} lost_or_doubled={len(problems)} "
        f"videos_per_min={60 * videos / last:.0f} repeated_events={repeated} "
        f"up_to_4_and_down_to_1={sum(_went_round(run, name) for name in run.flocks)}"
    )


def _went_round(run: Run, service: str) -> bool:
    """Tell whether a service had as many replicas as there may be, and one in the end."""
    numbers = reached(run.rows, service)
    return MOST in numbers and numbers[-1] == 1


if __name__ == "__main__":
    sys.exit(main())
