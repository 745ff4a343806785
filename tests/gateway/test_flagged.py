"""What a provider has refused for what it shows is not sent again as it is, whoever asks for it."""

from typing import Any

import pytest

from services.gateway.read.actions import Action
from shared.story.events import BeatsPlanned, Event
from shared.story.kinds import CLIP, IMAGE, VOICE, AnyKind
from tests.gateway.conftest import Api
from tests.gateway.test_beats import answered, ask, requests_of
from tests.gateway.test_http import is_problem
from tests.histories import broken, done, full_plan, images, sounds, spec


def refused(plan: BeatsPlanned, kind: AnyKind, n: int = 0, code: str = "flagged") -> Event:
    lost = broken(spec(plan, kind, beat=1, n=n), "it is refused as sensitive")
    return lost.model_copy(update={"code": code, "at_fault": "prompt"})


async def told(api: Api, kind: AnyKind, n: int = 0, code: str = "flagged") -> str:
    """A video of which one thing of beat 1 was refused, and the rest of its storyboard is there."""
    made = await api.make()
    plan = full_plan(video_id=made)
    job = kind.job(plan, beat=1, n=n)
    others = [end for end in (*images(plan), *sounds(plan)) if getattr(end, "job", "") != job]
    await api.tell([plan, *others, refused(plan, kind, n, code)])
    return made


@pytest.mark.parametrize(
    ("kind", "n", "action", "body"),
    [
        (CLIP, 2, Action.REGENERATE, {"what": "clip"}),
        (CLIP, 2, Action.EDIT, {"duration": 9.0}),
        (IMAGE, 0, Action.REGENERATE, {"what": "image"}),
        (IMAGE, 0, Action.REGENERATE, {"what": "all"}),
        (VOICE, 0, Action.REGENERATE, {"what": "voice"}),
    ],
)
async def test_another_take_of_the_same_is_refused_and_the_input_named(
    api: Api, kind: AnyKind, n: int, action: Action, body: dict[str, Any]
) -> None:
    made = await told(api, kind, n)
    for params in ({}, {"dry_run": True}):
        answer = await ask(api, made, action, body, params=params)
        said = is_problem(answer, 409, "not-in-this-status")["detail"]
        assert "(its prompt)" in said and "change the words or the picture first" in said
    assert not await requests_of(api, made)


@pytest.mark.parametrize(
    ("kind", "n", "action", "body"),
    [
        (CLIP, 2, Action.EDIT, {"prompt": "A kinder scene."}),
        (CLIP, 2, Action.EDIT, {"prompt": "A kinder scene.", "duration": 9.0}),
        (CLIP, 2, Action.REGENERATE, {"what": "image"}),
        (CLIP, 2, Action.EDIT, {"narration": "Other words."}),
        (IMAGE, 0, Action.EDIT, {"prompt": "A kinder scene."}),
        (IMAGE, 0, Action.REGENERATE, {"what": "voice"}),
        (VOICE, 0, Action.EDIT, {"narration": "Kinder words."}),
        (VOICE, 0, Action.REGENERATE, {"what": "image"}),
    ],
)
async def test_what_shows_or_says_something_else_is_made(
    api: Api, kind: AnyKind, n: int, action: Action, body: dict[str, Any]
) -> None:
    made = await told(api, kind, n)
    answer = await ask(api, made, action, body)
    assert answer.status_code == 202, answer.text


@pytest.mark.parametrize("kind", [IMAGE, VOICE])
@pytest.mark.parametrize("change", ["{}\u200b", "{}\u00ad", "upper"])
async def test_what_reads_the_same_is_not_sent_again(api: Api, kind: AnyKind, change: str) -> None:
    made = await told(api, kind)
    view = await api.app.shell("gateway").view(made)
    assert view is not None
    [plan] = view.all(BeatsPlanned)
    field = "narration" if kind is VOICE else "prompt"
    words = getattr(plan.beats[1], field)
    said = words.upper() if change == "upper" else change.format(words)
    answer = await ask(api, made, Action.EDIT, {field: said})
    assert "(its prompt)" in is_problem(answer, 409, "not-in-this-status")["detail"]


async def test_what_failed_for_another_reason_is_made_again(api: Api) -> None:
    made = await told(api, CLIP, 2, code="timeout")
    answer = await ask(api, made, Action.REGENERATE, {"what": "clip"})
    assert answer.status_code == 202, answer.text


async def test_a_take_that_was_refused_counts_though_an_earlier_one_was_made(api: Api) -> None:
    made = await told(api, VOICE, code="timeout")
    await ask(api, made, Action.REGENERATE, {"what": "image"})
    await api.tell([refused(await answered(api, made), IMAGE)])
    answer = await ask(api, made, Action.CHOOSE, {"kind": "image", "take": 0})
    assert answer.status_code == 202, answer.text
    await answered(api, made)
    again = await ask(api, made, Action.REGENERATE, {"what": "image"})
    assert "(its prompt)" in is_problem(again, 409, "not-in-this-status")["detail"]


async def test_words_that_were_refused_are_not_sent_again_once_they_are_put_back(api: Api) -> None:
    made = await told(api, IMAGE)
    view = await api.app.shell("gateway").view(made)
    assert view is not None
    [plan] = view.all(BeatsPlanned)
    await ask(api, made, Action.EDIT, {"prompt": "A kinder scene."})
    kinder = await answered(api, made)
    await api.tell([done(spec(kinder, IMAGE, beat=1))])
    await ask(api, made, Action.EDIT, {"prompt": plan.beats[1].prompt})
    back = await answered(api, made)
    assert IMAGE.job(back, beat=1) == IMAGE.job(plan, beat=1), "the take that was refused"
    again = await ask(api, made, Action.REGENERATE, {"what": "image"})
    assert is_problem(again, 409, "not-in-this-status")


async def test_a_clip_that_was_skipped_does_not_come_back_as_it_was_refused(api: Api) -> None:
    made = await told(api, CLIP, 2)
    skip = {"step": "clip", "chunk": 2}
    assert (await api.http.post(f"/v1/videos/{made}/skip", json=skip)).status_code == 202
    await answered(api, made)
    back = await api.http.post(f"/v1/videos/{made}/skip", json={**skip, "back": True})
    assert "clip 2 (its prompt)" in is_problem(back, 409, "not-in-this-status")["detail"]
    edited = await ask(api, made, Action.EDIT, {"prompt": "A kinder scene."})
    assert edited.status_code == 202, edited.text
    assert not (await answered(api, made)).skipped
