"""Plans by hand: what is taken, and how each mistake is told with its line."""

import json

import pytest
import yaml

from services.gateway.plans import describe_plan, list_values, read_plan, write_plan
from services.gateway.requests import VideoRequest
from shared.jobs.ledger import JOBS
from shared.story.byhand import check_own_of_plan, plan_by_hand
from shared.story.errors import BadInput
from shared.story.events import VideoRequested
from tests.gateway.conftest import Api
from tests.gateway.test_http import is_problem
from tests.histories import full_plan

GOOD = """\
title: The sea in colours
style: noir
beats:
  - prompt: A lighthouse in the morning
    narration: The keeper wakes.
    duration: 6
  - prompt: Waves against the rocks   # no words: it is silent
    characters: [Ada]
"""


def test_a_plan_becomes_a_brief_as_it_is() -> None:
    asked = VideoRequest.model_validate({"plan": GOOD})
    brief = asked.brief("local")
    plan = plan_by_hand("v", brief)
    assert (plan.title, brief.style, brief.prompt) == ("The sea in colours", "noir", plan.title)
    assert [(b.start, b.duration) for b in plan.beats] == [(0, 6), (6, 5)]
    assert plan.beats[1].characters == ("Ada",)
    assert brief.end_card is not None and brief.duration == 11 + brief.end_card.seconds
    assert [c.beat for c in plan.chunks] == [0, 0, 1]


def test_the_request_itself_comes_before_the_plan() -> None:
    asked = VideoRequest.model_validate({"plan": GOOD, "style": "anime", "end_card": None})
    assert (asked.style, asked.duration) == ("anime", 11)


def test_a_request_with_a_plan_is_the_same_once_it_was_stored() -> None:
    asked = VideoRequest.model_validate({"plan": GOOD})
    assert VideoRequest.model_validate(asked.model_dump(mode="json")).brief("o") == asked.brief("o")


def test_json_is_taken_as_well_also_with_tabs_and_escapes() -> None:
    values = yaml.safe_load(GOOD)
    values["beats"][0]["narration"] = '😀 "quoted" / back\\slash'
    for text in (json.dumps(values, indent="\t"), json.dumps(values)):
        assert read_plan(text).beats[0].narration == values["beats"][0]["narration"]


MISTAKES = {
    "": "line 1: the plan is empty",
    "just words": "line 1: give an object",
    "[1, 2]": "line 1: give an object",
    "title: x\n": "line 1: beats: it is missing",
    "title: x\nbeats: []\n": "line 2: beats: give at least 1 of them",
    GOOD + "colour: red\n": "line 9: colour: there is no such field",
    GOOD.replace("narration", "naration"): "line 5: beats.0.naration: there is no such field: "
    "perhaps narration is meant",
    GOOD.replace(
        "duration: 6", "duration: six"
    ): "line 6: beats.0.duration: give 2.5 to 180 seconds",
    GOOD.replace("duration: 6", "duration: .inf"): "line 6: beats.0.duration: give 2.5 to 180",
    GOOD.replace("duration: 6", "duration: 3"): "line 6: beats.0.duration: give 5 seconds or more",
    GOOD.replace("The keeper wakes.", "no"): "line 5: beats.0.narration: give a text",
    GOOD.replace("The keeper wakes.", "2024-01-01"): "line 5: this reads as a date",
    GOOD.replace("The keeper wakes.", "!!python/object:os.x y"): "line 5: this is no text",
    GOOD + "    start: 5\n": "line 9: beats.1.start: it starts at 5 s, but the beat before it ends "
    "at 6 s, so they overlap",
    GOOD + "    start: 9\n": "line 9: beats.1.start: it starts at 9 s, but the beat before it ends "
    "at 6 s, so that leaves a gap",
    GOOD + "    prompt: twice\n": "line 9: `prompt` is there twice",
    GOOD + "  - *ref\n": "line 9: ",
    "a: &x 1\nb: *x\n": "line 2: write it out",
    GOOD.replace("style: noir", "style: baroque"): "line 2: style: use",
    GOOD.replace("  - prompt: Waves", " - prompt: Waves"): "line 7: this can't be read",
    "beats:\n" + "  - prompt: x\n" * 1000: "line 1: beats: give at most 36 of them",
    "[" * 5000: "line 1: it is nested far deeper",
    '{"beats": ' + "[" * 100_000: "line 1: ",
    '{"title": "x",\n"beats": }': "line 2: this is no valid JSON from column 10",
    "title: \x01": "line 1: there is a sign that is no text",
    "x" * 300_000: "line 1: the plan is longer than 256 KiB",
}


