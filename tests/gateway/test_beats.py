"""Changes of one beat over the API: what is asked for, what it would cost, and what is refused."""

from typing import Any

import httpx
import pytest

from services.gateway.read.actions import ALLOWED, Action, Status
from shared.jobs.outcomes import Quote
from shared.jobs.relay import OUTBOX
from shared.runtime.terms import Terms
from shared.story.brief import OwnBeat
from shared.story.events import BeatsPlanned, Event, RevisionRequested
from shared.story.kinds import CLIP, KINDS
from shared.story.revise import revise
from shared.story.view import JobSpec
from tests.gateway.conftest import Api, open_api
from tests.gateway.keyed import open_keyed
from tests.gateway.test_http import is_problem
from tests.gateway.test_wishes import histories
from tests.histories import completed, full_plan, images, sounds, whole

CHANGES: dict[Action, tuple[str, str, Any]] = {
    Action.EDIT: ("PATCH", "", {"narration": "Other words."}),
    Action.REGENERATE: ("POST", "/regenerate", {"what": "image"}),
    Action.SKIP: ("POST", "/skip", None),
    Action.CHOOSE: ("POST", "/choose", {"kind": "image", "take": 0}),
}


async def ask(
    api: Api, video: str, action: Action, body: Any = None, beat: int = 1, **more: Any
) -> httpx.Response:
    method, path, usual = CHANGES[action]
    url = f"/v1/videos/{video}/beats/{beat}{path}"
    return await api.http.request(method, url, json=usual if body is None else body, **more)


async def finished(api: Api, **asked: object) -> str:
    made = await api.make(**asked)
    await api.tell(whole(full_plan(video_id=made)))
    return made


async def requests_of(api: Api, video: str) -> list[dict[str, Any]]:
    rows = await api.app.ports.store.find(OUTBOX, {"name": RevisionRequested.__name__})
    return [row["body"] for row in rows if row["body"]["video_id"] == video]


async def answered(api: Api, video: str) -> BeatsPlanned:
    """The planner has answered all that was asked for."""
    view = await api.app.shell("gateway").view(video)
    assert view is not None
    history = sorted(view.all(BeatsPlanned), key=lambda plan: plan.rev)
    known = {plan.rev for plan in history}
    for asked in sorted(view.all(RevisionRequested), key=lambda each: each.rev):
        if asked.rev not in known:
            history.append(revise(history, asked, KINDS))
            await api.tell([history[-1]])
    return history[-1]


@pytest.mark.parametrize("status", histories("v"))
@pytest.mark.parametrize("action", CHANGES)
async def test_each_change_in_each_status(api: Api, status: Status, action: Action) -> None:
    made = await api.make()
    plan = full_plan(video_id=made)
    facts: list[Event] = [*histories(made)[status]]
    await api.tell([*facts, *([] if status is Status.QUEUED else images(plan))])
    answer = await ask(api, made, action, {"kind": "image", "take": 0} if action is Action.CHOOSE
                       else None)  # fmt: skip
    if action not in ALLOWED[status]:
        said = is_problem(answer, 409, "not-in-this-status")["detail"]
        assert f"The video is {status}" in said and "It allows delete, retry" in said
    elif status is Status.QUEUED:
        said = is_problem(answer, 409, "not-in-this-status")["detail"]
        assert "still being planned" in said
    else:
        assert answer.status_code == 202, answer.text
        is_same = action is Action.CHOOSE  # it has this take: nothing is asked for
        assert len(await requests_of(api, made)) == (not is_same)


async def test_an_edit_is_a_revision_and_the_same_edit_again_is_none(api: Api) -> None:
    made = await finished(api)
    answer = await ask(api, made, Action.EDIT)
    assert (answer.json()["rev"], answer.headers["etag"]) == (2, '"2"')
    plan = await answered(api, made)
    assert plan.beats[1].narration == "Other words."
    assert (await ask(api, made, Action.EDIT)).json()["rev"] == 2
    assert (await ask(api, made, Action.EDIT, {})).json()["rev"] == 2
    assert len(await requests_of(api, made)) == 1


