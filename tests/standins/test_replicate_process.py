"""The stand-in for Replicate as a process of its own, which may be killed at any time."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.standins.replicate import judge, read_runs

COMMAND = [sys.executable, "-m", "tests.standins.replicate"]
HEADERS = {"authorization": "Bearer r8_standin"}
CREATE = "/v1/models/black-forest-labs/flux-schnell/predictions"


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process, and its URL."""
    root = Path(__file__).parents[2]
    with subprocess.Popen([*COMMAND, *arguments], stdout=-1, text=True, cwd=root) as process:
        assert process.stdout
        word, _, url = process.stdout.readline().partition(" ")
        try:
            assert word == "ready"
            yield process, url.strip()
        finally:
            process.kill()


def test_what_was_accepted_survives_a_kill_and_is_ended_by_the_next_process(
    tmp_path: Path,
) -> None:
    state = ["--state", str(tmp_path), "--settings", '{"latency": {"image": [0.3, 0.3]}}']
    with running(*state) as (process, url):
        answer = httpx.post(url + CREATE, json={"input": {"prompt": "a fox"}}, headers=HEADERS)
        run = answer.json()["id"]
        os.kill(process.pid, signal.SIGKILL)
    assert [found.id for found in read_runs(tmp_path)] == [run]
    with running(*state, "--port", url.rpartition(":")[2]) as (process, again):
        assert again == url
        with httpx.Client(headers=HEADERS) as http:
            while (shown := http.get(answer.json()["urls"]["get"]).json())["status"] in (
                "starting",
                "processing",
            ):
                time.sleep(0.05)  # who asks without a rest is throttled, as over there
            assert http.get(shown["output"][0]).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert judge(read_runs(tmp_path)).billed == 3000


def test_its_help_explains_the_faults_and_the_paths() -> None:
    told = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True).stdout
    for word in ("hook_forged", "/_standin/judge", "--state", "SIGTERM", "creates_a_minute"):
        assert word in told


def test_a_fault_that_does_not_exist_is_named(tmp_path: Path) -> None:
    asked = [*COMMAND, "--state", str(tmp_path), "--rates", '{"flood": 1}']
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert done.returncode and "no fault is called flood" in done.stderr
    assert "Traceback" not in done.stderr
