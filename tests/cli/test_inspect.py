"""`status`, `replay` and `verify`, over a data folder that an engine without media has filled."""

import asyncio
import json
import os
import signal
import sqlite3
from io import StringIO
from pathlib import Path

import pytest

from services.cli import build_parser, main
from services.cli.environment import read_settings
from services.cli.make import stop_on_signals
from services.cli.outcome import Stopped
from services.cli.screen import Screen, format_progress
from services.gateway.read.live import make_snapshot
from services.gateway.read.status import VideoStatus, read_status
from shared.client import Video
from shared.story.events import Event, VideoFailed
from tests.histories import VIDEO, full_plan, images, requested, view, whole

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> Path:
    """A folder in which one video was made; its bytes were not, so that its file can't be."""
    monkeypatch.setenv("STORYWAVE_ENGINE", "rehearsal")
    monkeypatch.chdir(tmp_path)
    assert main(["make", "the sea", "--data", str(tmp_path)]) == 3
    said = capsys.readouterr().err
    assert "no bytes are stored for this file" in said
    assert "rehearsal/" not in said, "a key is no help to users"
    assert list(tmp_path.glob("*.mp4")) == []
    return tmp_path


def only_video(data: Path, capsys: Captured) -> str:
    capsys.readouterr()
    assert main(["status", "--data", str(data)]) == 0
    [row] = capsys.readouterr().out.splitlines()
    assert " completed " in row
    assert row.endswith("the sea")
    return row.split()[0]


def test_the_list_leads_to_all_about_one(data: Path, capsys: Captured) -> None:
    video = only_video(data, capsys)
    assert main(["status", video, "--data", str(data)]) == 0
    shown = Video.model_validate_json(capsys.readouterr().out)
    assert (shown.id, shown.percent, shown.cost) == (video, 100, "0.00")
    assert shown.request.model_extra and shown.request.model_extra["missing"] == "pan"


def test_looking_changes_nothing(data: Path, capsys: Captured) -> None:
    """Also where there would be something to take up, to tell again, or to publish."""
    with sqlite3.connect(data / "storywave.db") as db:
        db.execute("UPDATE outbox SET doc = json_set(doc, '$.publish_at', 1)")
        db.execute("UPDATE jobs SET doc = json_set(doc, '$.state', 'running', '$.due_at', 9e15)")
        before = sorted(db.iterdump())
    db.close()
    video = only_video(data, capsys)
    assert main(["status", video, "--data", str(data)]) == 0
    with sqlite3.connect(data / "storywave.db") as db:
        assert sorted(db.iterdump()) == before
    db.close()


def test_a_replay_tells_every_fact_again_and_changes_nothing(data: Path, capsys: Captured) -> None:
    video = only_video(data, capsys)
    main(["status", video, "--data", str(data)])
    before = json.loads(capsys.readouterr().out)
    assert main(["replay", video, "--data", str(data)]) == 0
    said = capsys.readouterr().err
    assert "facts are told again" in said
    assert "the video is completed" in said
    main(["status", video, "--data", str(data)])
    assert json.loads(capsys.readouterr().out) == before


def last_film(data: Path) -> str:
    """The key of the film that was completed last."""
    query = "SELECT doc FROM outbox WHERE doc ->> '$.name' = 'VideoCompleted' ORDER BY rowid DESC"
    with sqlite3.connect(data / "storywave.db") as db:
        (doc,) = db.execute(query).fetchone()
    db.close()
    return str(json.loads(doc)["body"]["key"])


def test_one_file_that_cannot_be_written_leaves_the_others_alone(
    data: Path, capsys: Captured
) -> None:
    for name in ("away", "here"):
        output = str(data / name / "sea.mp4")
        assert main(["make", name, "-o", output, "--data", str(data)]) == 3
        bytes_at = data / "blobs" / last_film(data)
        bytes_at.parent.mkdir(parents=True, exist_ok=True)
        bytes_at.write_bytes(b"a film")
    (data / "here" / ".unfinished-99999999-a").write_bytes(b"half a film of a killed process")
    others = {f".unfinished-{os.getppid()}-a", ".unfinished-mine-a", "unfinished-99999999-a"}
    for name in others:
        (data / "here" / name).write_bytes(b"half a film")
    (data / "away").rmdir()
    (data / "away").write_text("now a file")
    assert main(["resume", "--data", str(data)]) == 3
    said = capsys.readouterr().err
    assert f"no file: the folder {data / 'away'} takes no bytes" in said
    assert (data / "here" / "sea.mp4").read_bytes() == b"a film"
    assert {path.name for path in (data / "here").iterdir()} == others | {"sea.mp4"}


def test_a_file_that_is_no_video_is_not_good(tmp_path: Path, capsys: Captured) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no video" * 100)
    assert main(["verify", str(bad)]) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_options_stand_over_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STORYWAVE_PORT", "1234")
    monkeypatch.setenv("STORYWAVE_DATA", "elsewhere")
    given = build_parser().parse_args(["up", "--data", str(tmp_path)])
    chosen = read_settings(given)
    assert (chosen.port, chosen.data) == (1234, tmp_path)


async def test_a_cancellation_that_no_signal_asked_for_stays_one() -> None:
    with pytest.raises(asyncio.CancelledError):
        async with stop_on_signals():
            raise asyncio.CancelledError


async def test_a_signal_ends_what_is_inside_in_order() -> None:
    cleaned = []

    async def work() -> None:
        async with stop_on_signals():
            try:
                os.kill(os.getpid(), signal.SIGTERM)
                await asyncio.sleep(10)
            finally:
                cleaned.append(True)

    with pytest.raises(Stopped) as stopped:
        await work()
    assert stopped.value.signal == signal.SIGTERM
    assert cleaned == [True]


# ── the screen ──────────────────────────────────────────────────────────────────────────────────


class Terminal(StringIO):
    """Remembers what was written to it."""

    def __init__(self, live: bool) -> None:
        super().__init__()
        self._live = live

    def isatty(self) -> bool:
        return self._live


def seen(*events: Event) -> VideoStatus:
    now = read_status(view(events))
    assert now is not None
    return now


PLAN = full_plan()


def test_one_line_shows_every_stage() -> None:
    assert format_progress(seen(requested())) == (
        "plan 0/1  images …  soundtrack …  clips …  cut …    5 %"
    )
    assert format_progress(seen(requested(), PLAN, *images(PLAN)[:2])) == (
        "plan ✓  images 2/3  soundtrack 0/4  clips 0/6  cut …   61 %"
    )
    assert (
        format_progress(seen(*whole(PLAN)))
        == "plan ✓  images ✓  soundtrack ✓  clips ✓  cut ✓  100 %"
    )
    failed = VideoFailed(video_id=VIDEO, rev=1, phase="plan", error="no")
    assert format_progress(seen(requested(), failed)).startswith("plan ✗")


def test_a_terminal_is_drawn_over_and_a_pipe_gets_lines() -> None:
    now = seen(requested(), PLAN)
    for live in (True, False):
        out = Terminal(live)
        screen = Screen(out)
        screen.show(now, make_snapshot(now))
        screen.show(now, make_snapshot(now))
        screen.say("done")
        said = out.getvalue()
        assert said.count("\n") == (1 if live else 2)  # the same line is said once
        assert ("\x1b[2K" in said) is live
        assert said.endswith("done\n")
