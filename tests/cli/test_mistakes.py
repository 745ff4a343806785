"""A user's mistake is one line that says what to do, and an exit code; never a traceback."""

import contextlib
import logging
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from services.cli import build_parser, main
from services.cli.environment import LogFile, name_file
from shared.store.lock import FolderLock
from tests.pictures import bomb, noise

Captured = pytest.CaptureFixture[str]


def outcome(capsys: Captured, *arguments: object) -> tuple[int, str]:
    code = main([str(argument) for argument in arguments])
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert said.count("\n") == 1
    return code, said


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ([" "], "PROMPT: say in a sentence"),
        ([], "PROMPT: say in a sentence"),
        (["x" * 5000], "PROMPT: give at most 4000 characters"),
        (["sea", "--duration", "4"], "--duration: give 5 to 180 seconds"),
        (["sea", "--duration", "181"], "--duration: give 5 to 180 seconds"),
        (["sea", "--style", "baroque"], "--style: use 'cinematic', 'anime', 'noir'"),
        (["sea", "--aspect", "4:3"], "--aspect: use '9:16', '16:9' or '1:1'"),
        (["sea", "--captions", "loud"], "--captions: use 'none', 'clean'"),
        (["sea", "--transition-seconds", "3"], "--transition-seconds: give 0.1 to 2 seconds"),
        (["sea", "--card-colour", "red"], "--card-colour: write it like #ff8800"),
        (["sea", "--headline", "x" * 500], "--headline: give at most"),
        (["sea", "--card-style", "loud"], "--card-style: use 'auto', 'minimal'"),
        (["sea", "--tier", "fast"], "--tier: use 'draft', 'standard' or 'best'"),
        (["sea", "--model", "veo"], "--model: write KIND=NAME, as clip=google/veo-3.1"),
        (["sea", "--model", "clip="], "--model clip: give at least 1 character"),
        (["sea", "--model", "card=x"], "--model card: there is no such field: use plan, image"),
        (["sea", "--seed", "-1"], "--seed: give a whole number, at least 0"),
    ],
)
def test_wishes_that_cannot_be(
    capsys: Captured, tmp_path: Path, options: list[str], advice: str
) -> None:
    code, said = outcome(capsys, "make", *options, "--data", tmp_path / "data")
    assert code == 2
    assert said.startswith(f"storywave: {advice}")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (None, "can't be read (No such file or directory): name a PNG, JPEG or WebP file"),
        (b"", "the picture is empty"),
        (b"only text", "give a PNG, JPEG or WebP"),
        (noise((300, 300), "JPEG")[:9000], "the picture is damaged or cut off"),
        (bomb(20_000, 20_000), "more than 40 megapixels"),
    ],
    ids=["missing", "empty", "text", "cut off", "bomb"],
)
def test_a_product_that_is_no_picture(
    capsys: Captured, tmp_path: Path, content: bytes | None, advice: str
) -> None:
    picture = tmp_path / "cup.png"
    if content is not None:
        picture.write_bytes(content)
    options = ["--product", picture, "--data", tmp_path / "data", "-o", tmp_path / "sea.mp4"]
    code, said = outcome(capsys, "make", "sea", *options)
    assert code == 2
    assert said.startswith(f"storywave: --product: {picture}") and advice in said
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (None, "can't be read (No such file or directory): name a Fountain, text, Markdown, FDX"),
        (b"", "the script is empty"),
        (b"\x00\x01" * 99, "binary"),
        (b"Once there was a king.", "no scene headings"),
        ("INT. CAFÉ - NUIT\n\nADA\nOui.".encode("latin-1"), "save it again as UTF-8"),
        (b"x" * (10 << 20), "larger than 5 MiB"),
    ],
    ids=["missing", "empty", "binary", "no headings", "encoding", "10 MiB"],
)
def test_a_script_that_is_none(
    capsys: Captured, tmp_path: Path, content: bytes | None, advice: str
) -> None:
    script = tmp_path / "film.fountain"
    if content is not None:
        script.write_bytes(content)
    code, said = outcome(capsys, "make", "--script", script, "--data", tmp_path / "data")
    assert code == 2
    assert said.startswith(f"storywave: --script: {script}") and advice in said
    assert not (tmp_path / "data").exists()