@pytest.mark.parametrize("text", MISTAKES, ids=lambda text: MISTAKES[text][:50])
def test_a_mistake_is_told_with_its_line(text: str) -> None:
    with pytest.raises(BadInput) as raised:
        read_plan(text)
    assert MISTAKES[text] in str(raised.value)
    assert len(str(raised.value)) < 2_000


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines() -> None:
    text = GOOD.replace("style: noir", "style: 3").replace("duration: 6", "duration: 999")
    with pytest.raises(BadInput, match=r"line 2: style: .*; line 6: beats\.0\.duration: "):
        read_plan(text)


def test_a_plan_that_was_written_is_the_same_when_it_is_read() -> None:
    view = describe_plan(full_plan(3, 2, characters=[["Ada"], [], ["Ada"]]))
    read = read_plan(write_plan(view))
    assert list_values(view) == list_values(view.model_copy(update={"plan": read}))
    assert [beat.prompt for beat in read.beats] == ["scene 0", "scene 1", "scene 2"]


# ── over the API ────────────────────────────────────────────────────────────────────────────────


async def test_a_plan_is_given_and_shown_in_the_same_form(api: Api) -> None:
    answer = await api.http.post("/v1/videos", json={"plan": yaml.safe_load(GOOD)})
    assert answer.status_code == 202, answer.text
    made = answer.json()["id"]
    view = await api.app.shell("gateway").view(made)
    request = view.one(VideoRequested) if view else None
    assert request is not None
    await api.tell([plan_by_hand(made, request.brief)])
    shown = await api.http.get(f"/v1/videos/{made}/plan")
    assert (shown.json()["rev"], shown.headers["etag"]) == (1, '"1"')
    again = await api.http.post("/v1/videos", json={"plan": shown.json()["plan"]})
    assert again.status_code == 202, again.text
    assert again.json()["request"]["plan"]["beats"] == answer.json()["request"]["plan"]["beats"]
    text = await api.http.get(f"/v1/videos/{made}/plan", params={"format": "yaml"})
    assert text.headers["content-type"].startswith("application/yaml")
    assert read_plan(text.text).title == "The sea in colours"


@pytest.mark.parametrize(
    ("asked", "field", "advice"),
    [
        ({"plan": {"beats": [{"prompt": "x", "what": 1}]}}, "plan.beats.0.what", "no such field"),
        ({"plan": {"beats": [{"prompt": ""}]}}, "plan.beats.0.prompt", "say what the beat should"),
        (
            {"plan": {"beats": [{"prompt": "x"}, {"prompt": "y", "start": 4}]}},
            "plan.beats",
            "beat 1: it starts at 4 s, but the beat before it ends at 5 s, so they overlap",
        ),
        ({"plan": {"beats": [{"prompt": "x"}] * 1000}}, "plan.beats", "give at most 36"),
        ({"plan": "beats:\n  - what: 1\n"}, "plan", "line 2: beats.0.what: there is no such field"),
        ({"plan": GOOD, "prompt": "the sea"}, "prompt", "give a prompt or a plan, not both"),
        ({"plan": GOOD, "duration": 30}, "", "leave duration out"),
        ({"plan": {"beats": [{"prompt": "x", "duration": 3}]}, "end_card": None}, "", "5 to 180"),
        (
            {"plan": {"beats": [{"prompt": "x", "narration": "many words " * 30}]}},
            "plan.beats.0.narration",
            "s more than the 5 s of their beat",
        ),
    ],
)
async def test_a_plan_that_cannot_be_is_refused_and_nothing_is_begun(
    api: Api, asked: dict[str, object], field: str, advice: str
) -> None:
    problem = is_problem(await api.http.post("/v1/videos", json=asked), 422, "bad-input")
    assert problem["errors"][0]["field"] == field
    assert advice in problem["errors"][0]["message"]
    assert await api.app.ports.store.find(JOBS, {}) == []
    assert (await api.http.get("/v1/videos")).json()["videos"] == []


