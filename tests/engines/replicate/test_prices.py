"""What a run may cost, and what it came to: exact, and never silently nothing."""

import logging
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.engines.replicate.catalog import load
from shared.engines.replicate.models import Model
from shared.engines.replicate.payload import Payload, build, fill
from shared.engines.replicate.prices import ceiling, count_most, price
from shared.engines.replicate.wanted import read_wanted, want_answer
from shared.jobs.job import Job
from shared.story.errors import PermanentError
from shared.story.kinds import ClipOrder, Order, VoiceOrder, WordsOrder
from tests.engines.replicate.orders import BY_KIND, LOOK, PLAN, Question, job, jobs

CATALOG = load()
FILES = {"image": "v1/image.png"}


def paid(name: str, order: Order | None = None, **changed: Any) -> Payload:
    """Return the payload of a clip, or of another order, at a model."""
    found = CATALOG.model(name)
    assert found is not None
    if order is None:
        values = {"chunk": 0, "kind": "reference", "prompt": "A fox", "seconds": 5.0, **LOOK}
        order = ClipOrder.model_validate(values | changed)
    return build(job(order, FILES), order, found)


# ── ceilings ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "changed", "micros"),
    [
        ("wan-video/wan-2.2-i2v-fast", {}, 110_000),
        ("wan-video/wan-2.2-i2v-fast", {"width": 480, "height": 854}, 50_000),
        ("kwaivgi/kling-v2.5-turbo-pro", {}, 350_000),
        ("kwaivgi/kling-v2.5-turbo-pro", {"seconds": 8.0}, 700_000),
        ("bytedance/seedance-1-lite", {}, 180_000),
        ("bytedance/seedance-1-lite", {"width": 1080, "height": 1920}, 360_000),
        ("google/veo-3.1", {"seconds": 8.0}, 1_600_000),
        ("google/veo-3.1", {"seconds": 8.0, "sound": True}, 3_200_000),
        ("kwaivgi/kling-v3-video", {}, 840_000),
        ("kwaivgi/kling-v3-video", {"sound": True}, 2_100_000),
        ("minimax/hailuo-2.3-fast", {}, 190_000),
        ("minimax/hailuo-2.3-fast", {"seconds": 9.0}, 320_000),
        ("minimax/hailuo-2.3-fast", {"width": 1080, "height": 1920}, 330_000),
        ("minimax/video-01", {}, 500_000),
        ("prunaai/p-video", {"seconds": 6.0}, 120_000),
        ("lightricks/ltx-video", {}, 292_500),  # 300 s of an L40S
    ],
)
def test_a_clip_costs_its_tier_times_its_length(
    name: str, changed: dict[str, Any], micros: int
) -> None:
    assert ceiling(paid(name, **changed)) == micros


@pytest.mark.parametrize(
    ("kind", "name", "micros"),
    [
        ("image", "black-forest-labs/flux-schnell", 3_000),
        ("image", "google/nano-banana-pro", 150_000),
        ("voice", "minimax/speech-2.6-turbo", 660),  # eleven letters
        ("voice", "elevenlabs/v3", 1_100),
        ("voice", "jaaari/kokoro-82m", 40_500),  # 180 s
        ("music", "google/lyria-2", 66_000),
        ("music", "stability-ai/stable-audio-2.5", 200_000),
        ("music", "elevenlabs/music", 248_170),
    ],
)
def test_other_kinds_cost_what_they_are_counted_by(kind: str, name: str, micros: int) -> None:
    assert ceiling(paid(name, BY_KIND[kind])) == micros


def test_a_language_model_costs_its_longest_answer_and_every_byte_it_reads() -> None:
    gpt = CATALOG.model("openai/gpt-5")
    assert gpt is not None
    short, long = (fill(gpt, want_answer(Question(user=t, schema={}))) for t in ("a", "ä" * 1_000))
    answer = 4_000 * 10
    assert answer < (ceiling(short) or 0) < answer + 200
    assert (ceiling(long) or 0) - (ceiling(short) or 0) == pytest.approx(1_999 * 1.25, abs=1)