def test_a_prompt_and_a_script_are_not_both_taken(capsys: Captured, tmp_path: Path) -> None:
    script = tmp_path / "film.fountain"
    script.write_text("INT. HALL - DAY\n\nADA\nYes, it is I.")
    code, said = outcome(capsys, "make", "sea", "--script", script, "--data", tmp_path / "data")
    assert code == 2
    assert said.startswith("storywave: PROMPT: give a prompt or a script, not both")


def test_a_product_that_is_a_folder_or_without_end(capsys: Captured, tmp_path: Path) -> None:
    for path, advice in ((tmp_path, "can't be read"), ("/dev/zero", "larger than 10 MiB")):
        code, said = outcome(capsys, "make", "sea", "--product", path, "--data", tmp_path / "data")
        assert (code, advice in said) == (2, True)


def test_a_file_that_cannot_be_written_is_known_before_the_work(
    capsys: Captured, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file")
    for output in (tmp_path, tmp_path / "taken" / "video.mp4"):
        code, said = outcome(capsys, "make", "sea", "-o", output, "--data", tmp_path / "data")
        assert code == 2
        assert "-o" in said


@pytest.mark.parametrize("command", [["make", "sea"], ["resume"], ["status"], ["replay", "x"]])
def test_a_data_folder_that_is_no_folder(
    capsys: Captured,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").write_text("a file")
    code, said = outcome(capsys, *command, "--data", tmp_path / "data")
    assert code == 2
    assert "--data" in said


@pytest.mark.parametrize("command", [["make", "sea"], ["resume"], ["status"]])
def test_a_data_folder_that_another_process_holds(
    capsys: Captured,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    lock = FolderLock(tmp_path / "data")
    try:
        code, said = outcome(capsys, *command, "--data", tmp_path / "data")
    finally:
        lock.release()
    assert code == 2
    assert "in use by process" in said
    assert "--data" in said


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = ["up", "--port", str(port), "--data", str(tmp_path / "data")]
        ended = subprocess.run(
            [sys.executable, "-m", "services.cli", *command],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert f"port {port} on 127.0.0.1 is in use" in ended.stderr
    assert "--port" in ended.stderr


def test_unknown_services_videos_and_files(capsys: Captured, tmp_path: Path) -> None:
    code, said = outcome(capsys, "service", "director")
    assert (code, "use one of gateway, planner" in said) == (2, True)
    (tmp_path / "data").mkdir()
    for command in (["status"], ["replay"], ["reframe", "--aspect", "1:1"]):
        code, said = outcome(capsys, *command, "nope", "--data", tmp_path / "data")
        assert (code, "no video 'nope'" in said) == (2, True)
        assert "`storywave status` lists all" in said and "/v1/" not in said
    code, said = outcome(capsys, "verify", tmp_path / "none.mp4")
    assert (code, "no file" in said) == (2, True)


@pytest.mark.parametrize("command", [["status"], ["replay", "x"]])
def test_looking_where_nothing_is_leaves_nothing(
    capsys: Captured, tmp_path: Path, command: list[str]
) -> None:
    code, said = outcome(capsys, *command, "--data", tmp_path / "mistyped")
    assert (code, "no data folder" in said, "--data" in said) == (2, True, True)
    assert not (tmp_path / "mistyped").exists()


def test_a_bug_of_ours_is_not_hidden(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.cli.inspect.verify", lambda given: 1 // 0)
    assert main(["verify", "x"]) == 70
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_nothing_to_resume(capsys: Captured, tmp_path: Path) -> None:
    assert main(["resume", "--data", str(tmp_path / "data")]) == 0
    assert "nothing was left unfinished" in capsys.readouterr().err


def test_a_name_from_the_prompt_that_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = name_file("A lighthouse keeper, who paints the sea!")
    assert str(first) == "a-lighthouse-keeper-who-paints-the.mp4"
    first.touch()
    assert str(name_file("A lighthouse keeper who paints the SEA")) == (
        "a-lighthouse-keeper-who-paints-the-2.mp4"
    )
    assert str(name_file("???")) == "video.mp4"
    assert str(name_file("灯台守が海を描く")) == "灯台守が海を描く.mp4"


@pytest.mark.parametrize(
    ("command", "advice"),
    [
        (["up", "--port", "99999"], "--port: give a whole number, 0 to 65535"),
        (["up", "--log-level", "NOPE"], "--log-level: use 'DEBUG', 'INFO'"),
        (["resume", "--log-level", "NOPE"], "--log-level: use 'DEBUG', 'INFO'"),
        (["up", "--data", "afile"], "--data: afile is a file: name a folder"),
        (["status", "--data", "afile"], "--data: afile is a file: name a folder"),
    ],
)
def test_options_that_cannot_be(
    capsys: Captured,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
    advice: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "afile").write_text("a file")
    code, said = outcome(capsys, *command)
    assert code == 2
    assert said.startswith(f"storywave: {advice}")


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("PORT", "abc", "give a whole number, 0 to 65535"),
        ("MODE", "both", "use 'embedded' or 'cluster'"),
        ("LOG_LEVEL", "loud", "use 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("DATA", "afile", "afile is a file: name a folder"),
        ("MONGO", "db:27017", "'db:27017' is no address: start it with mongodb://"),
        ("S3_ENDPOINT", "s3:7070", "'s3:7070' is no address: start it with http://"),
        ("PROCESSES", "0", "give a whole number, at least 1"),
        ("LEASE_SECONDS", "0", "give a number, more than 0"),
    ],
)
def test_an_environment_that_cannot_be(
    capsys: Captured,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    advice: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "afile").write_text("a file")
    monkeypatch.setenv(f"STORYWAVE_{name}", value)
    code, said = outcome(capsys, "status")
    assert code == 2
    assert said.startswith(f"storywave: STORYWAVE_{name}: {advice}")


def test_several_mistakes_are_said_at_once(capsys: Captured, tmp_path: Path) -> None:
    wrong = ["--duration", "4", "--style", "baroque", "--log-level", "NOPE", "--product", "none"]
    code, said = outcome(capsys, "make", "sea", *wrong, "--data", tmp_path / "data")
    assert code == 2
    assert all(
        f"{name}: " in said for name in ("--duration", "--style", "--log-level", "--product")
    )


def test_one_service_alone_needs_servers(
    capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, said = outcome(capsys, "service", "chunker")
    assert code == 2
    assert "set STORYWAVE_MODE=cluster" in said
    assert list(tmp_path.iterdir()) == []


def test_a_log_whose_disk_is_full_says_so_once(capsys: Captured) -> None:
    log = LogFile(Path("/dev/full"))
    for n in range(3):
        log.handle(logging.makeLogRecord({"msg": f"line {n}"}))
    said = capsys.readouterr().err
    assert said == "storywave: nothing more is logged to /dev/full: No space left on device\n"
    with contextlib.suppress(OSError):
        log.close()


def test_options_that_exclude_each_other(capsys: Captured) -> None:
    with pytest.raises(SystemExit) as ended:
        build_parser().parse_args(["make", "x", "--draft", "--full"])
    assert ended.value.code == 2


def test_help_comes_at_once() -> None:
    """Counted as processor time: whatever else the machine does, this is what it takes."""

    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    def once() -> float:
        before = spent()
        subprocess.run(
            [sys.executable, "-m", "services.cli", "--help"], capture_output=True, check=True
        )
        return spent() - before

    best = min(once() for _ in range(3))
    print(f"FIGURE help seconds={best:.2f}")
    assert best <= 0.5


def test_a_database_that_is_none_is_named(capsys: Captured, tmp_path: Path) -> None:
    (tmp_path / "storywave.db").write_text("not a database, but long enough to be looked at")
    code, said = outcome(capsys, "make", "sea", "--data", tmp_path, "-o", tmp_path / "sea.mp4")
    assert code == 3
    assert "storywave.db" in said and "restore it from a backup" in said


def test_kafka_that_is_away_is_told_of_in_one_line() -> None:
    away = {"STORYWAVE_MODE": "cluster", "STORYWAVE_KAFKA": "127.0.0.1:1"}
    command = [sys.executable, "-m", "services.cli", "topics"]
    ran = subprocess.run(
        command, env={**os.environ, **away}, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr.count("\n")) == (3, 1), ran.stderr
    assert ran.stderr.startswith("storywave: Kafka at 127.0.0.1:1 ")
