"""The commands that ask: of a server that is named, and of the data folder without one."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from services.cli import main
from services.cli.bars import Bars, Lines, draw_bar
from services.cli.beside import read_beside
from shared.client import Message, News, Video
from shared.client.models import Stage
from shared.story.errors import BadInput
from tests.cli.test_terminal import Terminal
from tests.cli.test_up import up

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place to be in; nothing is there yet, and no file is made by the engine."""
    monkeypatch.setenv("STORYWAVE_ENGINE", "rehearsal")
    monkeypatch.setenv("STORYWAVE_PROCESSES", "1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def say(capsys: Captured, *words: str, code: int = 0) -> str:
    capsys.readouterr()
    assert main([*words]) == code
    return capsys.readouterr().out


def read(capsys: Captured, *words: str, code: int = 0) -> Any:
    return json.loads(say(capsys, *words, "--json", code=code))


def submit(capsys: Captured, *more: str) -> str:
    return str(read(capsys, "submit", "the sea", "--duration", "10", *more)["id"])


# ── on a server ─────────────────────────────────────────────────────────────────────────────────


def test_on_a_server_a_video_is_submitted_watched_shown_and_listed(
    folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    with up(folder) as served:
        monkeypatch.setenv("STORYWAVE_URL", str(served.http.base_url))
        made = submit(capsys)
        assert say(capsys, "watch", made) == f"{made}\n"
        *_, last, video = map(json.loads, say(capsys, "watch", made, "--json").splitlines())
        assert (last["event"], video["id"]) == ("completed", made)
        assert "completed, 100 %, revision 1" in say(capsys, "show", made)
        assert read(capsys, "show", made)["stages"][0]["status"] == "completed"
        [row] = say(capsys, "list").splitlines()
        assert row.startswith(f"{made}  ") and " completed " in row
        assert say(capsys, "receipt", made).startswith("nothing was paid for\npaid $0.00")
        assert "revision 1: " in say(capsys, "timeline", made).splitlines()[-1]
        assert "█" in say(capsys, "timeline", made)
        rows = [row[2:25].split() for row in say(capsys, "timeline", made).splitlines()[:-1]]
        assert ["image", "beat", "0"] in rows and ["voice", "beat", "0"] in rows
        assert say(capsys, "list", "--status", "completed", "--status", "failed") == f"{row}\n"
        assert say(capsys, "list", "--status", "running") == ""
        assert main(["list", "--status", "done"]) == 2
        assert "use 'queued', 'running'" in capsys.readouterr().err
        assert say(capsys, "estimate", "the sea").startswith("up to $0.00\n")
        assert main(["show", "nothing"]) == 2
        said = capsys.readouterr().err
        assert "There is no video 'nothing'" in said and "`storywave list` lists" in said


def test_who_waits_is_told_how_it_ended_or_that_it_has_not(folder: Path, capsys: Captured) -> None:
    with up(folder, STORYWAVE_REHEARSAL_SECONDS="30") as served:
        named = ("--server", str(served.http.base_url))
        made = read(capsys, "submit", "the sea", *named, "--timeout", "0.2", code=4)["id"]
        assert main(["watch", made, *named, "--timeout", "0.2"]) == 4
        assert "still" in capsys.readouterr().err
        say(capsys, "pause", made, *named)
        assert main(["watch", made, *named]) == 4
        assert f"let it go on with `storywave resume {made}`" in capsys.readouterr().err
        say(capsys, "cancel", made, *named)
        assert main(["watch", made, *named]) == 1


def test_on_a_server_a_budget_and_a_shape_are_asked_for_and_no_folder_is_made(
    folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, here = folder / "served", folder / "here"
    data.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    with up(data, STORYWAVE_REHEARSAL_SECONDS="0.2") as served:
        monkeypatch.setenv("STORYWAVE_URL", str(served.http.base_url))
        made = submit(capsys, "--budget", "1.00")
        assert say(capsys, "budget", made, "2.5").strip().endswith("  budget $2.50")
        assert read(capsys, "budget", made, "3")["budget"] == "3.00"
        say(capsys, "watch", made)
        assert main(["reframe", made, "--aspect", "1:1", "-o", "square.mp4"]) == 2
        assert f"`storywave download {made} -o FILE`" in capsys.readouterr().err
        monkeypatch.delenv("STORYWAVE_URL")
        server = ("--server", str(served.http.base_url))
        assert read(capsys, "reframe", made, "--aspect", "1:1", *server)["rev"] == 2
        assert main(["budget", made, "4", *server, "--key", "none"]) == 2
        assert "This API key is not valid" in capsys.readouterr().err
    assert list(here.iterdir()) == []


def test_the_same_key_is_the_same_video(folder: Path, capsys: Captured) -> None:
    with up(folder) as served:
        more = ("--server", str(served.http.base_url), "--idempotency-key", "k")
        assert submit(capsys, *more) == submit(capsys, *more)


def test_on_a_server_keys_are_made_by_an_admin_alone(folder: Path, capsys: Captured) -> None:
    token = say(capsys, "keys", "create", "--owner", "root", "--role", "admin").strip()
    data = folder / "storywave-data"
    with up(data, STORYWAVE_HOSTS="film.example") as served:
        server = ("--server", str(served.http.base_url))
        assert main(["keys", "list", *server]) == 2
        assert "This needs an API key" in capsys.readouterr().err
        named = (*server, "--key", token)
        made = read(capsys, "keys", "create", "--owner", "acme", "--role", "maker", *named)
        mine = (*server, "--key", made["token"])
        assert submit(capsys, *mine) not in say(capsys, "list", *named)
        assert main(["keys", "list", *mine]) == 2
        assert "its role is maker, and this needs admin" in capsys.readouterr().err
        assert made["id"] in say(capsys, "keys", "revoke", made["id"], *named)
        assert "revoked" in say(capsys, "keys", "list", *named)
        assert main(["keys", "revoke", "none", *named]) == 2
        assert "`storywave keys list` lists all" in capsys.readouterr().err


# ── on a folder ─────────────────────────────────────────────────────────────────────────────────


def test_on_a_folder_the_same_commands_do_the_same(folder: Path, capsys: Captured) -> None:
    made = submit(capsys)
    assert read(capsys, "show", made)["status"] == "queued", "nothing is worked on meanwhile"
    assert "  paused  " in say(capsys, "pause", made)
    assert "  queued  " in say(capsys, "resume", made)
    assert say(capsys, "watch", made) == f"{made}\n"
    assert read(capsys, "show", made)["status"] == "completed"
    assert made in say(capsys, "list")


def test_what_was_written_down_on_a_folder_is_done_by_the_next_that_works(
    folder: Path, capsys: Captured
) -> None:
    made = submit(capsys)
    assert main(["resume"]) == 0
    assert read(capsys, "show", made)["status"] == "completed"
    say(capsys, "regenerate", made, "0", "--what", "image")
    assert read(capsys, "show", made)["rev"] == 2
    assert main(["watch", made]) == 0
    shown = read(capsys, "show", made)
    assert (shown["rev"], shown["status"]) == (2, "completed")


def test_by_the_server_that_runs_on_the_folder(folder: Path, capsys: Captured) -> None:
    data = folder / "storywave-data"
    data.mkdir()
    with up(data) as served:
        made = submit(capsys)
        assert main(["watch", made]) == 0
        assert served.http.get(f"/v1/videos/{made}").json()["status"] == "completed"
        second = submit(capsys, "--seed", "2", "--review", "plan")
        assert "  budget $2.50" in say(capsys, "budget", second, "2.50")
        assert "revision 2" in say(capsys, "reframe", made, "--aspect", "1:1")
        served.stop(signal.SIGKILL)
    assert made in say(capsys, "list"), "and without it, when it is gone"


@pytest.mark.parametrize(
    "words", [["list"], ["budget", "v", "2.50"], ["reframe", "v", "--aspect", "1:1"]]
)
def test_without_a_folder_a_look_makes_none(
    folder: Path, capsys: Captured, words: list[str]
) -> None:
    assert main(words) == 2
    assert "there is no data folder storywave-data" in capsys.readouterr().err
    assert list(folder.iterdir()) == []


def test_what_waits_for_no_approval_is_told_so(folder: Path, capsys: Captured) -> None:
    made = submit(capsys)
    assert main(["approve", made]) == 2
    assert "nothing of it waits for an approval" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["list"], ["budget", "v", "2.50"], ["reframe", "v", "--aspect", "1:1"]]
)
def test_in_a_cluster_the_gateway_is_to_be_named(
    folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setenv("STORYWAVE_MODE", "cluster")
    assert main(words) == 2
    assert "name it with --server or STORYWAVE_URL" in capsys.readouterr().err


LISTENER = """
import os, signal, socket, sys, threading
from services.cli import main
with socket.create_server(("127.0.0.1", 0)) as silent:
    def stop():
        silent.accept()
        os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=stop).start()
    sys.exit(main([*sys.argv[1:], "--server", f"http://127.0.0.1:{silent.getsockname()[1]}"]))
"""
"""Stops a command once it has begun to ask a server."""


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (["show", "v"], ""),
        (["watch", "v"], ""),
        (["submit", "the sea", "--wait"], ": it may have been accepted: `storywave list` tells"),
    ],
)
def test_who_stops_what_a_server_does_is_not_told_to_resume_here(
    folder: Path, words: list[str], advice: str
) -> None:
    command = [sys.executable, "-c", LISTENER, *words]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert (ran.returncode, ran.stderr) == (130, f"storywave: stopped{advice}\n")


