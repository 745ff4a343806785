"""What may be asked for, and what is said about what may not."""

from collections.abc import Iterable

import pytest
from pydantic import BaseModel, ValidationError

from services.gateway.contents import EndCardRequest, ModelsRequest
from services.gateway.errors.problems import explain_field, explain_input
from services.gateway.requests import PROMPT_LIMIT, VideoRequest
from shared.runtime.allowances import Allowances
from shared.runtime.compose import allow
from shared.runtime.defaults import STANDARD, Defaults, read_defaults
from shared.runtime.settings import Settings
from shared.story.brief import Brief, EndCard
from shared.story.kinds import KINDS, PLAN
from shared.story.looks import CAPTION_CHOICES, CARD_CHOICES, STYLES, TRANSITION_CHOICES


def listed(names: Iterable[str]) -> str:
    """The names as a message lists them."""
    *others, last = map(repr, names)
    return f"{', '.join(others)} or {last}"


def refused(**asked: object) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        VideoRequest.model_validate({"prompt": "the sea", **asked})
    fields = VideoRequest.model_fields
    wrong = [explain_field(error, error["loc"], fields) for error in caught.value.errors()]
    return [(each.field, each.message) for each in wrong]


def test_a_prompt_alone_is_enough() -> None:
    brief = VideoRequest(prompt="  the sea\n").brief("ann")
    assert brief == Brief(prompt="the sea", owner="ann")


def test_what_is_left_open_is_as_this_server_is_set_and_no_priority_passes_its_bound() -> None:
    allowed = Allowances(clips_at_once=3, most_priority=4)
    brief = VideoRequest(prompt="the sea", priority=9).brief("ann", allowed)
    assert (brief.clips_at_once, brief.priority) == (3, 4)
    asked = VideoRequest(prompt="the sea", priority=2, clips_at_once=0).brief("ann", allowed)
    assert (asked.clips_at_once, asked.priority) == (0, 2)


def test_what_can_be_neither_seen_nor_said_is_dropped() -> None:
    assert VideoRequest(prompt="the\x00 sea\x07\nat night").prompt == "the sea\nat night"


def test_a_line_is_one_line_and_a_prompt_may_have_several() -> None:
    request = VideoRequest(
        prompt="the sea\r\nat\u2028night \u202eevil",
        end_card=EndCardRequest(
            headline="Wake\u2029up\tslow", call_to_action="Go\n\u2066now \u0301"
        ),
    )
    assert request.prompt == "the sea\nat\nnight evil"
    assert request.end_card == EndCardRequest(headline="Wake up slow", call_to_action="Go now")


def test_every_wish_reaches_the_brief() -> None:
    wishes = {
        "prompt": "the sea", "duration": 12.5, "aspect": "1:1", "quality": "full", "style": "noir",
        "voice": False, "music": False, "captions": "bold", "min_clips": 2, "clips_at_once": 9,
        "seed": 5, "priority": 3, "transition": "wipe", "transition_seconds": 0.8,
        "clip_sound": True, "clip_check": "retry", "tier": "best",
        "models": {"clip": "google/veo-3.1", "image": "draft"},
        "say": {"AirFlex": "air flex"},
    }  # fmt: skip
    card = {"headline": "Go", "call_to_action": "Now", "seconds": 4, "style": "bold"}
    card |= {"colour": "#10C0fe", "product_image": "abc"}
    brief = VideoRequest.model_validate({**wishes, "end_card": card}).brief("ann")
    assert wishes.items() <= brief.model_dump().items()
    assert brief.end_card == EndCard(**card)
    assert VideoRequest.model_validate({**wishes, "end_card": None}).brief("ann").end_card is None


def test_a_model_can_be_wished_for_wherever_there_are_models() -> None:
    paid = {kind.name for kind in KINDS if (kind.order_of or kind is PLAN) and not kind.models_of}
    assert set(ModelsRequest.model_fields) == paid


