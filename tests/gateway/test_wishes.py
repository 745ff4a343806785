"""What a user wishes of a video over HTTP, against the one table of what its status allows."""

import asyncio
from collections.abc import Sequence

import pytest

from services.gateway.read.actions import ALLOWED, Action, Status, list_actions
from shared.jobs.gate import MONEY
from shared.jobs.relay import OUTBOX
from shared.story.events import Event, RevisionRequested, VideoCompleted, VideoFailed, VideoSteered
from shared.story.kinds import CLIP, PlanFailed
from tests.gateway.conftest import Api
from tests.gateway.test_http import is_problem
from tests.histories import broken, clips, completed, full_plan, images, no_image, spec, whole

WISHES = (Action.PAUSE, Action.RESUME, Action.CANCEL, Action.RETRY)


def histories(video: str) -> dict[Status, list[Event]]:
    """What leads to each status that a video can have here."""
    plan = full_plan(video_id=video)
    failed = VideoFailed(video_id=video, at=9_000, rev=1, phase="clips", error="too few")
    job = spec(plan, CLIP)
    lost, others = [broken(job)], [e for e in whole(plan) if getattr(e, "job", "") != job.id]
    return {
        Status.QUEUED: [],
        Status.RUNNING: [plan],
        Status.PAUSED: [plan, VideoSteered(video_id=video, rev=1, desired="paused")],
        Status.COMPLETED: [*lost, *others],
        Status.FAILED: [plan, *lost, failed],
        Status.CANCELLED: [plan, VideoSteered(video_id=video, rev=1, desired="cancelled")],
    }


AFTER = {
    (Action.PAUSE, Status.QUEUED): Status.PAUSED,
    (Action.PAUSE, Status.RUNNING): Status.PAUSED,
    (Action.PAUSE, Status.PAUSED): Status.PAUSED,
    (Action.RESUME, Status.PAUSED): Status.RUNNING,
    (Action.CANCEL, Status.QUEUED): Status.CANCELLED,
    (Action.CANCEL, Status.RUNNING): Status.CANCELLED,
    (Action.CANCEL, Status.PAUSED): Status.CANCELLED,
    (Action.CANCEL, Status.CANCELLED): Status.CANCELLED,
    (Action.RETRY, Status.COMPLETED): Status.QUEUED,
    (Action.RETRY, Status.FAILED): Status.QUEUED,
    (Action.RETRY, Status.CANCELLED): Status.QUEUED,
}
"""What is asked of a video in a status → its status from then on. All else is refused."""


@pytest.mark.parametrize("action", WISHES)
@pytest.mark.parametrize("status", histories("v"))
async def test_each_wish_in_each_status(api: Api, status: Status, action: Action) -> None:
    made = await api.make()
    await api.tell(histories(made)[status])
    assert (await api.http.get(f"/v1/videos/{made}")).json()["status"] == status
    after = AFTER.get((action, status))
    for _ in range(2):  # asked for twice is asked for once
        answer = await api.http.post(f"/v1/videos/{made}/{action}")
        if after is None:
            detail = is_problem(answer, 409, "not-in-this-status")["detail"]
            assert f"The video is {status}" in detail and f"does not allow {action}" in detail
            assert all(allowed in detail for allowed in list_actions(status))
        else:
            assert (answer.status_code, answer.json()["status"]) == (202, after)
            assert answer.headers["location"] == f"/v1/videos/{made}"
    rows = await api.app.ports.store.find(OUTBOX, {"video_id": made})
    assert sum("RevisionRequested" in row["_id"] for row in rows) == (
        action is Action.RETRY
    ) * bool(after)


def test_what_is_tried_here_is_what_the_table_allows() -> None:
    allowed = {(action, status) for status, can in ALLOWED.items() for action in can}
    here = {pair for pair in allowed if pair[0] in WISHES and pair[1] in histories("v")}
    repeated = {(Action.PAUSE, Status.PAUSED), (Action.CANCEL, Status.CANCELLED)}
    assert here | repeated == AFTER.keys()