async def test_a_dry_run_names_what_is_made_again_and_asks_for_nothing(api: Api) -> None:
    made = await finished(api)
    answer = await ask(api, made, Action.EDIT, params={"dry_run": True})
    assert answer.status_code == 200
    offer = answer.json()
    names = [(each["kind"], each["item"], each["take"]) for each in offer["stale"]]
    assert names == [("voice", "beat 1", 1), ("conform", "clip 2", 1), ("conform", "clip 3", 1)]
    assert offer["windows"] == [
        {"before": "clip 1", "after": "clip 2"},
        {"before": "clip 3", "after": "clip 4"},
    ]
    assert (offer["rev"], offer["total"], offer["is_within_budget"]) == (2, "0.00", True)
    assert await requests_of(api, made) == []


def price(job: JobSpec) -> Quote:
    """Pictures for a cent, clips for forty."""
    return Quote({"image": 10_000, "clip": 400_000}.get(job.kind, 0), "a/model")


async def test_a_dry_run_has_the_price_of_what_is_stale_and_of_nothing_else(tmp_path: Any) -> None:
    async with open_api(tmp_path, terms=Terms(price)) as api:
        made = await finished(api, budget="0.85")
        for what, total in (("voice", "0.00"), ("clip", "0.80"), ("image", "0.81")):
            answer = await ask(
                api, made, Action.REGENERATE, {"what": what}, params={"dry_run": True}
            )
            offer = answer.json()
            assert (offer["total"], offer["is_within_budget"]) == (total, True)
        assert {line["kind"]: line["items"] for line in offer["lines"]}["clip"] == 2


async def test_a_dry_run_counts_what_is_still_to_come_beside_it(tmp_path: Any) -> None:
    async with open_api(tmp_path, terms=Terms(price)) as api:
        for budget, is_within in (("2.41", True), ("2.40", False)):
            made = await api.make(budget=budget)
            plan = full_plan(video_id=made)
            await api.tell([plan, *images(plan)])  # none of its six clips is made yet
            answer = await ask(api, made, Action.REGENERATE, params={"dry_run": True})
            assert answer.json()["total"] == "0.81"
            assert answer.json()["is_within_budget"] is is_within


async def test_old_takes_are_listed_and_chosen_again_for_nothing(api: Api) -> None:
    made = await finished(api)
    await ask(api, made, Action.REGENERATE)
    second = await answered(api, made)
    takes = (await api.http.get(f"/v1/videos/{made}/beats/1/takes")).json()
    kinds = [(t["kind"], t["take"], t["is_chosen"], t["is_ready"]) for t in takes["takes"]]
    assert kinds == [
        ("image", 1, True, False),
        ("image", 0, False, True),
        ("clip", 1, True, False),
        ("clip", 0, False, True),
        ("voice", 0, True, True),
    ]
    await api.tell([*images(second), completed(second)])
    offer = (await ask(api, made, Action.CHOOSE, params={"dry_run": True})).json()
    assert (offer["stale"], offer["windows"] != []) == ([], True)
    assert (await ask(api, made, Action.CHOOSE)).json()["rev"] == 3
    third = await answered(api, made)
    assert CLIP.jobs(third) == CLIP.jobs(full_plan(video_id=made))


async def test_a_take_has_its_files(api: Api) -> None:
    made = await api.make()
    plan = full_plan(video_id=made)
    picture = images(plan)[1].model_copy(update={"key": f"{made}/image/1-0-0-1/key.png"})
    await api.app.ports.blobs.put(picture.key, b"a picture")
    await api.tell([plan, picture])
    (take, *_) = (await api.http.get(f"/v1/videos/{made}/beats/1/takes")).json()["takes"]
    assert (await api.http.get(take["urls"][0])).content == b"a picture"
    is_problem(await api.http.get(f"{take['urls'][0]}1"), 404, "no-such-part")


