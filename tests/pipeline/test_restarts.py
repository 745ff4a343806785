"""`storywave up` as a real process, killed with SIGKILL at random moments and started again."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx

from shared.jobs.ledger import JOBS
from tests.cluster.processes import free_ports
from tests.truth import run_again

SEED = random.SystemRandom().randrange(10**6)
CHECKOUT = Path(__file__).resolve().parents[2]
PROMPT = "The sea is calm. A boat sails out. The storm comes. The lamp shines. They come home."


class Up:
    """`storywave up` on a folder, again and again."""

    def __init__(self, folder: Path) -> None:
        (self._port,) = free_ports(1)
        self._folder = folder
        self.log = folder / "up.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        rehearsal = {"STORYWAVE_ENGINE": "rehearsal", "STORYWAVE_REHEARSAL_SECONDS": "0.15"}
        command = ["up", "--data", str(self._folder / "data"), "--port", str(self._port)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "services.cli", *command],
                cwd=CHECKOUT,
                env=os.environ | rehearsal | {"STORYWAVE_LEASE_SECONDS": "2"},
                stdout=log,
                stderr=log,
            )
        wait(lambda: status(f"{self.url}/readyz") == 200, 30, self.log)

    def end(self, number: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(30)


def status(url: str) -> int:
    try:
        return httpx.get(url, timeout=5).status_code
    except httpx.HTTPError:
        return 0


def wait(until: Callable[[], bool], seconds: float, log: Path) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.05)


def test_every_video_survives_any_number_of_kills(tmp_path: Path) -> None:
    print(f"seed={SEED}")
    draw = random.Random(SEED)
    up = Up(tmp_path)
    up.start()
    videos, kills = [], 6
    for number in range(kills):
        body = {"prompt": PROMPT, "duration": 30, "seed": number}
        videos.append(httpx.post(f"{up.url}/v1/videos", json=body, timeout=10).json()["id"])
        time.sleep(draw.uniform(0.05, 1.2))
        assert up.end(signal.SIGKILL) == -signal.SIGKILL
        up.start()

    def completed() -> bool:
        page = httpx.get(f"{up.url}/v1/videos", timeout=10).json()["videos"]
        return sorted(v["id"] for v in page if v["status"] == "completed") == sorted(videos)

    wait(completed, 60, up.log)
    assert up.end(signal.SIGTERM) == 0
    lines = [json.loads(line) for line in up.log.read_text().splitlines() if line[:1] == "{"]
    finished = finished_attempts(tmp_path / "data" / "storywave.db")
    rerun = run_again(lines, finished)
    print(f"FIGURE restarts videos={len(videos)} kills={kills} lost=0 rerun={len(rerun)}")
    assert not rerun
    assert not any(line["level"] == "error" for line in lines), up.log


def finished_attempts(database: Path) -> dict[str, int]:
    """The attempt that finished each job; every one must be done."""
    with closing(sqlite3.connect(database)) as db:
        rows = [json.loads(doc) for (doc,) in db.execute(f'SELECT doc FROM "{JOBS}"')]
    assert {row["state"] for row in rows} == {"done"}
    return {row["_id"]: row["attempt"] for row in rows}
