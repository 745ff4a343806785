"""What a language model is asked for a plan, and what is made of its answer."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.base.values import find_fault
from shared.engines.planning import LONGEST_ANSWER, SCHEMA, Flagged, ask, read
from shared.jobs.outcomes import Made
from shared.story.beats import check_plan
from shared.story.brief import Brief, EndCard
from shared.story.drafts import SHORTEST_LAST
from shared.story.errors import TransientError
from shared.story.events import BeatsPlanned
from shared.story.kinds import PLAN, REFERENCE, PlanOrder, Success
from shared.story.shape import expect_plan
from shared.story.view import JobSpec


def order(**brief: Any) -> PlanOrder:
    wanted = Brief.model_validate({"prompt": "A keeper who paints the sea", **brief})
    return PlanOrder(video_id="v", brief=wanted)


def built(made: Made, of: PlanOrder) -> BeatsPlanned:
    """Return the event that the ledger would tell."""
    spec = JobSpec(kind=PLAN.name, video_id="v", owner="o", take=1)
    event = PLAN.build(Success(spec, of, made.data, cost=0, at=1_000))
    assert isinstance(event, BeatsPlanned)
    return event


def planned(answer: object, **brief: Any) -> BeatsPlanned:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return built(read(text, order(**brief)), order(**brief))


def story(*beats: object, **more: Any) -> dict[str, Any]:
    return {"title": "The sea", "beats": list(beats), **more}


def beat(n: int = 0, **more: Any) -> dict[str, Any]:
    return {"prompt": f"A wave, number {n}", "narration": f"Wave {n}.", "seconds": 5, **more}


# ── the question ────────────────────────────────────────────────────────────────────────────────


def test_the_question_names_the_request_its_style_and_how_many_beats_fit() -> None:
    question = ask(order(duration=17.5, style="cinematic"))
    assert "A keeper who paints the sea" in question.user and "cinematic" in question.user
    assert "Plan 3 beats, never more than 3, which last 15 seconds" in question.user
    assert [message["role"] for message in question.messages] == ["system", "user"]
    assert json.dumps(SCHEMA) in question.system


@pytest.mark.parametrize("duration", [5, 30, 180])
def test_a_longer_video_may_be_answered_at_greater_length(duration: float) -> None:
    longest = ask(order(duration=duration)).max_tokens
    # a beat of 60 words of picture and 40 words of narration, twice over
    assert longest >= 2 * (duration / 5) * 100 * 1.4


def test_braces_in_a_request_are_words_like_any_other() -> None:
    assert "{seconds} {0} {{}}" in ask(order(prompt="{seconds} {0} {{}}")).user


# ── the answer ──────────────────────────────────────────────────────────────────────────────────


def test_lengths_are_scaled_to_the_time_that_the_brief_gives() -> None:
    made = planned(
        story(beat(0, seconds=10), beat(1, seconds=20), beat(2, seconds=10)), duration=24
    )
    assert [b.duration for b in made.beats] == [5.0, 11.5, 5.0]
    assert made.brief.end_card is not None
    assert made.beats[-1].start + made.beats[-1].duration + made.brief.end_card.seconds == 24
    assert made.truncation is None


def test_too_many_beats_are_cut_and_that_is_said() -> None:
    made = planned(story(*(beat(n) for n in range(9))), duration=15, end_card=None)
    assert [b.prompt for b in made.beats] == [f"A wave, number {n}" for n in range(3)]
    assert made.truncation is not None
    assert (made.truncation.before, made.truncation.after, made.truncation.at) == (9, 3, 1_000)


@pytest.mark.parametrize(("seconds", "kept"), [(13, 2), (15, 3), (7.6, 1), (22.7, 4)])
def test_no_beat_is_paid_for_that_is_over_before_it_is_seen(seconds: float, kept: int) -> None:
    made = planned(story(*(beat(n) for n in range(9))), duration=seconds)
    assert len(made.beats) == kept == len(expect_plan("v", order(duration=seconds).brief).beats)
    assert made.beats[-1].duration >= SHORTEST_LAST
    assert made.truncation is not None and made.truncation.after == kept


def test_the_card_says_what_the_model_wrote_where_the_user_left_it_open() -> None:
    answer = story(beat(), headline="Blue", call_to_action="Go and see")
    card = planned(answer, end_card=EndCard(call_to_action="Buy")).brief.end_card
    assert card is not None and (card.headline, card.call_to_action) == ("Blue", "Buy")
    bare = planned(story(beat())).brief.end_card
    assert bare is not None and bare.headline == "The sea"
    assert planned(story(beat()), end_card=None).brief.end_card is None


def test_an_answer_with_500_characters_and_as_many_places_makes_a_plan_of_few_pictures() -> None:
    names = [f"Guest {n}" for n in range(500)]
    cast = [{"name": name, "looks": f"a guest in coat {n}"} for n, name in enumerate(names)]
    everybody = (
        beat(n, characters=names[n % 3 :], setting=f"room {n % 9}", images=names) for n in range(40)
    )
    made = planned(story(*everybody, cast=[*reversed(cast)]), duration=180)
    assert len(made.beats) > 20
    check_plan(made.beats, made.chunks)
    assert all(len(each.characters) <= 4 for each in made.beats)
    people = [entry for entry in made.bible.entries if entry.what == "character"]
    places = [entry for entry in made.bible.entries if entry.what == "setting"]
    assert len(people) == 4 and len(places) == 4
    # whoever is seen looks as the model said, however far behind in its list
    assert all(entry.looks.startswith("a guest in coat") for entry in people)
    assert len(REFERENCE.expect(made)) <= 8


def test_only_who_is_seen_again_gets_a_reference_and_four_at_most() -> None:
    names = ["Ann", "Bo", "Cy", "Di", "Ed"]
    made = planned(
        story(
            beat(0, characters=[*names, "Once"]),
            beat(1, characters=[*names, "Ann"]),
            beat(2, characters=["Ed", "Bo", 7, None, " "]),
        )
    )
    assert [b.characters for b in made.beats] == [
        ("Ann", "Bo", "Cy", "Ed"), ("Ann", "Bo", "Cy", "Ed"), ("Ed", "Bo"),
    ]  # fmt: skip


def test_who_comes_again_only_after_the_cut_has_no_picture_of_their_own() -> None:
    seen = [["Ann", "Bo"], ["Bo"], [], *([["Ann"]] * 6)]
    made = planned(story(*(beat(n, characters=who) for n, who in enumerate(seen))), duration=15)
    assert [b.characters for b in made.beats] == [("Bo",), ("Bo",), ()]


@pytest.mark.parametrize(
    "seconds", [None, 0, -3, "ten", float("nan"), float("-inf"), True, [], "5", 10**400]
)
def test_a_length_that_is_none_is_that_of_a_usual_beat(seconds: object) -> None:
    answer = story(beat(0, seconds=seconds), beat(1), beat(2))
    lengths = [b.duration for b in planned(answer, duration=30, end_card=None).beats]
    assert lengths == [10, 10, 10]


def test_beats_with_nothing_to_see_are_left_out_or_show_what_is_said() -> None:
    made = planned(story({"prompt": " "}, "x", beat(1, prompt=None), {"narration": "\u200b"}))
    assert [(b.prompt, b.narration) for b in made.beats] == [("Wave 1.", "Wave 1.")]


def test_texts_are_clean_lines_of_bounded_length() -> None:
    made = planned(
        story(
            beat(prompt="A\nwave\x00 \u202ereversed " + "long " * 1_000, narration="n" * 9_000),
            title="T\ud800" + "t" * 500,
        ),
        voice=False,  # a voice would not get through such a narration
    )
    (only,) = made.beats
    assert only.prompt.startswith("A wave reversed long") and only.prompt.endswith("long")
    assert (len(only.prompt) <= 1_000, len(only.narration), len(made.title)) == (True, 1_000, 120)


def test_a_plan_without_a_title_is_named_by_its_request() -> None:
    assert planned({"beats": [beat()]}).title == "A keeper who paints the sea"


@pytest.mark.parametrize(
    "text",
    [
        "```json\n{}\n```",
        '<think>{{}} or {{"beats": []}}?</think>{}',
        '{{"draft": {{"beats": []}}}} and at last: {}',
        '{{"plan": {}}}',
        "\ufeff  {}  trailing {{",
    ],
)
def test_the_plan_is_found_within_other_words(text: str) -> None:
    found = planned(text.format(json.dumps(story(beat()))))
    assert [b.narration for b in found.beats] == ["Wave 0."]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "A story about the sea.",
        "{}",
        '{"beats": []}',
        '{"beats": {"0": {"prompt": "x"}}}',
        '{"beats": [{"prompt": "cut in the mid',
        '{"beats":' + "[" * 100_000,
        '{"a":' * 100_000,
        "{" * LONGEST_ANSWER,
        '{"beats": ' + "9" * 5_000 + "}",
    ],
    ids=range(11),
)
def test_what_is_no_plan_is_one_more_try(text: str) -> None:
    with pytest.raises(TransientError, match="no plan"):
        read(text, order())


@pytest.mark.parametrize(
    "text",
    [
        '{"beats": [], "refusal": "It shows a real person."}',
        "I'm sorry, but I can't assist with that.",
        "I cannot create this.",
    ],
)
def test_a_refusal_is_no_reason_to_ask_again(text: str) -> None:
    with pytest.raises(Flagged, match="refuses"):
        read(text, order())


def test_a_refusal_beside_a_whole_plan_is_none() -> None:
    assert planned(story(beat(), refusal="none")).beats


FIELDS = ["prompt", "narration", "setting", "characters", "seconds", "beats", "title", "refusal"]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6)
    ),
    max_leaves=20,
)
BEATS = st.lists(ANYTHING | st.fixed_dictionaries({"prompt": st.text(), "seconds": ANYTHING}))
ANSWERS = ANYTHING | st.fixed_dictionaries({"beats": BEATS, "title": ANYTHING})


@given(ANSWERS, st.sampled_from([5.0, 17.3, 180.0]))
def test_whatever_a_model_says_becomes_a_plan_that_can_be_stored_or_a_clear_error(
    said: object, duration: float
) -> None:
    wanted = order(duration=duration)
    try:
        made = read(json.dumps(said), wanted)
    except (Flagged, TransientError):
        return
    plan = built(made, wanted)
    card = plan.brief.end_card
    length = sum(b.duration for b in plan.beats) + (card.seconds if card else 0)
    assert round(length, 3) == duration
    assert find_fault(made.data) is None


def test_of_hundreds_of_characters_and_places_a_few_are_kept() -> None:
    crowd = [f"Person {n}" for n in range(500)]
    cast = [{"name": name, "looks": f"wears number {name}"} for name in crowd]
    beats = [beat(n, characters=crowd, setting=f"Place {n % 20}") for n in range(40)]
    made = planned({**story(*beats), "cast": cast}, duration=60)
    named = {name for each in made.beats for name in each.characters}
    assert named == set(crowd[:4])
    people = [entry.name for entry in made.bible.entries if entry.what == "character"]
    assert sorted(people) == sorted(named)
    assert len(made.bible.entries) <= len(named) + len(made.beats)
    assert sum(each.duration for each in made.beats) <= 60


def test_lists_that_are_no_lists_of_names_name_nobody() -> None:
    odd = [{"name": "Ann"}, ["Ann"], 7, None, True]
    made = planned(
        story(beat(0, characters=odd), beat(1, characters="Ann"), beat(2, characters={}))
    )
    assert [each.characters for each in made.beats] == [()] * len(made.beats)
