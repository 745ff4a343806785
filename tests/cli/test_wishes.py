"""`storywave pause`, `resume`, `cancel` and `retry`: asked of a server that runs."""

import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from services.cli import main
from services.cli.address import find_server
from shared.runtime.settings import Settings
from tests.cli.test_up import Up, up

Captured = pytest.CaptureFixture[str]


def ask(served: Up, *words: str) -> int:
    return main([*words, "--port", str(served.http.base_url.port)])


def test_a_video_is_paused_resumed_cancelled_and_retried(tmp_path: Path, capsys: Captured) -> None:
    with up(tmp_path, STORYWAVE_REHEARSAL_SECONDS="0.3") as served:
        made = served.http.post("/v1/videos", json={"prompt": "the sea", "duration": 10}).json()[
            "id"
        ]
        said = []
        for wish in ("pause", "resume", "cancel", "cancel"):
            assert ask(served, wish, made) == 0
            said.append(capsys.readouterr().out.split()[1])
        assert (said[0], said[2:]) == ("paused", ["cancelled", "cancelled"])
        assert said[1] in ("queued", "running")
        assert ask(served, "pause", made) == 2
        refused = capsys.readouterr().err
        assert refused.startswith("storywave: The video is cancelled")
        assert "does not allow pause. It allows delete, retry." in refused
        while ask(served, "retry", made) == 2:  # its last job is still being stopped
            assert "still being stopped" in capsys.readouterr().err
        assert served.stream(made)[-1][0] == "completed"


def test_a_video_is_deleted_by_who_says_yes(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    with up(tmp_path, STORYWAVE_REHEARSAL_SECONDS="0.3") as served:
        made = served.http.post("/v1/videos", json={"prompt": "the sea"}).json()["id"]
        monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
        assert ask(served, "delete", made) == 2
        assert "nothing was deleted" in capsys.readouterr().err
        monkeypatch.setattr("sys.stdin", io.StringIO(""))
        assert ask(served, "delete", made) == 2
        assert "say --yes" in capsys.readouterr().err
        assert served.http.get(f"/v1/videos/{made}").json()["status"] != "deleting"
        assert ask(served, "delete", made, "--yes") == 0
        assert capsys.readouterr().out.split()[1] in ("deleting", "deleted")
        monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
        assert ask(served, "delete", made) == 0
        for path in ("", "/events"):
            # the stream of one that is still being deleted ends with it
            answer = served.http.get(f"/v1/videos/{made}{path}")
            assert answer.status_code in (200, 410)
        deadline = time.monotonic() + 20
        while served.http.get(f"/v1/videos/{made}").status_code != 410:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_an_unknown_video_is_named(tmp_path: Path, capsys: Captured) -> None:
    with up(tmp_path) as served:
        assert ask(served, "cancel", "no such?x#y") == 2
        assert "There is no video 'no such?x#y'" in capsys.readouterr().err


def test_without_a_server_the_command_says_how_to_start_one(capsys: Captured) -> None:
    with listening() as port:
        pass
    assert main(["pause", "v", "--port", str(port)]) == 3
    said = capsys.readouterr().err
    assert said == (
        f"storywave: nothing answers at http://127.0.0.1:{port}: start `storywave up`, "
        "or name its address with --server or STORYWAVE_URL\n"
    )
    assert main(["pause", "v", "--port", "0"]) == 2


@contextmanager
def listening() -> Iterator[int]:
    """A server of something else."""

    class Other(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>hello</html>")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Other) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_another_server_at_the_address_is_not_taken_for_ours(capsys: Captured) -> None:
    with listening() as port:
        assert main(["cancel", "v", "--port", str(port)]) == 3
    assert f"what answers at http://127.0.0.1:{port} is no Storywave" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("film.example", "http://film.example:8000"),
    ],
)
def test_the_server_is_where_its_own_settings_say(host: str, address: str) -> None:
    assert find_server(Settings(host=host)) == address


def test_a_beat_is_edited_drawn_again_chosen_back_and_skipped(
    tmp_path: Path, capsys: Captured
) -> None:
    with up(tmp_path) as served:
        made = served.http.post("/v1/videos", json={"prompt": "the sea", "duration": 15}).json()[
            "id"
        ]
        assert served.stream(made)[-1][0] == "completed"
        assert ask(served, "edit", made, "0", "--prompt", "a hill", "--dry-run") == 0
        said = capsys.readouterr().out
        assert "image     beat 0, take 1" in said and "costs up to $0.00" in said
        assert ask(served, "edit", made, "0", "--prompt", "a hill") == 0
        assert "revision 2" in capsys.readouterr().out
        assert served.stream(made)[-1][0] == "completed"
        assert ask(served, "choose", made, "0") == 0
        takes = capsys.readouterr().out.splitlines()
        assert takes[0].startswith("image   1  chosen") and "a hill" in takes[0]
        assert takes[1].startswith("image   0  ready")
        assert ask(served, "choose", made, "0", "--take", "0") == 0
        assert ask(served, "regenerate", made, "1", "--what", "clip") == 0
        assert ask(served, "skip", made, "1") == 0
        assert served.stream(made)[-1][0] == "completed"
        assert ask(served, "skip", made, "9") == 2
        assert "The video has no beat 9" in capsys.readouterr().err
