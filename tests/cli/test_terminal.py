"""Whatever is in users' words: a terminal shows it, in its own line, and never obeys it."""

import io
import json
import logging
import os
from pathlib import Path

import pytest
from hypothesis import given

from services.cli import main
from services.cli.outcome import say, show, tell
from services.cli.screen import CLEAR, Screen
from services.gateway.read.live import make_snapshot
from services.gateway.read.status import read_status
from shared.base.telemetry import JsonLines
from shared.client import Video
from tests.histories import full_plan, requested, view
from tests.unicode import OBEYED, any_text


class Terminal(io.StringIO):
    """A terminal that remembers what was written to it."""

    def isatty(self) -> bool:
        return True


def lines_of(shown: str) -> list[str]:
    """The lines without our own signs; nothing is left that a terminal obeys."""
    assert shown.endswith("\n")
    lines = shown.removesuffix("\n").replace(CLEAR, "").split("\n")
    assert not any(map(OBEYED.search, lines))
    shown.encode()
    return lines


@given(any_text())
def test_what_is_said_is_one_line(text: str) -> None:
    for out in (Terminal(), io.StringIO()):
        Screen(out, name="video").say(text)
        assert len(lines_of(out.getvalue())) == 1


@given(any_text())
def test_progress_is_one_line(text: str) -> None:
    now = read_status(view([requested(), full_plan()]))
    assert now is not None
    message = make_snapshot(now).model_copy(update={"message": text})
    out, terminal = io.StringIO(), Terminal()
    Screen(out).show(now, message)
    Screen(terminal).show(now, message)
    assert len(lines_of(out.getvalue())) == 1
    assert len(lines_of(terminal.getvalue() + "\n")) == 1


@given(any_text())
def test_a_log_line_is_one_line_and_still_json(text: str) -> None:
    record = logging.makeLogRecord({"msg": text, "video_id": text})
    shown = JsonLines().format(record)
    assert len(lines_of(shown + "\n")) == 1
    assert json.loads(shown)["message"] == json.loads(json.dumps(text))


def test_answers_and_errors_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    say("one\x9b\n\x1b[2Jmore", "  two\u202e")
    tell("no such file: \udcff\u2028\x07")
    shown = capsys.readouterr()
    assert lines_of(shown.out) == ["one\\u009b \\u001b[2Jmore", "  two\\u202e"]
    assert lines_of(shown.err) == ["storywave: no such file: \\udcff \\u0007"]


def test_the_cause_of_a_bug_is_shown_and_not_obeyed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def verify(given: object) -> int:
        raise RuntimeError("\x1b]0;title\a")

    monkeypatch.setattr("services.cli.inspect.verify", verify)
    assert main(["verify", "x"]) == 70
    assert "RuntimeError: \\u001b]0;title\\u0007" in lines_of(capsys.readouterr().err)


def test_a_prompt_forges_no_row_and_json_keeps_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STORYWAVE_ENGINE", "rehearsal")
    monkeypatch.chdir(tmp_path)
    prompt = "the sea\n11111111  2026-01-01 00:00  completed \u200f at night"
    main(["make", prompt, "--data", str(tmp_path)])
    capsys.readouterr()
    assert main(["status", "--data", str(tmp_path)]) == 0
    [row] = lines_of(capsys.readouterr().out)
    assert main(["status", row.split()[0], "--data", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    lines_of(shown)
    assert Video.model_validate_json(shown).request.prompt == prompt


def test_what_nobody_reads_any_more_stops_no_work() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as out:
        for number in range(3):
            show(out, f"{number} %\n")