def test_pictures_that_a_language_model_looks_at_are_counted() -> None:
    claude = CATALOG.model("anthropic/claude-4.5-sonnet")
    assert claude is not None
    blind, seeing = (fill(claude, want_answer(Question(schema={}), p)) for p in ([], ["product"]))
    assert (ceiling(seeing) or 0) - (ceiling(blind) or 0) == 2_800 * 3


def test_a_model_without_a_price_has_no_ceiling_and_so_is_not_run() -> None:
    found = CATALOG.model("google/veo-3.1")
    assert found is not None
    free = found.model_copy(update={"price": ()})
    order = ClipOrder.model_validate(
        {"chunk": 0, "kind": "reference", "prompt": "A fox", "seconds": 5.0, **LOOK}
    )
    assert ceiling(build(job(order, FILES), order, free)) is None


@given(jobs(), st.data())
def test_every_payload_has_a_ceiling_above_nothing(
    drawn: tuple[Job, Order], data: st.DataObject
) -> None:
    made, order = drawn
    chosen = data.draw(st.sampled_from(CATALOG.of_kind(read_wanted(made, order).kind)))
    try:
        payload = build(made, order, chosen)
    except PermanentError:
        return
    most = ceiling(payload)
    assert most is not None and most > 0
    assert price(payload, None) == price(payload, {}) == most, "what nobody tells is the most"


@pytest.mark.parametrize("name", ["openai/gpt-5-structured", "google/gemini-2.5-flash"])
def test_plans_have_a_ceiling(name: str) -> None:
    found = CATALOG.model(name)
    assert found is not None
    assert 0 < (ceiling(fill(found, PLAN)) or 0) < 100_000


def test_the_times_of_words_have_a_ceiling() -> None:
    for found in CATALOG.of_kind("words"):
        asked = job(WordsOrder(text="a fox"), {"recording": "v1/voice.wav"})
        assert ceiling(build(asked, WordsOrder(text="a fox"), found)) == 168_000  # 120 s of an A100


# ── what it came to ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "metrics", "micros"),
    [
        ("wan-video/wan-2.2-i2v-fast", {"video_output_count": 1, "predict_time": 40.1}, 110_000),
        ("kwaivgi/kling-v2.5-turbo-pro", {"video_output_duration_seconds": 5}, 350_000),
        ("kwaivgi/kling-v2.5-turbo-pro", {"video_output_duration_seconds": 5.04}, 352_800),
        ("lightricks/ltx-video", {"predict_time": 10.5}, 10_238),  # 10237.5, never rounded down
        ("google/veo-3.1", {"video_output_duration_seconds": 6, "with_audio": False}, 1_200_000),
        # it was billed with its sound, whatever was asked for
        ("google/veo-3.1", {"video_output_duration_seconds": 6, "with_audio": True}, 2_400_000),
        (
            "bytedance/seedance-1-lite",
            {"video_output_duration_seconds": 5, "resolution_target": "1080p"},
            360_000,
        ),
        (
            "bytedance/seedance-1-lite",
            {"video_output_duration_seconds": 5, "resolution_target": "HD"},
            180_000,
        ),
    ],
)
def test_a_run_costs_what_its_metrics_say(name: str, metrics: dict[str, Any], micros: int) -> None:
    assert price(paid(name), metrics) == micros


def test_a_question_costs_what_was_read_and_said() -> None:
    gpt = CATALOG.model("openai/gpt-5-structured")
    assert gpt is not None
    metrics = {"token_input_count": 1_000, "token_output_count": 500}
    assert price(fill(gpt, PLAN), metrics) == 1_250 + 5_000


