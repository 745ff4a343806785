"""One vocabulary of looks: what is named in one table is in the other."""

import pytest

from shared.story.brief import Brief
from shared.story.looks import (
    CAPTION_STYLES,
    CARD_LOOKS,
    STYLES,
    TRANSITIONS,
    choose_card,
    choose_transition,
    find_caption_style,
    find_card_look,
)


@pytest.mark.parametrize("style", STYLES)
def test_what_suits_a_style_is_there(style: str) -> None:
    assert choose_transition("auto", style) in TRANSITIONS
    assert choose_card("auto", style) in CARD_LOOKS


def test_a_wish_stands_over_the_style() -> None:
    assert choose_transition("wipe", "noir") == "wipe"
    assert choose_card("playful", "noir") == "playful"


def test_names_of_a_later_version_get_a_plain_look() -> None:
    brief = Brief(prompt="x", captions="hologram", transition="morph", style="baroque")
    assert find_caption_style(brief.captions) in CAPTION_STYLES.values()
    assert find_card_look("hologram") in CARD_LOOKS.values()
    assert choose_transition("auto", brief.style) in TRANSITIONS
    assert choose_card("auto", brief.style) in CARD_LOOKS


def test_the_defaults_are_in_the_tables() -> None:
    brief = Brief(prompt="x")
    assert brief.captions in CAPTION_STYLES and brief.style in STYLES
    assert brief.end_card is not None
    assert (brief.transition, brief.end_card.style) == ("auto", "auto")