def test_who_stops_what_is_made_on_a_folder_is_told_to_resume(
    folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = submit(capsys)
    monkeypatch.setenv("STORYWAVE_REHEARSAL_SECONDS", "30")
    command = [sys.executable, "-m", "services.cli", "watch", made]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as watching:
        assert watching.stderr and watching.stderr.readline()
        watching.send_signal(signal.SIGINT)
        said = watching.stderr.readlines()
    assert watching.returncode == 130
    assert said[-1] == "storywave: stopped: go on with `storywave resume`\n", said


# ── mistakes ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (["submit", "the sea", "--duration", "4"], "--duration: give 5 to 180 seconds"),
        (["estimate", " "], "PROMPT: say in a sentence"),
        (["download", "x", "--with", "gif"], "--with: use srt, vtt, poster, contact"),
        (
            ["list", "--server", "127.0.0.1:8000"],
            "--server: '127.0.0.1:8000' is no address: write it like http://127.0.0.1:8000",
        ),
        (["list", "--limit", "0"], "--limit: give 1 or more"),
        (["make", "the sea", "--with", "gif"], "--with: use srt"),
        (["delete", "x"], "say --yes: nobody can be asked here"),
        (["edit", "x", "0"], "say what is to change: --prompt, --narration, --duration or"),
    ],
)
def test_a_mistake_is_named_by_its_option(
    folder: Path, capsys: Captured, words: list[str], advice: str
) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err.startswith(f"storywave: {advice}")


