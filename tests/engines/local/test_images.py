"""Drawn pictures: the same by seed, clearly different by beat, style and place."""

from itertools import combinations
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from shared.engines.local.cards import draw_card_background
from shared.engines.local.grammar import grammars
from shared.engines.local.images import ImageSpec, draw_image
from shared.engines.local.plan import plan
from shared.engines.local.sketches import sketches
from shared.engines.local.topics import NOBODY, SCENES, hero_of, hero_of_beat
from shared.story.errors import BadInput
from shared.story.formats import Canvas
from shared.story.looks import STYLES

Picture = NDArray[np.float32]


def drawn(folder: Path, **changes: Any) -> Picture:
    given: dict[str, Any] = {
        "prompt": "Medium view by the open sea: a walk, featuring the fox",
        "style": "cinematic",
        "seed": 3,
        "index": 0,
        "total": 6,
        "width": 180,
        "height": 320,
    }
    out = folder / "image.png"
    draw_image(ImageSpec(**{**given, **changes}), out)
    return np.asarray(cv2.imread(str(out)), np.float32)


def difference(one: Picture, other: Picture) -> float:
    """Mean difference of what the eye takes in at a glance, 0 to 255."""
    small = [cv2.resize(p, (18, 32), interpolation=cv2.INTER_AREA) for p in (one, other)]
    return float(np.abs(small[0] - small[1]).mean())


def test_the_same_spec_gives_the_same_bytes(tmp_path: Path) -> None:
    spec = ImageSpec("a robot in the city", "noir", 5, 1, 4, 160, 90)
    for name in ("one.png", "two.png"):
        draw_image(spec, tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


@pytest.mark.parametrize("style", STYLES)
def test_the_beats_of_a_video_differ_clearly(tmp_path: Path, style: str) -> None:
    beats = plan("a fox learns to fly", style, 30, seed=3).beats
    pictures = [drawn(tmp_path, prompt=b.prompt, style=style, index=i) for i, b in enumerate(beats)]
    distances = [difference(one, other) for one, other in combinations(pictures, 2)]
    assert min(distances) > 7
    assert sum(distances) / len(distances) > 14


def test_the_styles_differ_clearly(tmp_path: Path) -> None:
    pictures = [drawn(tmp_path, style=style) for style in STYLES]
    assert min(difference(one, other) for one, other in combinations(pictures, 2)) > 14


def test_every_place_looks_like_no_other(tmp_path: Path) -> None:
    pictures = [drawn(tmp_path, setting=scene) for scene in SCENES]
    assert min(difference(one, other) for one, other in combinations(pictures, 2)) > 7


def test_the_hero_keeps_its_colours_over_all_beats(tmp_path: Path) -> None:
    """The fox wears the accent: a colour that no beat may lose."""
    beats = plan("a fox learns to fly", "anime", 30, seed=2).beats
    accent = np.array([0x68, 0x4E, 0xFF], np.float32)  # blue, green, red of the first palette
    for index, beat in enumerate(beats):
        picture = drawn(tmp_path, prompt=beat.prompt, style="anime", seed=2, index=index)
        near = np.abs(picture - accent).max(axis=2) < 40
        assert near.mean() > 0.015


def test_noir_is_grey_but_for_its_one_colour(tmp_path: Path) -> None:
    picture = drawn(tmp_path, style="noir")
    spread = picture.max(axis=2) - picture.min(axis=2)
    assert (spread > 40).mean() < 0.2
    assert np.median(spread) < 8


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (720, 720), (90, 160), (1919, 1081)])
def test_any_size_is_filled(tmp_path: Path, width: int, height: int) -> None:
    picture = drawn(tmp_path, width=width, height=height)
    assert picture.shape == (height, width, 3)
    assert picture.std() > 10


def test_a_named_character_is_drawn_whatever_the_prompt_says(tmp_path: Path) -> None:
    fox = drawn(tmp_path)
    robot = drawn(tmp_path, characters=("Zed the robot",))
    changed = np.abs(fox - robot).max(axis=2) > 30
    assert 0.01 < changed.mean() < 0.4


