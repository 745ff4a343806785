"""What may be asked for, and what is said about what may not."""

import pytest
from pydantic import ValidationError

from services.gateway.problems import bad_input, field_errors
from services.gateway.requests import PROMPT_LIMIT, VideoRequest
from shared.engines.local.styles import STYLES
from shared.events import Brief, EndCard


def refused(**asked: object) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        VideoRequest.model_validate({"prompt": "the sea", **asked})
    return [(e.field, e.message) for e in field_errors(caught.value.errors())]


def test_a_prompt_alone_is_enough():
    brief = VideoRequest(prompt="  the sea\n").brief("ann")
    assert brief == Brief(prompt="the sea", owner="ann")


def test_what_can_be_neither_seen_nor_said_is_dropped():
    assert VideoRequest(prompt="the\x00 sea\x07\nat night").prompt == "the sea\nat night"


def test_every_wish_reaches_the_brief():
    wishes = {
        "prompt": "the sea", "duration": 12.5, "aspect": "1:1", "quality": "full", "style": "noir",
        "voice": False, "music": False, "captions": "bold", "min_clips": 2, "clips_at_once": 9,
        "seed": 5, "priority": 3, "transition": "wipe", "transition_seconds": 0.8,
        "clip_sound": True,
    }  # fmt: skip
    card = {"headline": "Go", "call_to_action": "Now", "seconds": 4, "style": "bold"}
    card |= {"colour": "#10C0fe", "product_image": "abc"}
    brief = VideoRequest.model_validate({**wishes, "end_card": card}).brief("ann")
    assert wishes.items() <= brief.model_dump().items()
    assert brief.end_card == EndCard(**card)
    assert VideoRequest.model_validate({**wishes, "end_card": None}).brief("ann").end_card is None


def test_money_is_exact_in_micro_dollars():
    assert VideoRequest(prompt="x", budget_usd=0.1).cap == 100_000
    assert VideoRequest(prompt="x", budget_usd=0).cap == 0
    assert VideoRequest(prompt="x").cap is None


@pytest.mark.parametrize(
    ("asked", "field", "advice"),
    [
        ({"prompt": " \n "}, "prompt", "say in a sentence"),
        ({"prompt": "x" * (PROMPT_LIMIT + 1)}, "prompt", "at most 4000"),
        ({"prompt": "\a\0"}, "prompt", "say in a sentence"),
        ({"prompt": 7}, "prompt", "valid string"),
        ({"duration": 4.9}, "duration", "greater than or equal to 5"),
        ({"duration": 181}, "duration", "less than or equal to 180"),
        ({"duration": float("nan")}, "duration", "finite"),
        ({"duration": "long"}, "duration", "valid number"),
        ({"aspect": "4:3"}, "aspect", "'9:16', '16:9' or '1:1'"),
        ({"quality": "best"}, "quality", "'draft' or 'full'"),
        ({"style": "baroque"}, "style", "use one of cinematic"),
        ({"captions": "loud"}, "captions", "'none', 'clean', 'karaoke' or 'bold'"),
        ({"transition": "star"}, "transition", "'fade', 'black', 'wipe' or 'slide'"),
        ({"transition_seconds": 2.1}, "transition_seconds", "less than or equal to 2"),
        ({"end_card": {"headline": "x" * 121}}, "end_card.headline", "at most 120"),
        ({"end_card": {"style": "loud"}}, "end_card.style", "'luxury', 'minimal', 'bold'"),
        ({"end_card": {"colour": "red"}}, "end_card.colour", "match pattern"),
        ({"end_card": {"colour": "#10C0fe\n"}}, "end_card.colour", "match pattern"),
        ({"end_card": {"seconds": 0}}, "end_card.seconds", "greater than or equal to 1"),
        ({"min_clips": 0}, "min_clips", "greater than or equal to 1"),
        ({"seed": -1}, "seed", "greater than or equal to 0"),
        ({"priority": 11}, "priority", "less than or equal to 10"),
        ({"budget_usd": -1}, "budget_usd", "greater than or equal to 0"),
        ({"colour": "red"}, "colour", "not permitted"),
    ],
)
def test_what_is_off_is_named_and_what_is_accepted_is_said(asked, field, advice):
    [(named, message)] = refused(**asked)
    assert named == field
    assert advice in message


def test_several_things_that_are_off_are_all_named():
    assert [field for field, _ in refused(duration=1, style="x")] == ["duration", "style"]


def test_one_line_for_a_command_line():
    with pytest.raises(ValidationError) as caught:
        VideoRequest(prompt="x", style="baroque")
    error = bad_input(caught.value)
    assert error.field == "style"
    assert str(error) == f"style: unknown style 'baroque': use one of {', '.join(STYLES)}"


@pytest.mark.parametrize("style", STYLES)
def test_every_style_of_the_engine_is_accepted(style):
    assert VideoRequest(prompt="x", style=style).style == style