@pytest.mark.parametrize(
    ("asked", "field", "advice"),
    [
        ({"tier": "fast"}, "tier", "use 'draft', 'standard' or 'best'"),
        ({"models": {"card": "x"}}, "models.card", "use plan, image, clip, voice, words, music"),
        ({"models": {"clips": "x"}}, "models.clips", "perhaps clip is meant"),
        ({"models": {"clip": ""}}, "models.clip", "give at least 1 character"),
        ({"models": {"clip": "veo 3"}}, "models.clip", "write it like google/veo-3.1"),
        ({"models": "veo"}, "models", "give an object with any of plan, image"),
    ],
)
def test_a_wish_for_models_that_is_none(asked: dict[str, object], field: str, advice: str) -> None:
    [(named, said)] = refused(**asked)
    assert named == field and advice in said


def test_a_request_that_names_no_check_gets_that_of_its_server() -> None:
    allowed = Allowances(defaults={**STANDARD, "clip_check": "retry"})
    assert VideoRequest(prompt="x").brief("ann", allowed).clip_check == "retry"
    assert VideoRequest(prompt="x", clip_check="off").brief("ann", allowed).clip_check == "off"


def test_the_defaults_of_a_server_that_is_not_set_are_those_of_a_request() -> None:
    request = VideoRequest(prompt="x")
    here = Allowances(defaults=read_defaults(Settings()))
    assert request.brief("ann", here) == request.brief("ann")
    for name, value in STANDARD.items():
        default = VideoRequest.model_fields[name].get_default(call_default_factory=True)
        default = {} if name == "models" else default
        assert default in (value, None), name
        assert value is not None or default is None, name


@pytest.mark.parametrize(
    ("name", "set_to", "asked", "field", "usual", "wanted"),
    [
        ("tier", "best", "draft", "tier", "best", "draft"),
        ("quality", "full", "draft", "quality", "full", "draft"),
        ("style", "noir", "bold", "style", "noir", "bold"),
        ("aspect", "16:9", "1:1", "aspect", "16:9", "1:1"),
        ("duration", "12", 20, "duration", 12, 20),
        ("voice", "0", True, "voice", False, True),
        ("music", "0", True, "music", False, True),
        ("captions", "none", "bold", "captions", "none", "bold"),
        ("transition", "cut", "wipe", "transition", "cut", "wipe"),
        ("transition_seconds", "1", 0.3, "transition_seconds", 1, 0.3),
        ("clip_sound", "1", False, "clip_sound", True, False),
        ("clip_check", "off", "retry", "clip_check", "off", "retry"),
        ("min_clips", "5", 2, "min_clips", 5, 2),
        ("missing", "title", "omit", "gaps", "title", "leave"),
        ("image_takes", "3", 2, "image_takes", 3, 2),
        ("reuse", "0", True, "reuse", False, True),
        ("on_cap", "finish", "pause", "on_cap", "finish", "pause"),
        (
            "models", "clip=google/veo-3.1,image=best", {"image": "draft"}, "models",
            {"clip": "google/veo-3.1", "image": "best"},
            {"clip": "google/veo-3.1", "image": "draft"},
        ),
    ],
)  # fmt: skip
def test_each_default_can_be_set_and_what_a_request_says_comes_before_it(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    set_to: str,
    asked: object,
    field: str,
    usual: object,
    wanted: object,
) -> None:
    monkeypatch.setenv(f"STORYWAVE_{name.upper()}", set_to)
    allowed = allow(Settings())
    left = VideoRequest(prompt="x")
    assert getattr(left.brief("ann", allowed), field) == usual
    assert field in left.left_open
    request = VideoRequest.model_validate({"prompt": "x", name: asked})
    assert getattr(request.brief("ann", allowed), field) == wanted
    assert field not in request.left_open


def test_every_default_is_tried_above() -> None:
    mark = next(
        each
        for each in test_each_default_can_be_set_and_what_a_request_says_comes_before_it.pytestmark  # type: ignore[attr-defined]
        if each.name == "parametrize"
    )
    assert {row[0] for row in mark.args[1]} == set(Defaults.model_fields)


