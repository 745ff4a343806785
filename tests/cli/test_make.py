"""`storywave make` as its own process, with the real engine: made, stopped, killed, resumed."""

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.cli import build_parser, main
from services.cli.make import build_request
from services.gateway.intake import OUTPUTS, Intake
from shared.media.verify import Expectations, report
from shared.ports import Doc
from shared.store.sqlite import SqliteStore
from shared.story.formats import Canvas
from tests.pictures import MAGENTA, last_frame, product, share_of

TALL = Canvas(720, 1280)
# Other tests run on the other cores; and whoever is killed is soon taken for dead.
ALONE = {"STORYWAVE_PROCESSES": "1", "STORYWAVE_LEASE_SECONDS": "2"}
SCRIPT = Path(__file__).parents[1] / "plans" / "scripts" / "carol.fountain"
SHORT = ["The sea at night. A lamp is lit.", "--duration", "6", "--no-music"]


def storywave(folder: Path, *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "services.cli", *command, "--data", str(folder / "data")],
        env={**os.environ, **ALONE},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, said = process.communicate(timeout=120)
    assert "Traceback" not in said
    return process.returncode, said


def is_whole(video: Path, canvas: Canvas = TALL) -> None:
    found = report(video, Expectations(frames=180, canvas=canvas, has_sound=True))
    assert found.ok, "\n".join(found.lines())


def parts_beside(video: Path) -> list[str]:
    return [path.name for path in video.parent.iterdir() if path.name.startswith(".")]


def until_working(folder: Path, process: subprocess.Popen[str], jobs: int) -> None:
    """Until so many jobs are done: seen from outside, in the data folder."""
    for _ in range(1200):
        assert process.poll() is None
        if _done(folder / "data" / "storywave.db") >= jobs:
            return
        time.sleep(0.05)
    raise TimeoutError("no work was done")


