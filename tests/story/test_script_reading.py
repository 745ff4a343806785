"""Reading scripts: Fountain, plain text, Markdown, and what people get wrong."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from shared.story.errors import BadInput
from shared.story.script.cast import find_characters
from shared.story.script.headings import read_heading
from shared.story.script.reading import read_script
from shared.story.script.selection import select
from shared.story.script.text import MAX_TEXT, read_text


def speakers(text: str) -> list[str]:
    return sorted(each.name for each in find_characters(read_script(text)))


@pytest.mark.parametrize(
    ("line", "place", "time_", "side"),
    [
        ("INT. KITCHEN - NIGHT", "Kitchen", "night", "interior"),
        ("ext. the old pier - dawn", "the old pier", "dawn", "exterior"),
        ("INT./EXT. CAR - MOVING - DAY", "Car, Moving", "day", ""),
        ("I/E CAR - CONTINUOUS", "Car", "continuous", ""),
        ("12A INT. HALL - LATER 12A", "Hall", "later", "interior"),
        ("EXT. SEA – SUNSET #4#", "Sea", "sunset", "exterior"),
        ("INT. BANK (FLASHBACK) - DAY", "Bank", "day", "interior"),
        ("INT. CAFÉ, NUIT", "Café", "nuit", "interior"),
        (".A FORCED PLACE", "A Forced Place", "", ""),
        ("ACT I, SCENE 2. A room in the castle.", "A room in the castle", "", ""),
        ("Escena 3: La plaza", "La plaza", "", ""),
    ],
)
def test_a_heading_is_taken_apart(line: str, place: str, time_: str, side: str) -> None:
    found = read_heading(line)
    assert found is not None
    assert (found.place, found.time, found.side) == (place, time_, side)


@pytest.mark.parametrize(
    "line", ["...and then", "Est venu", "Interesting.", "int main", "Scene of the crime", "EXTRA"]
)
def test_no_other_line_is_a_heading(line: str) -> None:
    assert read_heading(line) is None


def test_plain_text_that_is_set_in_is_read_as_on_the_page() -> None:
    text = (
        "INT. HALL - DAY\n\nRain. A door opens.\n"
        "                      ADA\n            (softly)\n          Who is\n          there?\n"
        "                      BEN (O.S.)\n          Me.\nHe comes in.\n"
    )
    (scene,) = read_script(text).scenes
    assert [(line.speaker, line.text) for line in scene.lines] == [
        ("", "Rain. A door opens."),
        ("ADA", "Who is there?"),
        ("BEN", "Me."),
        ("", "He comes in."),
    ]


def test_markdown_and_names_before_the_speech_are_read() -> None:
    text = (
        "# My Film\n\n## INT. HALL - DAY\n\n**ADA:** Who is there?\n\n**BEN (off):** Me.\n\nRain."
    )
    script = read_script(text)
    assert script.title == "My Film"
    assert [line.speaker for line in script.scenes[0].lines] == ["ADA", "BEN", ""]


def test_a_person_has_one_name_however_the_script_calls_them() -> None:
    said = "Yes, it is I."
    cues = ["DR. WATSON", "WATSON (V.O.)", "WATSON (CONT'D)", "JOHN WATSON", "WATSON’S VOICE"]
    text = "INT. HALL - DAY\n\n" + "\n\n".join(f"{cue}\n{said}" for cue in cues)
    (watson,) = find_characters(read_script(text))
    assert (watson.name, watson.speeches) == ("John Watson", 5)


@pytest.mark.parametrize(
    "cues",
    [
        ["FIRST WITCH", "SECOND WITCH"],
        ["MR. SMITH", "MRS. SMITH"],
        ["MACBETH", "LADY MACBETH"],
        ["OLD MAN", "MAN"],
        ["WILL", "YOUNG WILL"],
    ],
)
def test_two_people_are_not_taken_for_one(cues: list[str]) -> None:
    text = "INT. HALL - DAY\n\n" + "\n\n".join(f"{cue}\nYes, it is I." for cue in cues)
    assert len(speakers(text)) == len(cues)


@pytest.mark.parametrize(
    ("action", "cues", "names"),
    [
        ("LUIS, the guard, runs.", ["GUARD", "INT. HALL - DAY", "LUIS"], ["LUIS"]),
        ("LUIS, the guard, runs.", ["GUARD", "LUIS"], ["GUARD", "LUIS"]),
        ("LUIS, a guard, runs.", ["GUARD", "INT. HALL - DAY", "LUIS"], ["GUARD", "LUIS"]),
        (
            'WILLIAM "BILLY" TANNER, 19, waits.',
            ["BILLY", "MR. TANNER", "ADA"],
            ["ADA", "BILLY"],
        ),
        (
            'WILLIAM "BILLY" TANNER, 19, waits.',
            ["BILLY", "MR. TANNER", "MRS. TANNER"],
            ["BILLY", "MR. TANNER", "MRS. TANNER"],
        ),
        (
            "FATHER JOHN O'BRIEN waits. O'BRIEN nods.",
            ["O'BRIEN", "FATHER O'BRIEN"],
            ["FATHER O'BRIEN"],
        ),
        ("LADY MACBETH enters.", ["MACBETH", "LADY MACBETH"], ["LADY MACBETH", "MACBETH"]),
        ("A tavern.", ["OLD MAGS", "BILLY", "MAGS", "CROWD"], ["BILLY", "OLD MAGS"]),
    ],
)
def test_a_role_a_nickname_a_title_and_an_age_are_no_other_person(
    action: str, cues: list[str], names: list[str]
) -> None:
    heading = "INT. HALL - DAY"
    lines = [f"{cue}\nHere." if cue != heading else cue for cue in cues]
    found = speakers("\n\n".join([heading, action, *lines]))
    assert [name.upper() for name in found] == names


@pytest.mark.parametrize(("cue", "seen"), [("ADA (V.O.)", False), ("ADA (o.s.)", False),
                                           ("ADA (CONT'D)", True)])  # fmt: skip
def test_who_is_only_heard_is_not_shown(cue: str, seen: bool) -> None:
    script = read_script(
        f"INT. HALL - DAY\n\nThe speaker crackles.\n\n{cue}\nWill you never answer me?\n\n"
        "BEN\nI can not.\n\nADA\nWhy not?\n\nHe leaves."
    )
    picks = select(script, find_characters(script), 12.5)
    first = next(pick for pick in picks if "never" in pick.words)
    assert first.speaker.upper() == "ADA"
    assert ("featuring" in first.prompt) is seen
    assert seen or not first.characters


def test_notes_and_what_is_cut_are_not_read() -> None:
    cut = "/*\nEXT. SEA - DAY\n\nBEN\nGone.\n*/"
    text = f"INT. HALL - DAY\n\nADA\nHere. [[not here]]\n\n{cut}\n\nRain."
    script = read_script(text)
    assert len(script.scenes) == 1
    assert [line.text for line in script.scenes[0].lines] == ["Here.", "Rain."]


# ── what is off ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        (b"", "the script is empty"),
        (b" \n\t\n", "the script is empty"),
        (b"\x00\x01\x02" * 100, "binary"),
        (bytes(range(128, 256)) * 10, "not written in UTF-8"),
        (
            "INT. CAFÉ - NUIT\n\nADA\nOui.".encode("latin-1"),
            "not written in UTF-8 (see its line 1)",
        ),
        (b"a" * (MAX_TEXT + 1), "larger than 2 MiB"),
        (b"Once upon a time there was a king.\n\nHe was old.", "no scene headings"),
        (b"INT. HALL - DAY\n\nEXT. SEA - DAY\n", "nothing happens"),
    ],
)
def test_what_is_off_is_refused_with_what_to_do(data: bytes, advice: str) -> None:
    with pytest.raises(BadInput, match=advice.replace("(", r"\(").replace(")", r"\)")):
        read_script(read_text(data))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_text_that_says_how_it_is_written_is_read(encoding: str) -> None:
    data = "INT. CAFÉ - NUIT\n\nADA\nOui.".encode(encoding)
    assert read_script(read_text(data)).scenes[0].place == "Café"


@pytest.mark.parametrize(
    "text",
    [
        "[[" * 200_000,
        "/*" * 200_000,
        "INT. A - DAY\n\n" + "(" * 300_000,
        "INT. A - DAY\n\nADA\n" + "(((a" * 100_000,
        "INT. A - DAY\n\n" + "A" * 500_000,
        "INT. A - DAY\n\n" + "A. " * 200_000,
        "INT. A - DAY\n\n" + "ADA\nNo.\n\n" * 20_000,
        "A: b\n" * 39_000,
        "INT. A - DAY\n\n" + "ADA, a " * 60_000,
        "INT. " + "A - " * 200_000,
        "*_" * 300_000,
    ],
)
def test_no_text_takes_long(text: str) -> None:
    began = time.process_time()
    try:
        script = read_script(text)
        select(script, find_characters(script), 27.5)
    except BadInput:
        pass
    assert time.process_time() - began < 5


# ── 120 pages ───────────────────────────────────────────────────────────────────────────────────


def write_long_script(pages: int = 120) -> str:
    """A made-up script: 55 lines a page, 40 people, 1.5 scenes a page."""
    people = [f"{first} {last}" for first in ("ADA", "BEN", "EVA", "IDA") for last in "ABCDEFGHIJ"]
    parts = ["Title: Long\n"]
    lines = 0
    while lines < 55 * pages:
        n = len(parts)
        scene = [
            f"INT. ROOM {n} - {'DAY' if n % 2 else 'NIGHT'}",
            "",
            f"Rain number {n} falls.",
            "",
        ]
        for k in range(9):
            who = people[(n * 7 + k * 3) % len(people)]
            said = f"This is speech {k} of scene {n}, and I must say that nobody knows the secret?"
            scene += [who, said, ""]
        parts.append("\n".join(scene))
        lines += len(scene) + 1
    return "\n".join(parts)


@pytest.mark.skipif(sys.platform != "linux", reason="its memory is read from /proc")
def test_a_script_of_120_pages_is_read_and_selected_from_in_two_seconds(tmp_path: Path) -> None:
    path = tmp_path / "long.fountain"
    path.write_text(write_long_script())
    program = (
        "import sys, time, pathlib\n"
        "from services.planner.work import WORK\n"
        "from shared.jobs.engine import Workspace\n"
        "from shared.story.brief import Brief\n"
        "from shared.story.kinds import *\n"
        "began, idle = time.process_time(), time.perf_counter()\n"
        "folder = pathlib.Path(sys.argv[2])\n"
        "brief = Brief(prompt='p', script='s')\n"
        "order = ScriptOrder(brief=brief)\n"
        "made = WORK[SCRIPT](order, Workspace(folder, {'script': pathlib.Path(sys.argv[1])}))\n"
        "space = Workspace(folder, {'scenes': made.files['key']})\n"
        "people = WORK[CHARACTERS](order, space).data\n"
        "places = WORK[SETTINGS](order, space).data\n"
        "both = SelectionOrder(brief=brief, **people, **places)\n"
        "chosen = WORK[SELECTION](both, space).data\n"
        "plan = PlanOrder(video_id='v', brief=brief, **chosen)\n"
        "WORK[PLAN](plan, Workspace(folder))\n"
        "took, wall = time.process_time() - began, time.perf_counter() - idle\n"
        "status = pathlib.Path('/proc/self/status').read_text()\n"
        "print(took, wall, status.partition('VmHWM:')[2].split()[0])\n"
    )
    command = [sys.executable, "-c", program, str(path), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=_here())
    # judged by its own time: how long others take on the machine says nothing of it
    seconds, wall, kib = map(float, done.stdout.split())
    print(f"FIGURE script pages=120 seconds={seconds:.2f} wall={wall:.2f} mib={kib / 1024:.0f}")
    assert seconds <= 2
    assert kib <= 200 * 1024


def _here() -> dict[str, str]:
    return {"PYTHONPATH": ":".join(sys.path), "PATH": ""}


@pytest.mark.parametrize("age", [", 60", " (60s)", ", 60s"])
def test_an_age_is_not_read_aloud(age: str) -> None:
    script = read_script(f"INT. HALL - DAY\n\nLUIS{age}, runs with a torch.\n\nHe stops.")
    picks = select(script, find_characters(script), 12.5)
    assert "Luis runs with a torch." in [pick.words for pick in picks]