async def test_resuming_twice_is_resuming_once(api: Api) -> None:
    made = await api.make()
    for wish in ("pause", "resume", "resume"):
        assert (await api.http.post(f"/v1/videos/{made}/{wish}")).status_code == 202
    rows = await api.app.ports.store.find(OUTBOX, {"video_id": made})
    steered = {
        row["body"]["rev"]: row["body"]["desired"] for row in rows if "Steered" in row["_id"]
    }
    assert steered == {1: "paused", 2: "running"}


@pytest.mark.parametrize("action", WISHES)
async def test_nobody_steers_what_is_not_there(api: Api, action: Action) -> None:
    is_problem(await api.http.post(f"/v1/videos/nope/{action}"), 404, "no-such-video")


async def test_wishes_keep_what_was_wanted_before(api: Api) -> None:
    made = await api.make(budget="2", priority=4)
    await api.http.post(f"/v1/videos/{made}/pause")
    shown = (await api.http.post(f"/v1/videos/{made}/resume")).json()
    assert shown["budget"] == "2.00"
    view = await api.app.shell("gateway").view(made)
    steered = view.latest(VideoSteered) if view else None
    assert steered and (steered.rev, steered.cap, steered.priority) == (2, 2_000_000, 4)


async def test_of_wishes_at_once_each_counts_and_the_gate_ends_with_the_last(api: Api) -> None:
    made = await api.make()
    wishes = ["pause", "resume", "pause", "cancel", "resume", "pause"]
    answers = await asyncio.gather(*(api.http.post(f"/v1/videos/{made}/{wish}") for wish in wishes))
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert answers[3].status_code == 202
    assert (await api.http.get(f"/v1/videos/{made}")).json()["status"] == "cancelled"
    assert (await api.app.ports.store.get(MONEY, [made]))[made]["desired"] == "cancelled"


async def asked_again(api: Api, facts: Sequence[Event], made: str, rev: int = 2) -> list[str]:
    """What a retry of a video with this history asks for again."""
    await api.tell(facts)
    answer = await api.http.post(f"/v1/videos/{made}/retry")
    assert answer.status_code == 202, answer.text
    rows = await api.app.ports.store.find(OUTBOX, {"name": RevisionRequested.__name__})
    [row] = [row for row in rows if row["body"]["rev"] == rev]
    return sorted(row["body"]["again"])


async def test_a_retry_names_what_has_failed_and_nothing_else(api: Api) -> None:
    made = await api.make()
    plan = full_plan(video_id=made)
    lost = broken(spec(plan, CLIP, beat=1, n=2))
    failed = VideoFailed(video_id=made, rev=1, phase="clips", error="too few")
    known = [plan, *images(plan)[1:], no_image(plan, 0), *clips(plan)[3:], lost, failed]
    assert await asked_again(api, known, made) == ["clip/2", "image/0"]


async def test_what_a_cancelled_change_makes_anew_is_not_made_twice_by_the_retry(api: Api) -> None:
    """It was cancelled before its plan came: now that comes first, with a take of its own."""
    made = await api.make()
    plan = full_plan(video_id=made)
    change = RevisionRequested(video_id=made, rev=2, action="regenerate", beat=0, what="image")
    cancelled = VideoSteered(video_id=made, rev=1, desired="cancelled", plan_rev=2)
    lost = [no_image(plan, 0), no_image(plan, 1)]
    assert await asked_again(api, [plan, *lost, change, cancelled], made, rev=3) == ["image/1"]


async def test_a_clip_that_was_made_without_its_image_is_made_again_with_it(api: Api) -> None:
    made = await api.make()
    plan = full_plan(video_id=made)
    facts = [fact for fact in whole(plan)[1:] if fact.id != images(plan)[0].id]
    asked = await asked_again(api, [*facts, no_image(plan, 0)], made)
    assert asked == ["clip/0", "clip/1", "conform/0", "conform/1", "image/0"]