def _done(db: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{db}?mode=ro", uri=True)) as found:
            query = "SELECT count(*) FROM jobs WHERE json_extract(doc, '$.state') = 'done'"
            return int(found.execute(query).fetchone()[0])
    except sqlite3.OperationalError:
        return 0  # not there yet


@dataclass(frozen=True)
class Made:
    """A video that one process has made, for all tests that look at it or go on from it."""

    folder: Path
    said: str

    @property
    def video(self) -> Path:
        return self.folder / "sea.mp4"

    @property
    def id(self) -> str:
        return self.said.split()[-1]

    def copy_data(self, to: Path) -> None:
        """Let another test go on from here in a folder of its own."""
        shutil.copytree(self.folder / "data", to / "data")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("made")
    picture = folder / "cup.png"
    picture.write_bytes(product())
    card = ["--product", str(picture), "--card-colour", "#f4f4f0"]
    made = storywave(
        folder, "make", *SHORT, *card, "--with", "poster", "-o", str(folder / "sea.mp4")
    )
    code, said = ended(made)
    assert code == 0, said
    return Made(folder, said)


def test_a_prompt_becomes_a_file_and_a_receipt(made: Made) -> None:
    is_whole(made.video)
    assert parts_beside(made.video) == []
    lines = made.said.splitlines()
    assert "\x1b" not in made.said
    assert any(line.startswith(" 45 %  planned:") for line in lines)
    percents = [int(line[:3]) for line in lines if line[3:5] == " %"]
    assert percents == sorted(percents)
    receipt = lines[lines.index(str(made.video)) :]
    assert "  video     6.0 s, 720x1280, 180 frames, cinematic" in receipt
    assert "  cost      $0.0000" in receipt
    assert Path(f"{made.video.with_suffix('')}.jpg").read_bytes().startswith(b"\xff\xd8")


def test_a_storyboard_alone_is_an_animatic_and_is_continued_to_a_film(tmp_path: Path) -> None:
    film = tmp_path / "sea.mp4"
    command = ["make", *SHORT, "--workflow", "storyboard_only", "-o", str(film)]
    code, said = ended(storywave(tmp_path, *command))
    assert code == 0, said
    lines = said.splitlines()
    assert lines[lines.index(str(film)) + 1] == "  made      storyboard_only"
    assert film.read_bytes()[4:8] == b"ftyp"
    video = lines[-1].split()[-1]
    assert f"storywave continue {video}" in said
    assert ended(storywave(tmp_path, "continue", video))[0] == 0
    code, said = ended(storywave(tmp_path, "resume"))
    assert (code, "180 frames" in said) == (0, True), said


def test_a_review_stops_until_it_is_approved_and_then_the_promised_file_is_written(
    tmp_path: Path,
) -> None:
    film = tmp_path / "sea.mp4"
    code, said = ended(storywave(tmp_path, "make", *SHORT, "--review", "plan", "-o", str(film)))
    assert (code, film.exists()) == (4, False), said
    assert "the plan waits for your approval" in said
    video = said.rpartition("storywave approve ")[2].split("`")[0]
    code, said = ended(storywave(tmp_path, "resume"))
    assert (code, film.exists()) == (4, False), said
    assert ended(storywave(tmp_path, "approve", video))[0] == 0
    code, said = ended(storywave(tmp_path, "resume"))
    assert code == 0, said
    is_whole(film)


@pytest.mark.parametrize("wrong", [("--workflow", "half"), ("--review", "film")])
def test_a_workflow_or_review_that_there_is_not_is_named(
    wrong: tuple[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["make", "the sea", *wrong, "--data", str(tmp_path / "data")]) == 2
    assert f"{wrong[0]}" in capsys.readouterr().err


def test_a_product_is_on_the_end_card(made: Made) -> None:
    assert share_of(MAGENTA, last_frame(made.video)) > 0.03


def test_a_finished_video_is_given_another_shape_without_new_pictures(
    made: Made, tmp_path: Path
) -> None:
    made.copy_data(tmp_path)
    square, before = tmp_path / "square.mp4", jobs_in(tmp_path)
    again = storywave(tmp_path, "reframe", made.id, "--aspect", "1:1", "-o", str(square))
    code, said = ended(again)
    assert code == 0, said
    assert "720x720" in said
    is_whole(made.video)
    is_whole(square, Canvas(720, 720))
    new = jobs_in(tmp_path) - before
    assert {job.split("/")[1] for job in new} == {"conform", "cut"}


def test_a_shape_or_a_video_that_is_none_is_named(made: Made, tmp_path: Path) -> None:
    made.copy_data(tmp_path)
    code, said = ended(storywave(tmp_path, "reframe", made.id, "--aspect", "4:3"))
    assert (code, "'9:16', '16:9' or '1:1'" in said) == (2, True)
    code, said = ended(storywave(tmp_path, "reframe", "nope", "--aspect", "1:1"))
    assert (code, "no video 'nope'" in said) == (2, True)


def jobs_in(folder: Path) -> set[str]:
    path = folder / "data" / "storywave.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as found:
        return {row[0] for row in found.execute("SELECT json_extract(doc, '$._id') FROM jobs")}


def test_the_words_on_the_card_are_the_users() -> None:
    given = build_parser().parse_args(
        ["make", "sea", "--headline", "Calm", "--call-to-action", "Sail"]
    )
    card = build_request(given).end_card
    assert card is not None
    assert (card.headline, card.call_to_action) == ("Calm", "Sail")


def test_a_promise_that_cannot_be_kept_does_not_stop_the_others(tmp_path: Path) -> None:
    """Two whose picture was deleted before they were accepted: each is told of."""
    card = {"product_image": "gone"}
    promises = [
        {"_id": name, "key": name, "path": "x.mp4", "asked": {"prompt": "sea", "end_card": card}}
        for name in ("first", "second")
    ]
    asyncio.run(promised(tmp_path / "data" / "storywave.db", promises))
    code, said = ended(storywave(tmp_path, "resume"))
    assert code == 3
    assert said.count("no file: there is no image 'gone': upload it first") == 2


def test_a_promise_of_a_video_that_is_none_is_dropped(tmp_path: Path) -> None:
    """A kill between a promise and its refusal leaves such a row behind."""
    promise = {"_id": "nope", "path": str(tmp_path / "x.mp4"), "aspect": "1:1"}
    asyncio.run(promised(tmp_path / "data" / "storywave.db", [promise]))
    code, said = ended(storywave(tmp_path, "resume"))
    assert code == 1
    assert "no file: there is no video 'nope' (`storywave status` lists all)" in said
    assert "what was promised of it is dropped" in said
    code, said = ended(storywave(tmp_path, "resume"))
    assert (code, "nothing was left unfinished" in said) == (0, True)


KILLED_AT_THE_END = """
import os, shutil
from services.cli import main
copy = shutil.copyfileobj

def killed(source, to, *size):
    copy(source, to, *size)
    if os.path.dirname(to.name) == {folder!r}:
        os._exit(9)

shutil.copyfileobj = killed
main({command!r})
"""


def test_a_kill_while_the_file_is_written_leaves_nothing_in_the_end(
    made: Made, tmp_path: Path
) -> None:
    """A video has its shape already: its file alone is to be written."""
    made.copy_data(tmp_path)
    video = tmp_path / "again.mp4"
    command = ["reframe", made.id, "--aspect", "9:16", "-o", str(video)]
    command += ["--data", str(tmp_path / "data")]
    script = KILLED_AT_THE_END.format(folder=str(tmp_path), command=command)
    killed = subprocess.run([sys.executable, "-c", script], check=False, timeout=120)
    assert killed.returncode == 9
    assert (len(parts_beside(video)), video.exists()) == (1, False)
    code, said = ended(storywave(tmp_path, "resume"))
    assert code == 0, said
    is_whole(video)
    assert parts_beside(video) == []


async def promised(db: Path, promises: list[Doc]) -> None:
    store = SqliteStore(db)
    await store.open({OUTPUTS: ()})
    await store.insert(OUTPUTS, promises)
    await store.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_what_was_stopped_is_resumed_into_its_file(tmp_path: Path, number: int) -> None:
    video = tmp_path / "sea.mp4"
    made = storywave(tmp_path, "make", *SHORT, "-o", str(video))
    until_working(tmp_path, made, jobs=3)
    os.killpg(made.pid, number)  # as a terminal does: the processes that encode hear it too
    code, said = ended(made)
    if number is signal.SIGKILL:
        assert code == -number
    else:
        assert code == 128 + number
        assert "go on with `storywave resume`" in said
    assert not video.exists()
    code, said = ended(storywave(tmp_path, "resume"))
    assert code == 0, said
    is_whole(video)
    assert parts_beside(video) == []
    code, said = ended(storywave(tmp_path, "resume"))
    assert (code, "nothing was left unfinished" in said) == (0, True)


def test_a_promise_is_kept_although_nothing_else_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the promise and the request: the next run asks again, once."""
    video = tmp_path / "sea.mp4"

    async def killed(*asked: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Intake, "accept", killed)
        with pytest.raises(KeyboardInterrupt):
            main(["make", *SHORT, "-o", str(video), "--data", str(tmp_path / "data")])
    code, said = ended(storywave(tmp_path, "resume"))
    assert code == 0, said
    is_whole(video)


def test_a_script_becomes_a_trailer(tmp_path: Path) -> None:
    film = tmp_path / "trailer.mp4"
    options = ["--duration", "6", "--no-music", "-o", str(film)]
    code, said = ended(storywave(tmp_path, "make", "--script", str(SCRIPT), *options))
    assert code == 0, said
    is_whole(film)