def test_a_place_without_a_hero_is_the_place_alone(tmp_path: Path) -> None:
    alone, again = (
        drawn(tmp_path, prompt=f"Medium view by the open sea: {topic}, featuring {NOBODY}")
        for topic in ("a rose in a box", "a walk with the fox")
    )
    assert (alone == again).all()
    for hero in ("the fox", "a person"):
        both = drawn(tmp_path, prompt=f"Medium view by the open sea: a walk, featuring {hero}")
        changed = np.abs(alone - both).max(axis=2) > 30
        assert 0.01 < changed.mean() < 0.4


def test_a_character_of_unknown_kind_is_a_person(tmp_path: Path) -> None:
    person = drawn(tmp_path, prompt="Medium view by the open sea: a walk, featuring Mia, a person")
    named = drawn(tmp_path, prompt="Medium view by the open sea: a walk", characters=("Mia",))
    assert (named == person).all()


def test_two_people_of_a_script_do_not_look_alike_and_each_looks_the_same(tmp_path: Path) -> None:
    def show(who: str, *characters: str) -> Picture:
        return drawn(
            tmp_path, prompt=f"Close view in a room, featuring {who}", characters=characters
        )

    assert not np.array_equal(show("Nadia"), show("Uncle Fergus"))
    assert np.array_equal(show("Nadia (the caterer)"), show("Nadia", "Nadia"))
    assert np.array_equal(show("Nadia the child"), show("Nadia the child", "Nadia"))


def test_a_scene_inside_is_drawn_inside(tmp_path: Path) -> None:
    hall = {"prompt": f"Wide view of Village Hall, featuring {NOBODY}"}
    inside = drawn(tmp_path, **hall, setting="Village Hall, interior")
    room = drawn(tmp_path, **hall, setting="in a quiet room")
    outside = drawn(tmp_path, **hall, setting="Village Hall, exterior")
    assert np.array_equal(inside, room) and difference(inside, outside) > 4


def test_a_house_is_seen_from_outside(tmp_path: Path) -> None:
    told = {"prompt": "Wide view: the red house waits, featuring a house"}
    outside = drawn(tmp_path, **told, setting="among rolling hills")
    assert np.array_equal(drawn(tmp_path, **told, setting="in a quiet room"), outside)


def test_a_grandmother_is_no_bearded_man(tmp_path: Path) -> None:
    place = "Close view in a quiet room with a window, featuring the"
    her = drawn(tmp_path, prompt=f"{place} grandmother", width=360, height=640)
    him = drawn(tmp_path, prompt=f"{place} grandfather", width=360, height=640)
    assert np.abs(her - him).mean() > 1


def test_words_that_nobody_knows_still_make_a_picture(tmp_path: Path) -> None:
    assert drawn(tmp_path, prompt="狐が空を飛ぶ").std() > 10


def test_an_unknown_style_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="unknown style"):
        drawn(tmp_path, style="baroque")


def test_card_backgrounds_differ_by_style_and_repeat_by_seed(tmp_path: Path) -> None:
    made = {}
    for style in STYLES:
        for turn in range(2):
            out = tmp_path / f"{style}-{turn}.png"
            draw_card_background(style, 4, Canvas(180, 320), out)
        made[style] = out.read_bytes()
        assert made[style] == (tmp_path / f"{style}-0.png").read_bytes()
    assert len(set(made.values())) == len(STYLES)


def test_all_that_a_language_has_a_word_for_can_be_drawn_and_looks_like_nothing_else(
    tmp_path: Path,
) -> None:
    shown = {hero for grammar in grammars().values() for hero in grammar.table["heroes"]}
    alone = drawn(tmp_path, prompt=f"Medium view on a stage, featuring {NOBODY}", width=90)
    pictures = [
        drawn(tmp_path, prompt=f"Medium view on a stage, featuring a {hero}", width=90)
        for hero in sorted(shown)
    ]
    assert all(not np.array_equal(picture, alone) for picture in pictures)
    assert len({picture.tobytes() for picture in pictures}) == len(shown)