def test_what_is_over_is_rounded_up_once_as_on_the_bill() -> None:
    gemini = CATALOG.model("google/gemini-2.5-flash")
    assert gemini is not None
    # 0.3 and 2.5 micro-dollars: 2.8 together, though 1 and 3 each by itself
    assert price(fill(gemini, PLAN), {"token_input_count": 1, "token_output_count": 1}) == 3


ODD = (None, "5", True, -1, float("nan"), float("inf"), [5])


@pytest.mark.parametrize(
    "metrics",
    [None, {}, {"predict_time": 3.0}, *({"video_output_duration_seconds": odd} for odd in ODD)],
)
def test_metrics_that_are_missing_or_odd_cost_the_most_and_are_told(
    metrics: dict[str, Any] | None, caplog: pytest.LogCaptureFixture
) -> None:
    payload = paid("kwaivgi/kling-v2.5-turbo-pro")
    with caplog.at_level(logging.WARNING):
        assert price(payload, metrics) == ceiling(payload) == 350_000
    assert "did not tell its video_output_duration_seconds" in caplog.text


def test_only_the_part_that_is_not_told_counts_as_the_most(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gpt = CATALOG.model("openai/gpt-5-structured")
    assert gpt is not None
    payload = fill(gpt, PLAN)
    with caplog.at_level(logging.WARNING):
        cost = price(payload, {"token_input_count": 1_000})
    assert cost == 1_250 + 4_000 * 10
    assert "token_output_count" in caplog.text and "token_input_count" not in caplog.text


def test_a_run_without_an_output_costs_what_it_counted() -> None:
    clip, voice = paid("kwaivgi/kling-v2.5-turbo-pro"), paid("elevenlabs/v3", BY_KIND["voice"])
    assert price(clip, {"predict_time": 3.0}, has_output=False) == 0
    assert price(clip, {"video_output_duration_seconds": 5}, has_output=False) == 350_000
    assert price(voice, {"character_input_count": 5}, has_output=False) == 500
    hardware = paid("lightricks/ltx-video")
    assert price(hardware, {"predict_time": 2}, has_output=False) == 1_950
    assert price(hardware, {"total_time": 9}, has_output=False) == 0, "it never began"


@pytest.mark.parametrize("name", ["kwaivgi/kling-v2.5-turbo-pro", "lightricks/ltx-video"])
def test_a_run_without_an_output_that_tells_nothing_costs_the_most(name: str) -> None:
    assert price(paid(name), {}, has_output=False) == ceiling(paid(name))


@pytest.mark.parametrize("metric", ["token_input_count", "character_input_count"])
def test_letters_may_be_told_as_tokens(metric: str) -> None:
    voice = paid("minimax/speech-2.6-turbo", BY_KIND["voice"])
    assert price(voice, {metric: 100}) == 6_000


def test_a_voice_of_many_letters_is_priced_by_its_letters() -> None:
    order = VoiceOrder(text="ä" * 1_000, style="noir", seconds=60.0)
    assert count_most(paid("elevenlabs/v3", order), "character_input_count") == 1_000
    # a token may be as short as a byte
    assert count_most(paid("minimax/speech-2.6-turbo", order), "token_input_count") == 2_000


@given(
    st.sampled_from(CATALOG.of_kind("clip")),
    st.floats(0, 1, allow_nan=False),
)
def test_a_run_within_its_limits_never_costs_more_than_its_ceiling(
    chosen: Model, share: float
) -> None:
    payload = paid(chosen.name)
    metrics = {
        name: float(count_most(payload, name) * Decimal(str(share)))
        for name in ("predict_time", "video_output_count", "video_output_duration_seconds")
        if name != "video_output_duration_seconds" or chosen.has("seconds") or chosen.seconds
    }
    most = ceiling(payload)
    assert most is not None
    assert 0 <= price(payload, metrics) <= most


def test_money_is_exact_where_floats_are_not() -> None:
    payload = paid("wan-video/wan-2.2-i2v-fast")
    assert sum(price(payload, {"video_output_count": 1}) for _ in range(1_000)) == 110_000_000
