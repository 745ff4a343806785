"""Lessons show a diagram where a sentence names nothing that has a picture."""

from pathlib import Path

import numpy as np
import pytest

from shared.engines.local.plan import plan
from shared.engines.local.topics import NOBODY, diagram_of, hero_of_beat
from tests.engines.local.test_images import drawn

HEAT = (
    "How a heat pump works: it takes heat from the outside air. A compressor raises the "
    "temperature. The heat moves into the house. The fluid flows back and the cycle begins again."
)


def seen(prompt: str) -> list[str | None]:
    return [hero_of_beat(beat.prompt) for beat in plan(prompt, "cinematic", 20, 1).beats]


def test_each_sentence_of_a_lesson_has_the_diagram_of_what_it_says() -> None:
    assert seen(HEAT) == ["flow_diagram", "growth_diagram", "house", "cycle_diagram"]


def test_a_beat_that_says_nothing_of_the_kind_keeps_the_diagram_of_the_whole() -> None:
    told = "Compound interest explained. Interest is paid on interest. The sum grows every year."
    assert {*seen(told)} == {"growth_diagram"}


@pytest.mark.parametrize(
    "told",
    [
        "A day at the beach. The waves rise and fall.",
        "How do volcanoes erupt? Magma rises. The pressure grows.",
        "Explain photosynthesis. Plants take in light. They grow.",
        "Mia moves to Lisbon. Her plan grows.",
    ],
)
def test_what_can_be_seen_needs_no_diagram(told: str) -> None:
    assert not any("diagram" in (hero or "") for hero in seen(told))


@pytest.mark.parametrize(
    ("text", "language", "diagram"),
    [
        ("Das Kältemittel fließt im Kreislauf", "de", "cycle"),
        ("Los precios suben cada año", "es", "growth"),
        ("Le sol a trois couches", "fr", "layers"),
        ("Il valore scende", "it", "decline"),
        ("Os computadores ligam-se em rede", "pt", "network"),
        ("A third of the energy", "en-us", "share"),
        ("Supply and demand", "en-us", "balance"),
    ],
)
def test_diagrams_are_found_in_six_languages(text: str, language: str, diagram: str) -> None:
    assert diagram_of(text, language) == f"{diagram}_diagram"


@pytest.mark.parametrize(("width", "height"), [(180, 320), (320, 180)])
def test_a_diagram_is_whole_and_above_the_captions(tmp_path: Path, width: int, height: int) -> None:
    size = {"width": width, "height": height, "setting": "among abstract shapes"}
    told = "Close view among abstract shapes: x, featuring"
    alone = drawn(tmp_path, prompt=f"{told} {NOBODY}", **size)
    shown = drawn(tmp_path, prompt=f"{told} a cycle diagram", **size)
    changed = np.abs(alone - shown).max(axis=2) > 60
    assert 0.1 < changed.mean() < 0.6
    assert not changed[:, [0, -1]].any() and not changed[round(height * 0.9) :].any()