def test_a_tier_that_is_asked_for_comes_before_models_that_are_usual() -> None:
    allowed = allow(Settings(models="clip=google/veo-3.1", tier="best"))
    brief = VideoRequest(prompt="x", tier="draft").brief("ann", allowed)
    assert brief.wish_for("clip") == brief.wish_for("image") == ("draft",)


@pytest.mark.parametrize("text", ["clip", "card=x", "clip=", "clip=a,video=b"])
def test_usual_models_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="KIND=NAME"):
        Settings(models=text)


def test_what_the_prompt_asks_for_comes_before_what_is_usual() -> None:
    allowed = allow(Settings(duration=40))
    assert VideoRequest(prompt="The sea. Make it 20 seconds.").brief("a", allowed).duration == 20


def test_money_is_exact_in_micro_dollars() -> None:
    assert VideoRequest(prompt="x", budget="0.1").cap == 100_000
    assert VideoRequest(prompt="x", budget="2").brief("ann").budget == 2_000_000
    assert VideoRequest(prompt="x").cap is None


@pytest.mark.parametrize(
    ("asked", "field", "advice"),
    [
        ({"prompt": " \n "}, "prompt", "say in a sentence"),
        ({"prompt": "x" * (PROMPT_LIMIT + 1)}, "prompt", "give at most 4000 characters"),
        ({"prompt": "\a\0"}, "prompt", "say in a sentence"),
        ({"prompt": "\u200b\u2066\u202e"}, "prompt", "say in a sentence"),
        ({"prompt": "%PDF-1.7 obj"}, "prompt", "looks like a file"),
        ({"prompt": "\ufffd\ufffd\ufffd a \ufffd"}, "prompt", "looks like a file"),
        ({"prompt": 7}, "prompt", "give a text"),
        ({"duration": 4.9}, "duration", "give 5 to 180 seconds"),
        ({"duration": 181}, "duration", "give 5 to 180 seconds"),
        ({"duration": float("nan")}, "duration", "give 5 to 180 seconds"),
        ({"duration": "long"}, "duration", "give 5 to 180 seconds"),
        ({"aspect": "4:3"}, "aspect", "use '9:16', '16:9' or '1:1'"),
        ({"quality": "best"}, "quality", "use 'draft' or 'full'"),
        ({"style": "baroque"}, "style", f"use {listed(STYLES)}"),
        ({"voice": "loud"}, "voice", "give true or false"),
        ({"clip_check": "no"}, "clip_check", "use 'off', 'warn' or 'retry'"),
        ({"captions": "loud"}, "captions", f"use {listed(CAPTION_CHOICES)}"),
        ({"transition": "star"}, "transition", f"use {listed(TRANSITION_CHOICES)}"),
        ({"transition_seconds": 2.1}, "transition_seconds", "give 0.1 to 2 seconds"),
        ({"end_card": 5}, "end_card", "give an object with any of headline, call_to_action"),
        ({"end_card": {"headline": "x" * 121}}, "end_card.headline", "at most 120 characters"),
        ({"end_card": {"style": "loud"}}, "end_card.style", f"use {listed(CARD_CHOICES)}"),
        ({"end_card": {"colour": "red"}}, "end_card.colour", "write it like #ff8800"),
        ({"end_card": {"colour": "#10C0fe\n"}}, "end_card.colour", "write it like #ff8800"),
        ({"end_card": {"seconds": 0}}, "end_card.seconds", "give 1 to 10 seconds"),
        ({"end_card": {"color": "#ff8800"}}, "end_card.color", "perhaps colour is meant"),
        ({"min_clips": 0}, "min_clips", "give a whole number, 1 to 60"),
        ({"min_clips": 1.5}, "min_clips", "give a whole number, 1 to 60"),
        ({"seed": -1}, "seed", "give a whole number, at least 0 and less than 2147483648"),
        ({"priority": 11}, "priority", "give a whole number, 1 to 10"),
        ({"budget": "-1"}, "budget", "give more than 0 dollars, like 2.50"),
        ({"budget": "0"}, "budget", "give more than 0 dollars, like 2.50"),
        ({"budget": "0.00"}, "budget", "give more than 0 dollars, like 2.50"),
        ({"budget": "two"}, "budget", "write dollars as a text like 2.50"),
        ({"budget": "0.0000001"}, "budget", "write dollars as a text like 2.50"),
        ({"budget": "1e3"}, "budget", "write dollars as a text like 2.50"),
        ({"budget": 2.5}, "budget", "give a text"),
        ({"budget": False}, "budget", "give a text"),
        ({"on_cap": "stop"}, "on_cap", "use 'pause' or 'finish'"),
        ({"duration": "30"}, "duration", "give 5 to 180 seconds"),
        ({"duration": True}, "duration", "give 5 to 180 seconds"),
        ({"seed": "1"}, "seed", "give a whole number"),
        ({"seed": True}, "seed", "give a whole number"),
        ({"voice": 1}, "voice", "give true or false"),
        ({"voice": "yes"}, "voice", "give true or false"),
        ({"say": "air flex"}, "say", 'give an object like {"AirFlex": "air flex"}'),
        ({"say": {str(n): "x" for n in range(101)}}, "say", "give at most 100 of them"),
        ({"say": {"AirFlex": ""}}, "say.AirFlex", "give a word with letters"),
        ({"end_card": {"seconds": "3"}}, "end_card.seconds", "give 1 to 10 seconds"),
        ({"durations": 5}, "durations", "no such field: perhaps duration is meant"),
        ({"xyz": "red"}, "xyz", "no such field: use script, product, plan, from_video, prompt"),
    ],
)
def test_what_is_off_is_named_and_what_is_accepted_is_said(
    asked: dict[str, object], field: str, advice: str
) -> None:
    [(named, message)] = refused(**asked)
    assert named == field
    assert advice in message