@pytest.mark.parametrize(
    ("prompt", "seen"),
    [
        ("The opening of a small bakery in Lisbon: sourdough at six", "a loaf of bread"),
        ("Launch our yoga app Breathe: free for a month", "a yogi"),
        ("A barber shop in Queens turns fifty", "a pair of scissors"),
        ("Our dentist practice takes new patients", "a tooth"),
        ("A gym for people over sixty", "a dumbbell"),
        ("A dental practice: teeth are cleaned, children smile", "a tooth"),
        ("Cómo funcionan las vacunas", "a syringe"),
        ("Unsere Bäckerei öffnet um sechs", "a loaf of bread"),
    ],
)
def test_what_a_video_is_about_is_drawn_in_every_beat(prompt: str, seen: str) -> None:
    assert all(b.prompt.endswith(f"featuring {seen}") for b in plan(prompt, "warm", 20, 1).beats)


@pytest.mark.parametrize("name", sketches())
def test_what_a_sketch_is_called_is_read_as_that_sketch(name: str) -> None:
    found = hero_of(sketches()[name].called)
    assert found is not None and found[0] == name


def test_a_bakery_on_a_street_is_a_shop(tmp_path: Path) -> None:
    street = "Wide view on a street with lamps: bread, featuring"
    bread, shop = (
        drawn(tmp_path, prompt=f"{street} {what}") for what in ("a loaf of bread", "a shop front")
    )
    assert np.array_equal(bread, shop)


def test_a_name_is_a_person_even_in_a_counting_house(tmp_path: Path) -> None:
    told = "Wide view of Marley's Counting-House: a fox looks in, featuring"
    scrooge = drawn(tmp_path, prompt=f"{told} Ebenezer Scrooge", characters=("Ebenezer Scrooge",))
    person = drawn(tmp_path, prompt=f"{told} Ebenezer Scrooge, a person")
    assert np.array_equal(scrooge, person)


@pytest.mark.parametrize("thing", sketches())
def test_a_thing_whose_drawing_is_data_is_clearly_seen(tmp_path: Path, thing: str) -> None:
    place = "Medium view in a quiet room with a window, held still: x, featuring"
    with_it = drawn(tmp_path, prompt=f"{place} a {thing}", height=180)
    without = drawn(tmp_path, prompt=f"{place} {NOBODY}", height=180)
    assert difference(with_it, without) > 3


@pytest.mark.parametrize(
    ("prompt", "thing"),
    [
        ("Make a video for the opening of my bakery", "bread"),
        ("Anuncia la panadería de mi abuela en Sevilla", "grandmother"),
        ("Eine Bäckerei öffnet am Samstag", "bread"),
        ("A pizzeria in Naples", "pizza"),
        ("Meditation for beginners", "yoga"),
        ("Notre boutique ouvre samedi", "shop"),
        ("La nostra palestra apre sabato", "dumbbell"),
    ],
)
def test_a_business_is_shown_by_what_it_makes(prompt: str, thing: str) -> None:
    assert {hero_of_beat(each.prompt) for each in plan(prompt, "cinematic", 20, 1).beats} == {thing}


def test_people_with_names_wear_different_coats(tmp_path: Path) -> None:
    forest = "Close view deep in the forest, held still: x"
    people = [drawn(tmp_path, prompt=forest, characters=(name,)) for name in ("Mara", "Jonas")]
    assert difference(*people) > 3


def test_who_is_featured_is_drawn_as_the_prompt_tells(tmp_path: Path) -> None:
    told = "Medium view by the open sea: a walk, featuring"
    bird = drawn(tmp_path, prompt=f"{told} the bird")
    pico = drawn(tmp_path, prompt=f"{told} Captain Pico the bird", characters=("Captain Pico",))
    captain = drawn(tmp_path, prompt=f"{told} Captain Pico", characters=("Captain Pico",))
    assert np.abs(bird - pico).mean() < np.abs(captain - pico).mean()
    alone = drawn(tmp_path, prompt=f"{told} {NOBODY}")
    assert (drawn(tmp_path, prompt=f"{told} Lila the mouse", characters=("Lila",)) == alone).all()


@pytest.mark.parametrize("thing", ["dumbbell", "tent", "plane", "house"])
def test_a_wide_thing_is_seen_whole_in_a_narrow_picture(tmp_path: Path, thing: str) -> None:
    told = "Close view among rolling hills: a walk, featuring"
    alone = drawn(tmp_path, prompt=f"{told} {NOBODY}")
    shown = drawn(tmp_path, prompt=f"{told} a {thing}")
    changed = np.abs(alone - shown).max(axis=2) > 60
    assert changed.any() and not changed[:, [0, -1]].any()
