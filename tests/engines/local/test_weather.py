"""Weather that a beat names is seen, in every language that has a grammar."""

from pathlib import Path

import numpy as np
import pytest

from shared.engines.local.plan import plan
from shared.engines.local.topics import NOBODY, WEATHERS, weather_of
from tests.engines.local.test_images import Picture, difference, drawn


@pytest.mark.parametrize(
    ("text", "language", "weather"),
    [
        ("A storm hits the lighthouse", "en-us", "storm"),
        ("Thunder rolls over the village", "en-us", "storm"),
        ("It rains, and lightning flashes", "en-us", "storm"),
        ("Es regnet auf dem Weg", "de", "rain"),
        ("Ein Gewitter zieht auf", "de", "storm"),
        ("La niebla cubre el puerto", "es", "fog"),
        ("Llueve en la ciudad", "es", "rain"),
        ("L'orage gronde", "fr", "storm"),
        ("Il neige sur le toit", "fr", "snow"),
        ("Nevica in montagna", "it", "snow"),
        ("Una burrasca sul mare", "it", "storm"),
        ("Chove na aldeia", "pt", "rain"),
        ("O nevoeiro cobre o rio", "pt", "fog"),
    ],
)
def test_the_weather_is_found_in_six_languages(text: str, language: str, weather: str) -> None:
    assert weather_of(text, language) == weather


@pytest.mark.parametrize(
    "text",
    [
        "The sun comes out after the rain",
        "The storm has passed",
        "A day without any rain",
        "Lightning-fast delivery",
        "Birds of the rain forest",
    ],
)
def test_weather_that_is_not_there_is_not_seen(text: str) -> None:
    assert weather_of(text) is None


def show(folder: Path, words: str, **changes: str) -> Picture:
    prompt = f"Wide view {words}: x, featuring {NOBODY}"
    return drawn(folder, prompt=prompt, width=180, height=320, **changes)


def test_every_weather_looks_like_no_other(tmp_path: Path) -> None:
    pictures = [show(tmp_path, f"by the open sea in {weather}") for weather in WEATHERS]
    pictures.append(show(tmp_path, "by the open sea"))
    pairs = [(a, b) for at, a in enumerate(pictures) for b in pictures[at + 1 :]]
    assert min(difference(one, other) for one, other in pairs) > 5


@pytest.mark.parametrize("place", ["stage", "space", "underwater"])
def test_no_rain_falls_where_there_is_no_sky(tmp_path: Path, place: str) -> None:
    there, dry = (
        show(tmp_path, f"at a place{told}", setting=place) for told in (" in the rain", "")
    )
    streaks = np.abs(np.diff(there, axis=1)).mean() - np.abs(np.diff(dry, axis=1)).mean()
    assert streaks < 1


def test_rain_is_seen_through_the_window_of_a_room(tmp_path: Path) -> None:
    place = "in a quiet room with a window"
    assert not np.array_equal(show(tmp_path, f"{place} in the rain"), show(tmp_path, place))


def test_only_the_beats_that_name_it_are_in_bad_weather() -> None:
    told = "Mia walks along the beach. Ein Schiff. A storm comes. The sun shines on the sea."
    prompts = [beat.prompt for beat in plan(told, "cinematic", 20, 1).beats]
    assert ["in a storm" in prompt for prompt in prompts].count(True) == 1


def test_a_picture_in_bad_weather_is_the_same_each_time(tmp_path: Path) -> None:
    one, two = (show(tmp_path, "by the open sea in a storm") for _ in range(2))
    assert np.array_equal(one, two)
