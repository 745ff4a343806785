"""Every style of video that there is can be drawn, voiced and scored with no key."""

import pytest

from shared.engines.local.finish import FINISHES
from shared.engines.local.scores import SCORES
from shared.engines.local.styles import style_of
from shared.story.errors import BadInput
from shared.story.looks import STYLES


def test_every_style_has_colours_a_finish_a_voice_and_a_mood() -> None:
    assert FINISHES.keys() == STYLES.keys()
    for name in STYLES:
        style = style_of(name)
        assert style.palettes and style.voice.variant and style.mood in SCORES


def test_an_unknown_style_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadInput) as refused:
        style_of("baroque")
    assert str(refused.value).endswith(f"use one of {', '.join(STYLES)}")