def test_files_beside_a_film_have_names_of_their_own() -> None:
    assert read_beside(" srt,poster,") == {"srt": ".srt", "poster": ".jpg"}
    assert read_beside(None) == {}
    with pytest.raises(BadInput):
        read_beside("film")


# ── the screen, and the shell ───────────────────────────────────────────────────────────────────


def now(done: int) -> Video:
    stages = [{"name": "images", "status": "running", "done": done, "total": 4}]
    when = "2026-01-01T00:00:00Z"
    known = {"id": "v", "status": "running", "stages": stages, "created_at": when}
    return Video.model_validate({**known, "updated_at": when, "percent": 25 * done})


def message(text: str, percent: int = 0) -> Message:
    return Message(event="progress", data=News(video_id="v", message=text, percent=percent))


def test_a_bar_says_how_far_a_phase_is() -> None:
    half = draw_bar(Stage(name="images", status="running", done=2, total=4))
    assert half == f"images      {'█' * 12}{'░' * 12} 2/4"
    lost = draw_bar(Stage(name="clips", status="failed", done=1, failed=1, total=4))
    assert lost.endswith("1/4, 1 failed ✗")


def test_on_a_terminal_bars_are_drawn_again_in_their_place() -> None:
    out = Terminal()
    screen = Bars(out)
    screen.show(message("a\x1b[31m"), now(1))
    first = out.getvalue()
    screen.show(message("b"), now(2))
    assert "\x1b[31m" not in first, "users' words are never obeyed"
    assert out.getvalue().removeprefix(first).startswith("\x1b[A\x1b[2K\x1b[A\x1b[2K")


def test_elsewhere_each_message_is_a_line_once() -> None:
    out = Terminal()
    screen = Lines(out)
    for text in ("a", "a", "b\nc"):
        screen.show(message(text), now(1))
    assert out.getvalue().count("\n") == 2
    assert "\x1b" not in out.getvalue()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_the_shell_names_every_command(shell: str, capsys: Captured) -> None:
    script = say(capsys, "completion", shell)
    for word in ("submit", "watch", "timeline", "idempotency-key"):
        assert word in script
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_the_help_says_where_commands_act_and_what_the_exit_codes_mean() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "services.cli", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert "Without one they act on the data folder here" in re.sub(r"\s+", " ", said)
    assert "4 a video is still under way" in said