async def test_a_retry_is_offered_where_something_of_a_finished_video_has_failed(api: Api) -> None:
    good, bad = await api.make(), await api.make()
    await api.tell(histories(bad)[Status.COMPLETED])
    await api.tell(whole(full_plan(video_id=good))[1:])
    shown = {video: (await api.http.get(f"/v1/videos/{video}")).json() for video in (good, bad)}
    assert {each["status"] for each in shown.values()} == {"completed"}
    assert "retry" in shown[bad]["actions"] and "retry" not in shown[good]["actions"]
    refusal = is_problem(await api.http.post(f"/v1/videos/{good}/retry"), 409, "not-in-this-status")
    assert "Nothing of this video has failed" in refusal["detail"]


async def test_of_an_image_that_was_refused_for_what_it_shows_nothing_is_made_again(
    api: Api,
) -> None:
    made = await api.make()
    plan = full_plan(video_id=made)
    refused = no_image(plan, 0).model_copy(update={"code": "flagged"})
    facts = [fact for fact in whole(plan)[1:] if fact.id != images(plan)[0].id]
    await api.tell([*facts, refused])
    answer = await api.http.post(f"/v1/videos/{made}/retry")
    assert "beat 0" in is_problem(answer, 409, "not-in-this-status")["detail"]


async def test_a_job_that_may_still_give_something_is_waited_for(api: Api) -> None:
    made = await api.make()
    plan = full_plan(video_id=made)
    job = spec(plan, CLIP, beat=1, n=2)
    await api.app.ports.store.insert("jobs", [{"_id": job.id, "spec": {"video_id": made}}])
    failed = VideoFailed(video_id=made, rev=1, phase="clips", error="too few")
    await api.tell([plan, failed])
    refused = await api.http.post(f"/v1/videos/{made}/retry")
    said = is_problem(refused, 409, "not-in-this-status")["detail"]
    assert "1 of its jobs are still being stopped" in said and said.endswith("in a moment.")
    await api.tell([broken(job)])
    assert (await api.http.post(f"/v1/videos/{made}/retry")).status_code == 202


async def test_what_a_provider_refuses_to_show_is_never_sent_again_by_a_retry(api: Api) -> None:
    made = await api.make()
    plan = full_plan(video_id=made)
    lost = broken(spec(plan, CLIP, beat=1, n=2), "flagged as sensitive")
    lost = lost.model_copy(update={"code": "flagged", "at_fault": "prompt"})
    await api.tell([plan, lost, VideoFailed(video_id=made, rev=1, phase="clips", error="too few")])
    refused = await api.http.post(f"/v1/videos/{made}/retry")
    said = is_problem(refused, 409, "not-in-this-status")["detail"]
    assert "clip 2 (its prompt)" in said and "change the words or the picture first" in said


@pytest.mark.parametrize(("code", "may"), [("flagged", False), ("timeout", True)])
async def test_a_prompt_that_is_refused_is_not_sent_again_by_a_retry(
    api: Api, code: str, may: bool
) -> None:
    made = await api.make()
    lost = PlanFailed(video_id=made, job=f"{made}/plan/0/0/1", take=1, error="no", code=code)
    await api.tell([lost, VideoFailed(video_id=made, rev=1, phase="plan", error="no", code=code)])
    assert ("retry" in (await api.http.get(f"/v1/videos/{made}")).json()["actions"]) is may
    answer = await api.http.post(f"/v1/videos/{made}/retry")
    if may:
        assert answer.status_code == 202
        return
    said = is_problem(answer, 409, "not-in-this-status")["detail"]
    assert said.endswith("ask for another video, in other words.")


async def test_a_film_that_came_a_moment_after_the_cancel_does_not_undo_it(api: Api) -> None:
    made = await api.make()
    plan = full_plan(video_id=made)
    await api.tell(whole(plan)[1:-1])
    await api.http.post(f"/v1/videos/{made}/cancel")
    done = completed(plan)
    assert isinstance(done, VideoCompleted)
    await api.tell([done])
    assert (await api.http.get(f"/v1/videos/{made}")).json()["status"] == "cancelled"
    assert (await api.http.post(f"/v1/videos/{made}/retry")).json()["rev"] == 2
