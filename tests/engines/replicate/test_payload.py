"""What is sent: every order becomes an input that its model takes, or an error says why not."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.engines.replicate.catalog import load, pick
from shared.engines.replicate.fields import check_input
from shared.engines.replicate.form import choose_length
from shared.engines.replicate.models import Model, ModelField
from shared.engines.replicate.payload import Payload, build, choose, choose_for, fill
from shared.engines.replicate.prices import ceiling
from shared.engines.replicate.wanted import read_wanted, want_answer
from shared.engines.seeds import MOST, seed_of
from shared.jobs.job import Job
from shared.story.errors import BadInput, PermanentError
from shared.story.kinds import (
    ClipOrder,
    CutOrder,
    ImageOrder,
    MusicOrder,
    Order,
    VoiceOrder,
    WordsOrder,
)
from tests.engines.replicate.orders import BY_KIND, LOOK, PLAN, Question, job, jobs

CATALOG = load()
IMAGE = {"image": "v1/image.png"}


def model(name: str) -> Model:
    found = CATALOG.model(name)
    assert found is not None
    return found


def clip(**changed: Any) -> ClipOrder:
    values = {"chunk": 0, "kind": "reference", "prompt": "A fox runs", "seconds": 5.0, **LOOK}
    return ClipOrder.model_validate(values | changed)


def payload_of(name: str, order: Order, files: dict[str, str] | None = None) -> Payload:
    return build(job(order, files), order, model(name))


# ── every order, every model ────────────────────────────────────────────────────────────────────


@given(jobs(), st.data())
def test_any_order_gives_an_input_that_its_model_takes_or_a_permanent_error(
    drawn: tuple[Job, Order], data: st.DataObject
) -> None:
    made, order = drawn
    chosen = data.draw(st.sampled_from(CATALOG.of_kind(read_wanted(made, order).kind)))
    try:
        payload = build(made, order, chosen)
    except PermanentError:
        return
    urls = {name: f"https://files.test/{name}" for name in made.spec.files}
    whole = payload.complete(urls)  # checks it
    assert set(whole) == {*payload.input, *payload.files} <= set(chosen.fields)
    sound = chosen.field_for("sound")
    assert sound is None or whole[sound] is getattr(order, "sound", False)
    assert build(made, order, chosen) == payload, "the same job sends the same"


@given(jobs())
def test_each_model_that_is_chosen_can_do_the_job_and_else_none_can(
    drawn: tuple[Job, Order],
) -> None:
    made, order = drawn
    try:
        chosen = choose(made, order)
    except PermanentError:
        for each in pick(made.spec.kind):
            with pytest.raises(PermanentError):
                build(made, order, each)
        return
    assert len({each.name for each in chosen}) == len(chosen) > 0
    for each in chosen:
        assert build(made, order, each).model == each


@pytest.mark.parametrize(
    ("kind", "chosen"),
    [
        (kind, each)
        for kind in sorted(BY_KIND.keys() - {"words"})  # who listens is told nothing
        for each in pick(kind, ["draft", "standard", "best"])
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_each_model_of_a_tier_takes_a_plain_order(kind: str, chosen: Model) -> None:
    order = BY_KIND[kind]
    files = {"image": "v1/image.png", "reference/0": "v1/zed.png"}
    payload = build(job(order, files), order, chosen)
    prompt = payload.input[chosen.field_for("prompt") or ""]
    words = getattr(order, "prompt", getattr(order, "text", getattr(order, "name", "A Fox")))
    assert words in prompt


# ── pictures ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("chosen", CATALOG.of_kind("clip"), ids=lambda each: each.name)
def test_a_clip_starts_from_its_picture_at_every_model(chosen: Model) -> None:
    payload = build(job(clip(), IMAGE), clip(), chosen)
    field = chosen.field_for("first_frame")
    assert field is not None
    assert payload.files[field] == "image"
    assert payload.complete({"image": "https://files.test/1"})[field] == "https://files.test/1"


def test_a_clip_goes_on_from_the_last_frame_of_the_one_before() -> None:
    files = {"last_frame": "v1/last.png"}
    payload = payload_of("kwaivgi/kling-v2.5-turbo-pro", clip(kind="continuous"), files)
    assert payload.files == {"start_image": "last_frame"}


def test_a_picture_to_end_in_is_given_where_there_is_a_field_and_else_noted() -> None:
    files = IMAGE | {"end_frame": "v1/end.png"}
    able = payload_of("kwaivgi/kling-v2.5-turbo-pro", clip(), files)
    assert able.files == {"start_image": "image", "end_image": "end_frame"} and not able.notes
    unable = payload_of("kwaivgi/kling-v2.6", clip(), files)
    assert unable.files == {"start_image": "image"}
    assert unable.notes == ("kwaivgi/kling-v2.6 ends in no given picture",)


def test_what_a_field_asks_of_another_one_is_kept_and_noted() -> None:
    files = IMAGE | {"end_frame": "v1/end.png"}
    payload = payload_of("kwaivgi/kling-v2.1", clip(), files)
    assert payload.input["mode"] == "pro"
    assert payload.notes == ("kwaivgi/kling-v2.1 takes mode pro here",)


def test_references_go_where_there_is_room_in_their_order() -> None:
    order = BY_KIND["image"]
    files = {f"reference/{n}": f"v1/{n}.png" for n in reversed(range(12))}
    several = payload_of("google/nano-banana", order, files)
    assert several.files["image_input"] == tuple(f"reference/{n}" for n in range(10))
    assert several.notes == ("google/nano-banana follows 10 of 12 pictures",)
    one = payload_of("black-forest-labs/flux-kontext-pro", order, files)
    assert one.files["input_image"] == "reference/0"
    none = payload_of("black-forest-labs/flux-schnell", order, files)
    assert none.files == {}
    assert none.notes == ("black-forest-labs/flux-schnell follows no reference pictures",)


def test_a_list_of_pictures_stays_a_list_with_one_in_it() -> None:
    payload = payload_of("qwen/qwen-image-edit-plus", BY_KIND["image"], {"reference/0": "v1/0.png"})
    assert payload.complete({"reference/0": "https://files.test/0"})["image"] == [
        "https://files.test/0"
    ]


def test_an_image_with_references_goes_to_a_model_that_follows_them_first() -> None:
    order = BY_KIND["image"]
    plain = choose(job(order, models=("draft",)), order)
    followed = choose(job(order, {"reference/0": "v1/0.png"}, models=("draft",)), order)
    assert plain[0].name == "black-forest-labs/flux-schnell"
    assert followed[0].name == "bytedance/seedream-4"
    assert {each.name for each in plain} == {each.name for each in followed}


def test_a_model_that_a_request_names_comes_first_whatever_it_lacks() -> None:
    order = BY_KIND["image"]
    named = job(order, {"reference/0": "v1/0.png"}, models=("black-forest-labs/flux-schnell",))
    assert choose(named, order)[0].name == "black-forest-labs/flux-schnell"


def test_a_clip_without_a_picture_goes_to_models_that_start_from_words() -> None:
    chosen = choose(job(clip(), models=("draft",)), clip())
    assert chosen[0].name == "prunaai/p-video", "the draft model needs a picture"
    assert build(job(clip()), clip(), chosen[0]).files == {}


def test_a_model_that_needs_a_picture_refuses_to_start_from_words() -> None:
    with pytest.raises(PermanentError, match=r"start_image: is required \(first_frame\)"):
        payload_of("kwaivgi/kling-v2.1", clip())


def test_words_need_a_recording() -> None:
    order = WordsOrder(text="a fox")
    wanted = read_wanted(job(order, {"recording": "v1/voice.wav"}), order)
    assert fill(choose_for(wanted)[0], wanted).files == {"audio_file": "recording"}
    with pytest.raises(PermanentError, match=r"audio_file: is required \(recording\)"):
        choose_for(read_wanted(job(order), order))


def test_an_unknown_model_of_a_request_lists_what_there_is() -> None:
    with pytest.raises(BadInput, match=r"“veo” is no model; for clip, ask for draft"):
        choose(job(clip(), IMAGE, models=("veo",)), clip())


def test_a_job_that_no_model_does_is_said_to_be_one() -> None:
    cut = CutOrder(width=1, height=1, frames=1, seconds=1, title="", segments=())
    with pytest.raises(PermanentError, match="“cut”"):
        read_wanted(job(cut), cut)


# ── lengths, shapes, sizes ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "seconds", "field", "value"),
    [
        ("kwaivgi/kling-v2.5-turbo-pro", 3.0, "duration", 5),
        ("kwaivgi/kling-v2.5-turbo-pro", 5.0, "duration", 5),
        # one frame more, which a continuous chunk has: it is not worth five seconds
        ("kwaivgi/kling-v2.5-turbo-pro", 5.033333, "duration", 5),
        ("kwaivgi/kling-v2.5-turbo-pro", 5.5, "duration", 10),
        ("wan-video/wan-2.2-i2v-fast", 5.033333, "num_frames", 81),
        ("wan-video/wan-2.2-i2v-fast", 6.5, "num_frames", 103),
        ("bytedance/seedance-1-lite", 1.0, "duration", 4),
        ("bytedance/seedance-1-lite", 7.2, "duration", 8),
        ("google/veo-3.1", 6.0, "duration", 6),
        ("lightricks/ltx-video", 5.0, "length", 129),
    ],
)
def test_the_shortest_length_that_is_long_enough_is_asked_for(
    name: str, seconds: float, field: str, value: int
) -> None:
    payload = payload_of(name, clip(seconds=seconds), IMAGE)
    assert payload.input[field] == value
    assert payload.notes == ()


def test_more_than_the_longest_is_the_longest_with_a_note() -> None:
    payload = payload_of("google/veo-3.1", clip(seconds=20.0), IMAGE)
    assert payload.input["duration"] == 8
    assert payload.notes == ("google/veo-3.1 makes 8 s at most, not 20 s",)
    fixed = payload_of("minimax/video-01", clip(seconds=9.0), IMAGE)
    assert fixed.notes == ("minimax/video-01 makes 6 s at most, not 9 s",)


@given(st.floats(0.1, 60), st.sampled_from(CATALOG.of_kind("clip")))
def test_no_shorter_length_would_do(seconds: float, chosen: Model) -> None:
    name = chosen.field_for("seconds")
    if name is None:
        return
    field = chosen.fields[name]
    length = choose_length(field, seconds)
    allowed = field.enum or range(int(field.least or 0), int(field.most or 0) + 1)
    enough = [each for each in allowed if each / field.a_second >= seconds - 0.1 - 1e-9]
    assert length == (min(enough) if enough else max(allowed))


def test_music_is_asked_for_in_the_units_of_its_field() -> None:
    order = MusicOrder(prompt="a fox", style="noir", seconds=30.0, seed=1)
    assert payload_of("elevenlabs/music", order).input["music_length_ms"] == 29_900
    assert payload_of("stability-ai/stable-audio-2.5", order).input["duration"] == 30


@pytest.mark.parametrize(
    ("size", "aspect"), [((720, 1280), "9:16"), ((1920, 1080), "16:9"), ((720, 720), "1:1")]
)
def test_the_shape_of_the_video_is_asked_for(size: tuple[int, int], aspect: str) -> None:
    order = ImageOrder(
        prompt="a fox", index=0, total=1, style="noir", seed=1, width=size[0], height=size[1]
    )
    for chosen in CATALOG.of_kind("image"):
        if not chosen.needs("references"):
            payload = build(job(order), order, chosen)
            assert payload.input["aspect_ratio"] == aspect and not payload.notes


def test_a_shape_that_is_not_offered_is_the_nearest_one_with_a_note() -> None:
    square = clip(width=720, height=720)
    payload = payload_of("google/veo-3.1", square)
    assert payload.input["aspect_ratio"] in ("16:9", "9:16")
    assert "which is nearest to 720x720" in payload.notes[0]
    # from a picture, its own shape counts
    assert payload_of("google/veo-3.1", square, IMAGE).notes == ()


@pytest.mark.parametrize(
    ("name", "height", "field", "value"),
    [
        ("bytedance/seedance-1-lite", 720, "resolution", "720p"),
        ("bytedance/seedance-1-lite", 1080, "resolution", "1080p"),
        ("minimax/hailuo-02", 720, "resolution", "768p"),
        ("kwaivgi/kling-v3-video", 720, "mode", "standard"),
        ("kwaivgi/kling-v3-video", 1080, "mode", "pro"),
    ],
)
def test_the_smallest_size_that_is_large_enough_is_asked_for(
    name: str, height: int, field: str, value: str
) -> None:
    order = clip(width=height, height=height * 16 // 9)
    payload = payload_of(name, order, IMAGE)
    assert payload.input[field] == value and not payload.notes


def test_a_size_that_is_not_offered_is_the_largest_one_with_a_note() -> None:
    payload = payload_of("wan-video/wan-2.2-i2v-fast", clip(width=1080, height=1920), IMAGE)
    assert payload.input["resolution"] == "720p"
    assert payload.notes == ("wan-video/wan-2.2-i2v-fast makes 720p at most, not 1080p",)


def test_ten_seconds_cost_hailuo_its_largest_size() -> None:
    order = clip(seconds=9.0, width=1080, height=1920)
    payload = payload_of("minimax/hailuo-02", order, IMAGE)
    assert (payload.input["duration"], payload.input["resolution"]) == (10, "768p")
    assert payload.notes == ("minimax/hailuo-02 takes resolution 768p here",)


def test_sound_is_off_unless_asked_for_and_noted_where_there_is_none() -> None:
    silent, loud = clip(), clip(sound=True)
    assert payload_of("google/veo-3.1", silent, IMAGE).input["generate_audio"] is False
    assert payload_of("google/veo-3.1", loud, IMAGE).input["generate_audio"] is True
    assert payload_of("minimax/hailuo-02", loud, IMAGE).notes == (
        "minimax/hailuo-02 makes no sound",
    )


def test_several_pictures_are_one_run_where_the_model_makes_several_and_else_noted() -> None:
    three = BY_KIND["image"].model_copy(update={"count": 3})
    payload = payload_of("black-forest-labs/flux-schnell", three)
    assert (payload.input["num_outputs"], payload.notes) == (3, ())
    assert ceiling(payload) == 3 * (ceiling(payload_of(payload.model.name, BY_KIND["image"])) or 0)
    one = payload_of("bytedance/seedream-4", three)
    assert "bytedance/seedream-4 makes one picture at a time" in one.notes


# ── texts ───────────────────────────────────────────────────────────────────────────────────────


def test_a_prompt_that_is_too_long_ends_at_a_word_and_is_noted() -> None:
    payload = payload_of("kwaivgi/kling-v2.6", clip(prompt="a quick fox " * 400), IMAGE)
    prompt = payload.input["prompt"]
    assert 2_480 < len(prompt) <= 2_500 and prompt.split()[-1] in ("a", "quick", "fox")
    assert payload.notes == ("kwaivgi/kling-v2.6 reads the first 2500 letters of the prompt",)


def test_words_that_will_be_heard_are_never_shortened() -> None:
    order = VoiceOrder(text="word " * 2_100, style="noir", seconds=600.0)
    with pytest.raises(PermanentError, match="text: has 10499 letters, but may have 10000"):
        payload_of("minimax/speech-2.6-turbo", order)


def test_a_text_that_is_too_long_for_one_model_goes_to_one_that_takes_it() -> None:
    order = VoiceOrder(text="word " * 1_500, style="noir", seconds=600.0)
    chosen = choose(job(order, models=("elevenlabs/v3",)), order)
    assert [each.name for each in chosen] == ["elevenlabs/turbo-v2.5"]


def test_a_text_of_nothing_is_refused() -> None:
    with pytest.raises(PermanentError, match=r"text: is required \(prompt\)"):
        payload_of("jaaari/kokoro-82m", VoiceOrder(text="  ", style="noir", seconds=2.0))


def test_what_a_store_could_not_hold_is_not_sent_either() -> None:
    with pytest.raises(PermanentError, match="half of a character"):
        payload_of("google/veo-3.1", clip(prompt="a \ud800 fox"), IMAGE)


def test_a_question_goes_into_the_fields_of_each_language_model() -> None:
    structured = fill(model("openai/gpt-5-structured"), PLAN).input
    assert structured["instructions"] == "You plan short videos"
    assert structured["json_schema"]["format"]["schema"] == {"type": "object"}
    assert structured["max_output_tokens"] == 4_000
    gemini = fill(model("google/gemini-2.5-flash"), PLAN).input
    assert gemini["system_instruction"] == "You plan short videos"
    assert "json_schema" not in gemini and gemini["thinking_budget"] == 0


def test_a_question_about_pictures_goes_to_a_model_that_sees() -> None:
    wanted = want_answer(Question(max_tokens=100), ["product"])
    assert wanted.kind == "vision"
    claude = fill(model("anthropic/claude-4.5-sonnet"), wanted)
    assert claude.files == {"image": "product"}
    assert claude.input["max_tokens"] == 1_024, "the least that it takes"
    assert claude.input["max_image_resolution"] == 2


# ── what is looked at before it is sent ─────────────────────────────────────────────────────────

KLING = {"prompt": "a fox", "start_image": "https://files.test/1"}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown field": ({"image": "https://files.test/1"}, "image: it has no such field"),
    "another type": ({"prompt": 5}, "prompt: must be string, not 5"),
    "a number as text": ({"duration": "5"}, "duration: must be integer, not '5'"),
    "a boolean as a number": ({"duration": True}, "duration: must be integer, not True"),
    "a value that is not offered": ({"duration": 7}, "duration: must be 5 or 10, not 7"),
    "a text that is too long": ({"prompt": "a" * 2_501}, "has 2501 letters, but may have 2500"),
    "nothing in a required field": ({"start_image": ""}, "start_image: is required"),
    "a rule": ({"end_image": "https://files.test/2"}, "mode: must be 'pro' here, not 'standard'"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_an_input_that_the_model_would_misread_is_refused(case: tuple[dict[str, Any], str]) -> None:
    changed, words = case
    check_input(model("kwaivgi/kling-v2.1"), KLING)
    with pytest.raises(PermanentError, match=words) as refusal:
        check_input(model("kwaivgi/kling-v2.1"), KLING | changed)
    assert "kwaivgi/kling-v2.1 can't be run with this" in refusal.value.message


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -0.1, 2.5])
def test_a_number_out_of_its_range_is_refused(number: float) -> None:
    values = {"prompt": "a fox", "max_tokens": 2_000, "max_image_resolution": number}
    with pytest.raises(PermanentError, match="max_image_resolution: must be"):
        check_input(model("anthropic/claude-4.5-sonnet"), values)


def test_all_that_is_wrong_is_told_at_once_and_a_long_value_is_not_repeated() -> None:
    with pytest.raises(PermanentError) as refusal:
        check_input(model("kwaivgi/kling-v2.1"), {"duration": "x" * 5_000, "speed": 1})
    assert len(refusal.value.message) < 400
    for name in ("duration", "speed", "prompt", "start_image"):
        assert f"{name}: " in refusal.value.message


def test_a_file_that_came_to_nothing_is_noticed_before_it_is_sent() -> None:
    payload = payload_of("kwaivgi/kling-v2.1", clip(), IMAGE)
    with pytest.raises(PermanentError, match="start_image: is required"):
        payload.complete({"image": ""})


# ── seeds ───────────────────────────────────────────────────────────────────────────────────────


def test_each_job_has_a_seed_of_its_own_and_keeps_it() -> None:
    places = [{"beat": b, "n": n, "take": t} for b, n, t in product(range(4), range(3), range(3))]
    seeds = [seed_of(job(clip(), None, **place)) for place in places]
    assert len(set(seeds)) == len(seeds)
    assert seeds == [seed_of(job(clip(), None, **place, attempt=7)) for place in places]


def test_another_seed_of_the_brief_and_another_try_give_another_seed() -> None:
    first = job(clip())
    assert seed_of(first) != seed_of(job(clip(seed=4)))
    assert seed_of(first) != seed_of(job(clip(), tries=1)), "what was refused by chance may pass"


@given(st.integers(0, MOST), st.integers(-100, 100), st.integers(0, 10_000))
def test_a_seed_lies_within_its_range(seed: int, least: int, span: int) -> None:
    assert 0 <= seed_of(job(clip(seed=seed))) <= MOST
    assert least <= seed_of(job(clip(seed=seed)), least, least + span) <= least + span


def test_two_clips_of_one_prompt_send_different_inputs_where_the_model_takes_a_seed() -> None:
    chosen = model("wan-video/wan-2.2-i2v-fast")
    one, other = (build(job(clip(), IMAGE, n=n), clip(), chosen).input for n in (0, 1))
    assert one["seed"] != other["seed"]
    assert {**one, "seed": 0} == {**other, "seed": 0}


def test_a_seed_is_brought_into_the_range_of_its_field() -> None:
    chosen = model("wan-video/wan-2.2-i2v-fast")
    narrow = ModelField(type="integer", use="seed", least=1, most=10)
    small = chosen.model_copy(update={"fields": {**chosen.fields, "seed": narrow}})
    seeds = {build(job(clip(), IMAGE, n=n), clip(), small).input["seed"] for n in range(60)}
    assert seeds == set(range(1, 11))
