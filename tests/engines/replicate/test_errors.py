"""What the provider's errors mean for a job, and what a user is told of them."""

from typing import Any

import pytest

from shared.engines.replicate.errors import Asked, judge_failure, judge_refusal

CLIP = Asked(
    "kwaivgi/kling-v2.5-turbo-pro",
    {"prompt": "prompt", "start_image": "image", "reference_images": "reference"},
)

FLAGGED = "The input or output was flagged as sensitive. Please try again with different inputs."


def refuse(status: int, body: Any = None, wait: float | None = None) -> Any:
    return judge_refusal(status, body or {}, wait, CLIP)


# ── refusals ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("status", [408, 499, 500, 502, 503, 504])
def test_what_may_have_been_accepted_is_no_refusal(status: int) -> None:
    assert refuse(status, {"detail": FLAGGED}) is None


def test_a_full_provider_is_left_alone_for_as_long_as_it_says() -> None:
    refused = refuse(429, wait=30)
    assert (refused.why, refused.code, refused.seconds) == ("busy", "rate_limited", 30)
    assert refuse(429).seconds == 5


def test_the_rate_of_an_account_without_credit_is_learnt_from_its_words() -> None:
    words = (
        "Request was throttled. Your rate limit for creating predictions is reduced to 6 requests "
        "per minute with a burst of 1 requests while you have less than $5.0 in credit. "
        "Your rate limit resets in ~9s."
    )
    assert refuse(429, {"detail": words}, 9).creates_a_minute == 6
    assert refuse(429, {"detail": "Request was throttled."}).creates_a_minute is None


@pytest.mark.parametrize(
    ("status", "code", "help_"),
    [
        (401, "auth", "REPLICATE_API_TOKEN"),
        (403, "auth", "REPLICATE_API_TOKEN"),
        (402, "quota", "add some"),
    ],
)
def test_a_refused_account_is_no_fault_of_the_job_and_says_what_to_do(
    status: int, code: str, help_: str
) -> None:
    refused = refuse(status, {"title": "Unauthenticated"})
    assert (refused.why, refused.code) == ("account", code)
    assert refused.seconds >= 60
    assert help_ in refused.error


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, {"detail": "The requested resource could not be found."}),
        (422, {"title": "Invalid version or not permitted"}),
        (410, {}),
    ],
)
def test_a_model_that_is_gone_is_left_for_the_next_one(status: int, body: dict[str, Any]) -> None:
    assert refuse(status, body).why == "model"


def wrong(*fields: str) -> dict[str, Any]:
    return {
        "title": "Input validation failed",
        "invalid_fields": [
            {"type": "required", "field": field, "description": "must be something else"}
            for field in fields
        ],
    }


def test_an_input_of_the_users_that_is_refused_is_named_as_he_knows_it() -> None:
    refused = refuse(422, wrong("input.start_image"))
    assert (refused.why, refused.code, refused.at_fault) == ("input", "bad_input", "image")
    assert "its image: must be something else" in refused.error


@pytest.mark.parametrize("fields", [("input.duration",), ("input.prompt", "input.duration"), ()])
def test_what_our_catalog_has_wrong_is_left_for_the_next_model(fields: tuple[str, ...]) -> None:
    refused = refuse(422, wrong(*fields))
    assert (refused.why, refused.code) == ("model", "bad_input")


def test_a_refused_webhook_is_the_settings_fault_and_no_jobs() -> None:
    refused = refuse(422, wrong("webhook"))
    assert refused.why == "account"
    assert "STORYWAVE_PUBLIC_URL" in refused.error


def test_a_flagged_input_is_refused_for_good_and_named() -> None:
    refused = refuse(422, {"detail": f"{FLAGGED} (E005)"})
    assert (refused.why, refused.code, refused.at_fault) == ("input", "flagged", "prompt")


@pytest.mark.parametrize(
    "body",
    [{"invalid_fields": "no list"}, {"invalid_fields": [None, 3]}, {"detail": 7, "title": None}],
)
def test_an_answer_of_any_shape_is_a_refusal(body: dict[str, Any]) -> None:
    assert refuse(422, body).why == "model"


# ── ends of runs ────────────────────────────────────────────────────────────────────────────────


def wrapped(code: str) -> str:
    return f"Director: unexpected error handling prediction ({code})"


AGAIN = [
    "Prediction interrupted; please retry (code: PA)",
    wrapped("E1000"),
    wrapped("E6716"),
    wrapped("E8367"),
    wrapped("E8765"),
    wrapped("E7777"),
    "Service is currently unavailable due to high demand. (E003)",
    "Upstream is busy (E004)",
    "list index out of range",
    "",
]


@pytest.mark.parametrize("error", AGAIN)
def test_trouble_at_the_provider_is_worth_the_usual_tries(error: str) -> None:
    ended = judge_failure(error, CLIP)
    assert not (ended.permanent or ended.retired)
    assert ended.most_tries is None
    assert CLIP.model in ended.error


@pytest.mark.parametrize("error", [wrapped("E9243"), wrapped("E9825")])
def test_what_is_often_the_inputs_fault_is_tried_once_more(error: str) -> None:
    ended = judge_failure(error, CLIP)
    assert ended.most_tries == 2
    assert not ended.permanent


@pytest.mark.parametrize(
    "error",
    [
        "CUDA out of memory. Tried to allocate 2.00 GiB",
        wrapped("E1001"),
        "This model's key was refused (E001)",
        "This model has run out of credit (E002)",
    ],
)
def test_what_this_model_will_never_do_is_left_for_the_next_one(error: str) -> None:
    ended = judge_failure(error, CLIP)
    assert ended.retired
    assert not ended.permanent


@pytest.mark.parametrize(
    ("error", "at_fault"),
    [
        (f"{FLAGGED} (E005)", "prompt"),
        ("Failure to pass the risk control system", "prompt"),
        ("The input image was flagged as sensitive (E005)", "image"),
        ("Your reference was flagged as sensitive", "reference"),
    ],
)
def test_a_flagged_input_is_never_sent_again_and_named(error: str, at_fault: str) -> None:
    ended = judge_failure(error, CLIP)
    assert (ended.code, ended.permanent, ended.at_fault) == ("flagged", True, at_fault)
    assert f"the {at_fault}" in ended.error


def test_what_was_drawn_against_the_rules_is_tried_once_more() -> None:
    ended = judge_failure("NSFW content detected. Try running it again, or another prompt", CLIP)
    assert (ended.code, ended.most_tries, ended.permanent) == ("flagged", 2, False)


def test_a_run_without_an_address_to_call_is_the_settings_fault() -> None:
    ended = judge_failure(wrapped("E4875"), CLIP)
    assert ended.permanent
    assert "STORYWAVE_PUBLIC_URL" in ended.error


def test_users_are_told_no_paths_and_no_addresses() -> None:
    words = "No such file: '/src/weights/model.bin' see https://internal.example/x?key=secret"
    said = judge_failure(words, CLIP).error
    assert "/src/weights" not in said
    assert "secret" not in said
    assert len(judge_failure("x" * 10_000, CLIP).error) < 300