ACCEPTED = {"give", "use", "say", "write", "unknown", "there", "line", "it"}
"""How our own advice begins; of a plan it names the line first, or what is missing."""

ODD: list[object] = [
    None,
    7,
    -1,
    1e9,
    1.5,
    "x",
    "x" * 5000,
    "",
    "9" * 5000,
    [],
    {"a": 1},
    True,
    1e999,
    "\ud800",
]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:20])
@pytest.mark.parametrize("card", [False, True], ids=["video", "card"])
def test_no_field_answers_in_the_words_of_a_library(odd: object, card: bool) -> None:
    names = EndCardRequest.model_fields if card else VideoRequest.model_fields
    said = 0
    for name in names:
        asked = {"prompt": "the sea", **({"end_card": {name: odd}} if card else {name: odd})}
        try:
            VideoRequest.model_validate(asked)
        except ValidationError:
            for _, message in refused(**asked):
                said += 1
                assert message.split()[0] in ACCEPTED
    assert said > 0


def test_several_things_that_are_off_are_all_named() -> None:
    assert [field for field, _ in refused(duration=1, style="x")] == ["duration", "style"]


def test_one_line_for_a_command_line() -> None:
    with pytest.raises(ValidationError) as caught:
        VideoRequest(prompt="x", style="baroque")
    error = explain_input(caught.value, VideoRequest.model_fields)
    assert error.field == "style"
    assert str(error) == f"style: use {listed(STYLES)}"


def test_a_whole_number_may_be_written_with_a_point() -> None:
    assert VideoRequest.model_validate({"prompt": "x", "seed": 7.0, "min_clips": 2.0}).seed == 7


@pytest.mark.parametrize("style", STYLES)
def test_every_style_is_accepted(style: str) -> None:
    assert VideoRequest(prompt="x", style=style).style == style


def test_the_choices_of_the_api_are_the_tables_of_looks() -> None:
    def choices(model: type[BaseModel], name: str) -> list[str]:
        shown = model.model_json_schema()["properties"][name]
        places = (shown, *shown.get("anyOf", ()))
        return list(next(each["enum"] for each in places if "enum" in each))

    assert choices(VideoRequest, "captions") == [*CAPTION_CHOICES]
    assert choices(VideoRequest, "transition") == [*TRANSITION_CHOICES]
    assert choices(VideoRequest, "style") == [*STYLES]
    assert choices(EndCardRequest, "style") == [*CARD_CHOICES]
