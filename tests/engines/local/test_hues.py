"""A colour is no flower, and a verb is none."""

import pytest

from shared.engines.local.topics import hero_of, scene_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Los flamencos son rosas", "es"),
        ("los flamencos rosas del lago", "es"),
        ("un vestido rosa", "es"),
        ("i fenicotteri rosa", "it"),
        ("I fenicotteri sono rosa", "it"),
        ("les flamants roses", "fr"),
        ("une chemise rose", "fr"),
        ("os flamingos são rosas", "pt"),
        ("Prices rose again", "en-us"),
        ("The sun rose over the hill", "en-us"),
    ],
)
def test_a_colour_or_a_verb_is_no_flower(text: str, language: str) -> None:
    assert scene_of(text, language) != "garden"
    found = hero_of(text, language)
    assert found is None or found[0] not in ("plant", "bouquet")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Las rosas del jardín", "es"),
        ("Vende rosas en la plaza", "es"),
        ("una rosa roja", "es"),
        ("Un ramo de rosas", "es"),
        ("La rose et le renard", "fr"),
        ("Elle vend des roses", "fr"),
        ("le rose del parco", "it"),
        ("Rosas vermelhas", "pt"),
        ("A red rose", "en-us"),
        ("the rose in the window", "en-us"),
    ],
)
def test_a_flower_is_a_flower(text: str, language: str) -> None:
    assert scene_of(text, language) == "garden"
