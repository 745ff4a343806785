"""Excerpts against the labels beside them: characters and scenes; and what trailers they make.

The reader was mended over these excerpts, so the figures say that it still reads them as it did.
How it reads others they do not say.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from shared.story.script.cast import find_characters, find_settings
from shared.story.script.parts import Character
from shared.story.script.reading import read_script
from shared.story.script.selection import select

FOLDER = Path(__file__).parents[1] / "plans" / "scripts"
EXCERPTS = sorted(FOLDER.glob("*.fountain"))


def labels(path: Path) -> dict[str, Any]:
    """What is in an excerpt, as it was written down with it."""
    return dict(json.loads(path.with_suffix(".json").read_text()))


def names(each: Character) -> set[str]:
    return {name.lower() for name in (each.name, *each.aliases)}


def test_there_are_twelve_excerpts_and_each_names_its_source() -> None:
    assert len(EXCERPTS) == 12
    assert all("public domain" in labels(path)["source"] for path in EXCERPTS)


def test_the_characters_are_those_of_the_labels() -> None:
    right = found = wanted = 0
    for path in EXCERPTS:
        cast = find_characters(read_script(path.read_text()))
        by_hand = {name.lower() for name in labels(path)["characters"]}
        # each counts once: two that are one person are one too many
        right += sum(any(names(each) & {name} for each in cast) for name in by_hand)
        found, wanted = found + len(cast), wanted + len(by_hand)
    recall, precision = right / wanted, right / found
    print(f"FIGURE scripts characters recall={recall:.3f} precision={precision:.3f}")
    assert recall >= 0.95 and precision >= 0.9


@pytest.mark.parametrize("path", EXCERPTS, ids=lambda path: path.stem)
def test_the_scenes_are_those_of_the_labels(path: Path) -> None:
    script = read_script(path.read_text())
    found = [[scene.place, scene.time] for scene in script.scenes]
    assert found == labels(path)["scenes"]
    places = {setting.name.casefold() for setting in find_settings(script)}
    assert places == {place.casefold() for place, _ in found}


@pytest.mark.parametrize("path", EXCERPTS, ids=lambda path: path.stem)
@pytest.mark.parametrize("seconds", [12.5, 27.5, 57.5])
def test_a_trailer_says_only_what_the_script_says_and_not_how_it_ends(
    path: Path, seconds: float
) -> None:
    text = path.read_text()
    script = read_script(text)
    cast = find_characters(script)
    picks = select(script, cast, seconds)
    assert picks == select(script, cast, seconds), "the same script makes the same trailer"
    spoken = " ".join(line.text for scene in script.scenes for line in scene.lines).casefold()
    spoken = re.sub(r" \(\d\ds?\)", "", spoken)  # "HAMLET (30)": an age is for readers
    assert all(pick.words.casefold() in spoken for pick in picks)
    assert len({pick.prompt for pick in picks}) == len(picks)
    assert len({pick.words for pick in picks}) == len(picks)
    assert {pick.speaker for pick in picks} - {""} <= {each.name for each in cast}
    last = script.scenes[-1].lines[-1]
    assert all(pick.words not in last.text for pick in picks)
    assert picks[0].why.startswith("hook: ") and all(pick.why for pick in picks)
    order = [pick.scene for pick in picks[1:]]
    assert order == sorted(order), "after the hook, the order is the script's own"


@pytest.mark.parametrize(
    ("time", "place"),
    [
        ("NIGHT", "Hall at night"),
        ("NEXT MORNING", "Hall, next morning"),
        ("CONTINUOUS", "Hall"),
        ("MOMENTS LATER", "Hall"),
        ("SAME", "Hall"),
    ],
)
def test_a_picture_shows_the_time_of_day_and_not_how_scenes_follow(time: str, place: str) -> None:
    script = read_script(
        f"INT. HALL - {time}\n\nADA\nWho is there, so late?\n\nBEN\nOnly the wind, my dear.\n\n"
        "EXT. GARDEN - DAY\n\nThe gate is open.\n\nADA\nThe wind has opened the gate.\n"
    )
    picks = select(script, find_characters(script), 12.5)
    assert any(f" of {place}:" in pick.prompt for pick in picks)