async def test_a_video_that_is_not_planned_yet_has_no_plan_to_show(api: Api) -> None:
    made = await api.make()
    is_problem(await api.http.get(f"/v1/videos/{made}/plan"), 404, "no-such-part")


async def test_an_estimate_of_a_plan_by_hand_has_no_line_for_planning(api: Api) -> None:
    offer = (await api.http.post("/v1/estimates", json={"plan": yaml.safe_load(GOOD)})).json()
    assert "plan" not in {line["kind"] for line in offer["lines"]}
    assert offer["clips"] == 3


@pytest.mark.parametrize("path", ["/v1/estimates", "/v1/videos"])
async def test_words_and_beats_that_a_plan_has_no_place_for_have_no_price_either(
    api: Api, path: str
) -> None:
    for own, field in (
        ({"index": 2, "prompt": "x"}, "beats.0.index"),
        ({"index": 1, "narration": "Far too many words for it. " * 9}, "beats.0.narration"),
    ):
        answer = await api.http.post(path, json={"plan": yaml.safe_load(GOOD), "beats": [own]})
        is_problem(answer, 422, "bad-input")
        assert answer.json()["errors"][0]["field"] == field


async def test_the_words_of_a_recording_are_as_long_as_it_is(api: Api) -> None:
    voice, words = f"s5000-{'0' * 32}.wav", "Spoken by somebody in a great hurry, and no less. " * 3
    own = [{"index": 1, "voice": voice, "narration": words.strip()}]
    asked = {"plan": yaml.safe_load(GOOD), "beats": own}
    assert (await api.http.post("/v1/estimates", json=asked)).status_code == 200


def test_a_plan_without_a_title_has_whole_words_of_its_first_picture() -> None:
    prompt = "A lighthouse keeper paints the sea on the old wall with astonishing patience"
    brief = VideoRequest.model_validate({"plan": {"beats": [{"prompt": prompt}]}}).brief("local")
    title = plan_by_hand("v", brief).title
    assert title == "A lighthouse keeper paints the sea on the old wall with"


def test_own_material_has_its_place_in_a_plan_by_hand() -> None:
    clip, voice = f"v7000-{'0' * 32}.mp4", f"s4000-{'0' * 32}.wav"
    own = [{"index": 0, "clip": clip}, {"index": 1, "voice": voice, "narration": "Hello."}]
    brief = VideoRequest.model_validate({"plan": GOOD, "beats": own}).brief("local")
    check_own_of_plan(brief)
    plan = plan_by_hand("v", brief)
    assert [chunk.beat for chunk in plan.chunks] == [0, 1], "an own clip is one chunk"
    assert set(plan.given) == {"clip/0", "image/0", "voice/1"}
    assert (plan.beats[0].narration, plan.beats[1].narration) == ("The keeper wakes.", "Hello.")


@pytest.mark.parametrize(
    ("own", "field", "advice"),
    [
        ({"index": 5, "prompt": "x"}, "beats.0.index", "beats 0 to 1"),
        ({"index": 1, "voice": f"s9000-{'0' * 32}.wav"}, "beats.0.voice", "make that longer"),
    ],
)
def test_own_material_that_a_plan_has_no_place_for(
    own: dict[str, object], field: str, advice: str
) -> None:
    brief = VideoRequest.model_validate({"plan": GOOD, "beats": [own]}).brief("local")
    with pytest.raises(BadInput, match=advice) as raised:
        check_own_of_plan(brief)
    assert raised.value.field == field
