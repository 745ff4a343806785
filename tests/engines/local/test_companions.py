"""Who acts together is seen together: an owner and her dog, two animals, two friends."""

from pathlib import Path

import numpy as np
import pytest

from shared.engines.local.plan import plan
from shared.engines.local.topics import companion_of_beat, hero_of_beat
from tests.engines.local.test_images import drawn


def seen(prompt: str, beat: int = 0) -> tuple[str | None, str | None]:
    told = plan(prompt, "cinematic", 20, 1).beats[beat].prompt
    return hero_of_beat(told), companion_of_beat(told)


@pytest.mark.parametrize(
    ("prompt", "pair"),
    [
        ("Mia and her dog Pip run to the harbour. They rest.", {"person", "dog"}),
        ("A girl walks her dog Pip through the park. They rest.", {"child", "dog"}),
        ("Un chico y su perro Toby viven en la montaña. Descansan.", {"child", "dog"}),
        ("Anna und ihre Katze Minka wohnen am Meer. Sie ruhen.", {"person", "cat"}),
        ("A fox meets an owl in the forest. They rest.", {"fox", "bird"}),
    ],
)
def test_an_animal_and_its_owner_are_both_drawn(prompt: str, pair: set[str]) -> None:
    assert {*seen(prompt)} == pair


def test_a_beat_about_the_animal_alone_shows_the_animal_alone() -> None:
    told = "Mia and her dog Pip run to the harbour. Pip finds a boat. Mia hugs Pip."
    assert seen(told, 1) == ("dog", None)


@pytest.mark.parametrize(
    "told", ["The fox is fast like a lion.", "A fox lives without a bear.", "The fox eats a fish."]
)
def test_whom_it_is_like_and_who_is_not_there_is_not_drawn(told: str) -> None:
    assert seen(told)[1] is None


def test_the_second_of_two_changes_the_picture_on_one_side_and_stays_inside(tmp_path: Path) -> None:
    told = "Close view by the open sea: a walk, featuring Mia, a person"
    alone = drawn(tmp_path, prompt=told)
    both = drawn(tmp_path, prompt=f"{told}, together with Pip the dog")
    changed = np.abs(alone - both).max(axis=2) > 60
    assert 0.02 < changed.mean() < 0.4
    assert not changed[:, [0, -1]].any()
