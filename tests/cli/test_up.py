"""`storywave up` as its own process: asked over HTTP, stopped, killed, started again."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.cli import main

QUICK = {
    "STORYWAVE_ENGINE": "rehearsal",
    "STORYWAVE_LEASE_SECONDS": "2",
    "STORYWAVE_DRAIN_SECONDS": "1",
}
Told = tuple[str, dict[str, Any]]


@dataclass
class Up:
    """The running server."""

    process: subprocess.Popen[bytes]
    http: httpx.Client

    def stop(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=30)

    def stream(self, video: str) -> list[Told]:
        """Everything that is told about a video, to the end of the stream."""
        told = list[Told]()
        self.listen(video, told)
        return told

    def listen(self, video: str, told: list[Told]) -> None:
        """Add what is told of a video to a list while it comes."""
        sort = ""
        with self.http.stream("GET", f"/v1/videos/{video}/events") as answer:
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    sort = value
                elif name == "data":
                    told.append((sort, json.loads(value)))


@contextmanager
def up(data: Path, descriptors: int | None = None, **environment: str) -> Iterator[Up]:
    """On a free port; its log lies beside its data."""
    port = _free()
    command = [sys.executable, "-m", "services.cli", "up", "--data", str(data), "--port", port]
    if descriptors:
        command = ["sh", "-c", f'ulimit -n {descriptors} && exec "$@"', "sh", *command]
    with (data / "log").open("a") as log:
        process = subprocess.Popen(command, env={**os.environ, **QUICK, **environment}, stderr=log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            _wait(lambda: _is_ready(process, client), "the server did not get ready")
            yield Up(process, client)
    finally:
        process.kill()
        process.wait()


def _wait(until: Callable[[], bool], otherwise: str) -> None:
    """Another process tells nobody when it is so far: look again, for half a minute at most."""
    for _ in range(1200):
        if until():
            return
        time.sleep(0.025)
    raise TimeoutError(otherwise)


def _is_ready(process: subprocess.Popen[bytes], client: httpx.Client) -> bool:
    assert process.poll() is None
    with suppress(httpx.TransportError):
        return client.get("/readyz").status_code == 200
    return False


def _free() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return str(listener.getsockname()[1])


def test_a_video_from_request_to_end_with_its_live_story(tmp_path: Path) -> None:
    with up(tmp_path) as served:
        made = served.http.post("/v1/videos", json={"prompt": "the sea", "duration": 10}).json()
        told = served.stream(made["id"])
        shown = served.http.get(f"/v1/videos/{made['id']}").json()
        assert served.stop(signal.SIGTERM) == 0
    assert told[0][0] == "snapshot"
    assert told[-1][0] == "completed"
    assert [live["percent"] for _, live in told] == sorted(live["percent"] for _, live in told)
    assert (shown["status"], shown["percent"]) == ("completed", 100)
    assert {stage["status"] for stage in shown["stages"]} == {"completed"}
    for stage in shown["stages"]:
        assert stage["done"] == stage["total"] > 0


def test_probes_and_metrics(tmp_path: Path) -> None:
    with up(tmp_path) as served:
        assert served.http.get("/healthz").status_code == 200
        assert served.http.get("/readyz").json()["ready"] is True
        metrics = served.http.get("/metrics").text
        assert "storywave_events_handled_total" in metrics
        assert "storywave_event_loop_lag_seconds" in metrics


OTHERS: list[dict[str, str]] = [
    {"STORYWAVE_HOST": "0.0.0.0"},
    {"STORYWAVE_HOSTS": "film.example"},  # a name: a proxy on this machine leads others here
    {"STORYWAVE_PUBLIC_URL": "https://film.example"},
]


@pytest.mark.parametrize("reached", OTHERS)
def test_where_others_can_ask_nothing_is_served_without_a_key(
    tmp_path: Path, reached: dict[str, str]
) -> None:
    command = [sys.executable, "-m", "services.cli", "up", "--data", str(tmp_path), "--port", "0"]
    ended = subprocess.run(
        command, env={**os.environ, **QUICK, **reached}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "storywave keys create --owner NAME --role admin --data" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_where_others_can_ask_only_who_has_a_key_is_answered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make = ["keys", "create", "--owner", "acme", "--role", "payer", "--data", str(tmp_path)]
    assert main(make) == 0
    token = capsys.readouterr().out.strip()
    with up(tmp_path, STORYWAVE_HOST="0.0.0.0") as served:
        assert served.http.get("/v1/videos").status_code == 401
        served.http.headers["authorization"] = f"Bearer {token}"
        made = served.http.post("/v1/videos", json={"prompt": "the sea", "duration": 10}).json()
        assert served.stream(made["id"])[-1][0] == "completed"
        port = str(served.http.base_url.port)
        assert main(["retry", made["id"], "--port", port]) == 2
        assert "This needs an API key" in capsys.readouterr().err
        assert main(make) == 2
        assert "POST /v1/keys" in capsys.readouterr().err, "the server has the folder"
        assert served.stop(signal.SIGTERM) == 0
    assert token not in (tmp_path / "log").read_text()


def test_who_drains_is_sent_nothing_more(tmp_path: Path) -> None:
    with up(tmp_path, STORYWAVE_REHEARSAL_SECONDS="1", STORYWAVE_DRAIN_SECONDS="2") as served:
        served.http.post("/v1/videos", json={"prompt": "the sea"})
        in_hand = 'storywave_jobs_in_hand{kind="image"} '
        _wait(lambda: in_hand in served.http.get("/metrics").text, "nothing was taken in hand")
        served.process.send_signal(signal.SIGTERM)
        _wait(lambda: served.http.get("/readyz").status_code == 503, "it is still ready")
        assert served.http.get("/readyz").json()["ready"] is False
        assert served.http.get("/healthz").status_code == 200
        assert served.process.wait(timeout=30) == 0


def test_sigterm_ends_open_streams_and_the_process(tmp_path: Path) -> None:
    with up(tmp_path, STORYWAVE_REHEARSAL_SECONDS="60") as served:
        made = served.http.post("/v1/videos", json={"prompt": "the sea"}).json()
        told = list[Told]()
        listening = threading.Thread(target=served.listen, args=[made["id"], told])
        listening.start()
        _wait(lambda: bool(told), "nothing was told")
        assert served.stop(signal.SIGTERM) == 0
        listening.join(timeout=10)
        assert not listening.is_alive()


@contextmanager
def clients(served: Up, count: int, *asked: str) -> Iterator[list[socket.socket]]:
    """Sockets that have sent so much of a request, and neither send nor read any more."""
    host, port = served.http.base_url.host, served.http.base_url.port
    text = "\r\n".join(asked)
    with ExitStack() as opened:
        some = [
            opened.enter_context(socket.create_connection((host, port), 5)) for _ in range(count)
        ]
        for one in some:
            one.sendall(text.encode())
        yield some


PART = ("GET /v1/videos HTTP/1.1", "Host: localhost", "X-Slow: ")
UPLOAD: tuple[str, ...] = ("POST /v1/images HTTP/1.1", "Host: localhost", "Content-Type: image/png")
UPLOAD += ("Content-Length: 9000000", "", "half a picture")


def test_a_crowd_that_only_holds_connections_hurts_nobody(tmp_path: Path) -> None:
    """More clients than this process may have files open; videos go on, and probes are answered."""
    with up(tmp_path, descriptors=700, STORYWAVE_REHEARSAL_SECONDS="0.3") as served:
        made = served.http.post("/v1/videos", json={"prompt": "the sea"}).json()["id"]
        with clients(served, 300, *PART), clients(served, 100, *UPLOAD), clients(served, 300):
            began = time.monotonic()
            assert served.http.get("/healthz").status_code == 200
            assert time.monotonic() - began < 1
            assert served.stream(made)[-1][0] == "completed"
            more = served.http.post("/v1/videos", json={"prompt": "a hill"}).json()["id"]
            assert served.stream(more)[-1][0] == "completed"
        metrics = served.http.get("/metrics").text
        assert served.stop(signal.SIGTERM) == 0
    assert 'storywave_connections_hung_up_total{why="crowded"}' in metrics
    assert "Too many open files" not in (tmp_path / "log").read_text()


def test_no_client_holds_up_a_stop(tmp_path: Path) -> None:
    with up(tmp_path, STORYWAVE_REHEARSAL_SECONDS="60") as served:
        made = served.http.post("/v1/videos", json={"prompt": "the sea"}).json()["id"]
        follow = (f"GET /v1/videos/{made}/events HTTP/1.1", "Host: localhost", "", "")
        with clients(served, 5, *UPLOAD), clients(served, 5, *follow), clients(served, 5, *PART):
            began = time.monotonic()
            assert served.stop(signal.SIGTERM) == 0
            assert time.monotonic() - began < 10
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_watchers_that_leave_amid_the_news_leave_no_trace_in_the_log(tmp_path: Path) -> None:
    with up(tmp_path, STORYWAVE_REHEARSAL_SECONDS="0.05") as served:
        for seed in range(3):
            asked = {"prompt": "the sea", "duration": 60, "seed": seed}
            made = served.http.post("/v1/videos", json=asked).json()["id"]
            follow = (f"GET /v1/videos/{made}/events HTTP/1.1", "Host: localhost", "", "")
            with clients(served, 60, *follow) as watchers:
                for one in watchers:  # each at another moment, half of them in the rudest way
                    if one.fileno() % 2:
                        rude = struct.pack("ii", 1, 0)
                        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, rude)
                    one.recv(1)
                    one.close()
            assert served.stream(made)[-1][0] == "completed"
        assert served.stop(signal.SIGTERM) == 0
    log = (tmp_path / "log").read_text()
    assert "Traceback" not in log and '"level": "error"' not in log
    assert log.count('"route": "/v1/videos/{video_id}/events"') == 3 * 61


def test_a_name_that_is_not_ours_is_refused_and_probes_are_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strange = {"host": "evil.example"}
    assert (
        main(["keys", "create", "--owner", "a", "--role", "viewer", "--data", str(tmp_path)]) == 0
    )
    key = {"authorization": f"Bearer {capsys.readouterr().out.strip()}"}
    with up(tmp_path, STORYWAVE_HOSTS="film.example") as served:
        served.http.headers.update(key)
        assert served.http.get("/v1/videos", headers=strange).status_code == 421
        assert served.http.get("/v1/videos", headers={"host": "film.example"}).status_code == 200
        for path in ("/healthz", "/readyz", "/metrics"):
            assert served.http.get(path, headers=strange).status_code == 200


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_what_was_accepted_is_finished_by_the_next_process(tmp_path: Path, number: int) -> None:
    with up(tmp_path) as served:
        videos = [
            served.http.post("/v1/videos", json={"prompt": "the sea", "seed": n}).json()["id"]
            for n in range(5)
        ]
        served.stop(number)
    with up(tmp_path) as served:
        for video in videos:
            assert served.stream(video)[-1][0] == "completed"


def test_a_service_starts_without_the_parts_of_the_gateway() -> None:
    """They take half of the time in which a service can be ready."""
    told = "import sys, services.cli.serve; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", told], check=True, capture_output=True, text=True)
    assert "services.cli.serve" in ran.stdout and "services.gateway" not in ran.stdout