async def test_who_has_seen_another_plan_is_refused(api: Api) -> None:
    made = await finished(api)
    shown = await api.http.get(f"/v1/videos/{made}/plan")
    seen = {"If-Match": shown.headers["etag"]}
    assert (await ask(api, made, Action.EDIT, headers=seen)).status_code == 202
    await answered(api, made)
    late = await ask(api, made, Action.SKIP, headers=seen)
    assert "it is at revision 2" in is_problem(late, 412, "changed-since")["detail"]
    for tags in ('"7", "2"', "*"):
        answer = await ask(
            api, made, Action.SKIP, headers={"If-Match": tags}, params={"dry_run": True}
        )
        assert answer.status_code == 200


async def test_a_skipped_beat_comes_back_for_nothing(api: Api) -> None:
    made = await finished(api)
    await ask(api, made, Action.SKIP)
    assert (await answered(api, made)).beats[1].skipped
    offer = await ask(api, made, Action.EDIT, {"skipped": False}, params={"dry_run": True})
    assert offer.json()["stale"] == []
    await ask(api, made, Action.EDIT, {"skipped": False})
    assert not (await answered(api, made)).beats[1].skipped


@pytest.mark.parametrize(
    ("action", "body", "field", "advice"),
    [
        (Action.EDIT, {"prompt": " "}, "prompt", "say what the beat should show"),
        (Action.EDIT, {"duration": 3}, "duration", "this beat can last 5 to 20 seconds"),
        (Action.EDIT, {"duration": 21}, "duration", "this beat can last 5 to 20 seconds"),
        (Action.EDIT, {"duration": 0}, "duration", "2.5 to 180"),
        (Action.EDIT, {"narration": "many words " * 50}, "narration", "shorten them"),
        (Action.EDIT, {"skipped": True}, "skipped", "use False"),
        (Action.EDIT, {"promt": "x"}, "promt", "perhaps prompt is meant"),
        (Action.REGENERATE, {"what": "film"}, "what", "use 'image', 'clip', 'voice' or 'all'"),
        (Action.CHOOSE, {"kind": "image", "take": 7}, "take", "has no image of take 7"),
        (Action.CHOOSE, {"kind": "image", "take": 0, "image": 1}, "image", "this take has 1"),
        (Action.CHOOSE, {"kind": "voice", "take": 0, "image": 0}, "image", "leave it out"),
    ],
)
async def test_changes_that_cannot_be(
    api: Api, action: Action, body: dict[str, object], field: str, advice: str
) -> None:
    made = await finished(api)
    problem = is_problem(await ask(api, made, action, body), 422, "bad-input")
    assert problem["errors"][0]["field"] == field and advice in problem["errors"][0]["message"]
    assert await requests_of(api, made) == []


async def test_a_beat_that_there_is_not_is_named(api: Api) -> None:
    made = await finished(api)
    for action in CHANGES:
        answer = await ask(api, made, action, beat=3)
        assert "it has 0 to 2" in is_problem(answer, 404, "no-such-part")["detail"]
    is_problem(await api.http.get(f"/v1/videos/{made}/beats/9/takes"), 404, "no-such-part")


async def test_of_a_silent_beat_no_voice_is_made_and_the_last_beat_stays(api: Api) -> None:
    made = await api.make()
    plan = full_plan(1, 1, video_id=made, narration="")
    await api.tell([plan, *images(plan), *sounds(plan)])
    silent = await ask(api, made, Action.REGENERATE, {"what": "voice"}, beat=0)
    assert "give it a narration first" in is_problem(silent, 409, "not-in-this-status")["detail"]
    alone = await ask(api, made, Action.SKIP, beat=0)
    assert "only beat that is left" in is_problem(alone, 409, "not-in-this-status")["detail"]


async def test_nothing_is_made_in_place_of_what_a_user_gave(api: Api) -> None:
    made = await api.make()
    plan = full_plan(video_id=made).model_copy(
        update={"given": {"clip/2": "own.mp4", "image/1": "own.mp4", "voice/0": "own.wav"}}
    )
    await api.tell([plan, *images(plan)])
    for action, body, beat, what in (
        (Action.REGENERATE, {"what": "image"}, 1, "image"),
        (Action.REGENERATE, {"what": "clip"}, 1, "clip"),
        (Action.EDIT, {"prompt": "a hill"}, 1, "clip"),
        (Action.EDIT, {"narration": "Others."}, 0, "voice"),
        (Action.REGENERATE, {"what": "all"}, 0, "voice"),
    ):
        refused = await ask(api, made, action, body, beat)
        said = is_problem(refused, 409, "not-in-this-status")["detail"]
        assert said == f"You gave the {what} of beat {beat}: none is made in its place."
    assert (await ask(api, made, Action.EDIT, {"duration": 11}, 1)).status_code == 202


async def test_the_users_own_recording_and_clip_keep_the_time_that_they_need(api: Api) -> None:
    made = await api.make()
    voice, clip = f"s8000-{'0' * 32}.wav", f"v40000-{'0' * 32}.mp4"
    plan = full_plan(video_id=made)
    own = (OwnBeat(index=0, voice=voice), OwnBeat(index=1, clip=clip))
    beats = [beat.model_copy(update={"narration": ""}) for beat in plan.beats]
    beats[1] = beats[1].model_copy(update={"sound": "duck"})
    given = {"voice/0": "own.wav", "clip/2": "own.mp4", "image/1": "own.mp4"}
    brief = plan.brief.model_copy(update={"own": own})
    known = {"brief": brief, "beats": tuple(beats), "given": given}
    await api.tell([plan.model_copy(update=known), *images(plan)])
    short = await ask(api, made, Action.EDIT, {"duration": 5.5}, 0)
    error = is_problem(short, 422, "bad-input")["errors"][0]
    assert (error["field"], error["message"]) == (
        "duration",
        "your recording needs 6.957 s of this beat",
    )
    assert (await ask(api, made, Action.EDIT, {"duration": 7}, 0)).status_code == 202
    await answered(api, made)
    assert (await ask(api, made, Action.EDIT, {"duration": 30}, 1)).status_code == 202


async def test_a_voice_that_is_too_long_for_its_beat_now_does_not_come_back(api: Api) -> None:
    made = await api.make()
    plan = full_plan(video_id=made)
    words = "It takes more than eight seconds to say all of these words, as there are so many. "
    long = plan.beats[1].model_copy(update={"narration": words + "Really so."})
    plan = plan.model_copy(update={"beats": (plan.beats[0], long, plan.beats[2])})
    await api.tell(whole(plan))
    brief = {"narration": "Short.", "duration": 5}
    assert (await ask(api, made, Action.EDIT, brief)).status_code == 202
    await answered(api, made)
    error = is_problem(
        await ask(api, made, Action.CHOOSE, {"kind": "voice", "take": 0}), 422, "bad-input"
    )["errors"][0]
    assert error["field"] == "take" and "more than the 5 s of their beat" in error["message"]


async def test_a_take_is_seen_by_its_link_alone_and_by_no_other_owner(tmp_path: Any) -> None:
    async with open_keyed(tmp_path) as keyed:
        api, ada = keyed.api, await keyed.let_in("ada")
        asked = await api.http.post("/v1/videos", json={"prompt": "the sea"}, headers=ada)
        made = str(asked.json()["id"])
        picture = images(full_plan(video_id=made))[1]
        picture = picture.model_copy(update={"key": f"{made}/image/1-0-0-1/key.png"})
        await api.app.ports.blobs.put(picture.key, b"a picture")
        await api.tell([full_plan(video_id=made), picture])
        path = f"/v1/videos/{made}/beats/1"
        shown = (await api.http.get(f"{path}/takes", headers=ada)).json()
        (link,) = shown["takes"][0]["urls"]
        assert (await api.http.get(link)).content == b"a picture"
        assert (await api.http.get(link.split("&")[0])).status_code == 401
        bob = await keyed.let_in("bob")
        is_problem(await api.http.get(f"{path}/takes", headers=bob), 404, "no-such-video")
        other = await api.http.post(f"{path}/skip", headers=bob)
        is_problem(other, 404, "no-such-video")
