"""Money over the API: estimates, budgets, receipts, and jobs of which nobody knows."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.gateway.intake import REQUESTS
from services.gateway.keys.caller import Limits
from shared.jobs.gate import MONEY
from shared.jobs.job import Job, State
from shared.jobs.ledger import JOBS
from shared.jobs.relay import OUTBOX
from shared.jobs.rows import to_doc
from shared.ports import Doc, Update
from shared.runtime.compose import find_terms
from shared.runtime.settings import Settings
from shared.runtime.terms import Terms
from shared.story.events import BudgetExceeded, Fit, RevisionRequested, VideoSteered
from shared.story.kinds import CLIP
from tests.gateway.conftest import Api, open_api
from tests.gateway.keyed import open_keyed
from tests.gateway.test_http import is_problem
from tests.histories import broken, completed, full_plan, spec
from tests.prices import CENT, TERMS, ask


@pytest.fixture
async def paid(tmp_path: Path) -> AsyncIterator[Api]:
    """A gateway where clips and all else cost something."""
    async with open_api(tmp_path, terms=TERMS) as one:
        yield one


def stopped(video: str, cap: int = 150 * CENT, at: int = 2_001) -> BudgetExceeded:
    fits = Fit(clips=4, duration=20.0, tier="draft")
    return BudgetExceeded(
        video_id=video, at=at, rev=1, cap=cap, current=2 * CENT, estimate=200 * CENT, fits=fits
    )


async def money(api: Api, video: str) -> Doc:
    return (await api.app.ports.store.get(MONEY, [video]))[video]


async def everything(api: Api) -> list[list[Doc]]:
    store = api.app.ports.store
    return [await store.find(each, {}) for each in (REQUESTS, MONEY, OUTBOX, JOBS, "views.gateway")]


# ── estimates ───────────────────────────────────────────────────────────────────────────────────


async def test_an_estimate_is_itemised_in_exact_dollars_and_changes_nothing(paid: Api) -> None:
    before = await everything(paid)
    answer = await paid.http.post("/v1/estimates", json={"prompt": "the sea", "duration": 30})
    assert answer.status_code == 200
    body = answer.json()
    lines = {line["kind"]: line for line in body["lines"]}
    assert lines["clip"] == {
        "kind": "clip", "model": "maker/clip", "items": 6, "ceiling": "0.25", "total": "1.50",
    }  # fmt: skip
    assert lines["plan"]["total"] == "0.02"
    assert body["total"] == "1.91"
    assert (body["clips"], body["seconds"]) == (6, 30.0)
    assert (body["budget"], body["is_within_budget"]) == (None, False)
    assert await everything(paid) == before


@pytest.mark.parametrize(("budget", "within"), [("1.90", False), ("1.91", True)])
async def test_an_estimate_says_whether_the_budget_is_enough(
    paid: Api, budget: str, within: bool
) -> None:
    asked = {"prompt": "the sea", "duration": 30, "budget": budget}
    body = (await paid.http.post("/v1/estimates", json=asked)).json()
    assert (body["budget"], body["is_within_budget"]) == (budget, within)


async def test_where_nothing_costs_anything_the_estimate_says_so(api: Api) -> None:
    body = (await api.http.post("/v1/estimates", json={"prompt": "the sea"})).json()
    assert (body["total"], body["is_within_budget"]) == ("0.00", True)
    assert "STORYWAVE_PAID" in body["notes"][0]


async def test_an_estimate_refuses_what_a_video_would(paid: Api) -> None:
    asked = {"prompt": "the sea", "budget": "0"}
    for path in ("/v1/estimates", "/v1/videos"):
        problem = is_problem(await paid.http.post(path, json=asked), 422, "bad-input")
        assert problem["errors"][0]["field"] == "budget"
        assert "more than 0 dollars" in problem["detail"]


# ── a request that is only tried out ────────────────────────────────────────────────────────────


async def test_a_dry_run_of_a_request_is_its_estimate_and_leaves_nothing_behind(paid: Api) -> None:
    asked = {"prompt": "the sea", "duration": 30, "budget": "9"}
    before = await everything(paid)
    answer = await paid.http.post("/v1/videos", json={**asked, "dry_run": True})
    assert answer.status_code == 200, answer.text
    assert answer.json() == (await paid.http.post("/v1/estimates", json=asked)).json()
    assert await everything(paid) == before


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"budget": None}, "budget"),
        ({"script": "script-none.0.0"}, "script"),
        ({"webhook": {"url": "http://127.0.0.1/"}}, "webhook.url"),
        ({"end_card": {"product_image": "none"}}, "end_card.product_image"),
        ({"beats": [{"index": 0, "image": "none"}]}, "beats.0.image"),
    ],
)
async def test_a_dry_run_refuses_what_the_request_would_be_refused_for(
    paid: Api, wrong: dict[str, Any], field: str
) -> None:
    asked = {"prompt": "the sea", "budget": "9", **wrong}
    asked = {name: value for name, value in asked.items() if value is not None}
    asked |= {"prompt": ""} if "script" in wrong else {}
    real = is_problem(await paid.http.post("/v1/videos", json=asked), 422, "bad-input")
    dry = await paid.http.post("/v1/videos", json={**asked, "dry_run": True})
    tried = is_problem(dry, 422, "bad-input")
    assert tried["errors"] == real["errors"] and tried["errors"][0]["field"] == field


async def test_a_dry_run_touches_no_limit_and_says_when_one_is_reached(tmp_path: Path) -> None:
    async with open_keyed(tmp_path, terms=TERMS) as keyed:
        limits = Limits(active_videos=1, spend_a_day=9_000_000)
        headers, http = await keyed.let_in("ann", limits=limits), keyed.api.http
        asked = {"prompt": "the sea", "budget": "9"}
        for _ in range(3):
            dry = await http.post("/v1/videos", json={**asked, "dry_run": True}, headers=headers)
            assert dry.status_code == 200, dry.text
        assert (await http.post("/v1/videos", json=asked, headers=headers)).status_code == 202
        more = {**asked, "budget": "0.01", "duration": 5}
        for body in (more, {**more, "dry_run": True}):
            answer = await http.post("/v1/videos", json=body, headers=headers)
            is_problem(answer, 402, "spend-limit")


# ── models ──────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def priced(tmp_path: Path) -> AsyncIterator[Api]:
    """A gateway with the prices of the catalog."""
    async with open_api(tmp_path, terms=find_terms(Settings(paid=True))) as one:
        yield one


async def test_a_model_that_there_is_not_is_refused_with_those_that_there_are(priced: Api) -> None:
    asked = {"prompt": "the sea", "budget": "99", "models": {"clip": "google/veo-9"}}
    for path in ("/v1/estimates", "/v1/videos"):
        before = await everything(priced)
        problem = is_problem(await priced.http.post(path, json=asked), 422, "bad-input")
        [error] = problem["errors"]
        assert error["field"] == "models"
        assert "“google/veo-9” is no model; for clip, ask for draft, standard" in error["message"]
        assert "google/veo-3.1" in error["message"]
        assert await everything(priced) == before


async def test_a_video_whose_model_has_gone_since_it_was_accepted_stays_accepted(
    tmp_path: Path,
) -> None:
    asked = {"prompt": "the sea", "budget": "99", "models": {"clip": "google/veo-9"}}
    key = {"Idempotency-Key": "once"}
    async with open_api(tmp_path, terms=TERMS) as api:
        first = await api.http.post("/v1/videos", json=asked, headers=key)
    async with open_api(tmp_path, terms=find_terms(Settings(paid=True))) as api:
        again = await api.http.post("/v1/videos", json=asked, headers=key)
        assert again.status_code == 202, again.text
        assert again.json()["id"] == first.json()["id"]


async def test_a_wish_for_models_is_in_the_estimate_and_in_the_video(priced: Api) -> None:
    wishes = {"tier": "draft", "models": {"clip": "google/veo-3.1"}}
    asked = {"prompt": "the sea", "budget": "99", **wishes}
    lines = (await priced.http.post("/v1/estimates", json=asked)).json()["lines"]
    models = {line["kind"]: line["model"] for line in lines}
    assert models["clip"] == "google/veo-3.1"
    assert models["image"] == models["card"] == "black-forest-labs/flux-schnell"
    video = await priced.make(**{name: value for name, value in asked.items() if name != "prompt"})
    shown = (await priced.http.get(f"/v1/videos/{video}")).json()["request"]
    assert (shown["tier"], shown["models"]) == ("draft", {"clip": "google/veo-3.1"})


async def test_where_nothing_costs_anything_any_model_may_be_wished_for(api: Api) -> None:
    await api.make(models={"clip": "google/veo-9"}, tier="best")


# ── budgets ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_video_that_costs_something_needs_a_budget(paid: Api) -> None:
    answer = await paid.http.post("/v1/videos", json={"prompt": "the sea"})
    problem = is_problem(answer, 422, "bad-input")
    assert "up to $1.91" in problem["detail"] and "STORYWAVE_BUDGET_USD" in problem["detail"]
    assert await paid.app.ports.store.find(REQUESTS, {}) == []


async def test_a_request_without_a_budget_gets_the_usual_one(tmp_path: Path) -> None:
    async with open_api(tmp_path, terms=Terms(ask, budget=300 * CENT)) as api:
        video = await api.make()
        shown = (await api.http.get(f"/v1/videos/{video}")).json()
        assert shown["budget"] == shown["request"]["budget"] == "3.00"
        assert (await money(api, video))["cap"] == 300 * CENT
        other = (await api.http.get(f"/v1/videos/{await api.make(budget='1')}")).json()
        assert other["budget"] == "1.00"


async def test_a_repetition_is_the_same_video_when_the_usual_budget_has_changed(
    tmp_path: Path,
) -> None:
    request: dict[str, Any] = {"json": {"prompt": "x"}, "headers": {"Idempotency-Key": "k"}}
    for budget in (300 * CENT, 500 * CENT, None):
        async with open_api(tmp_path, terms=Terms(ask, budget=budget)) as api:
            answer = await api.http.post("/v1/videos", **request)
            assert answer.status_code == 202, answer.text
            assert (await money(api, await api.parts.intake.ids.make("local", "k")))[
                "cap"
            ] == 300 * CENT


async def test_who_waits_for_money_sees_what_was_compared_and_what_would_fit(paid: Api) -> None:
    video = await paid.make(budget="1.50")
    await paid.tell([full_plan(video_id=video, budget=150 * CENT), stopped(video)])
    shown = (await paid.http.get(f"/v1/videos/{video}")).json()
    assert shown["status"] == "budget_exceeded"
    known = shown["exceeded"]
    assert (known["current"], known["estimate"], known["cap"]) == ("0.02", "2.00", "1.50")
    assert (known["fits"]["clips"], known["fits"]["tier"]) == (4, "draft")
    assert "raise the budget to $2.02 or more" in known["message"]


async def test_a_raised_budget_is_a_fact_and_the_video_goes_on(paid: Api) -> None:
    video = await paid.make(budget="1.50")
    await paid.tell([full_plan(video_id=video, budget=150 * CENT), stopped(video)])
    for _ in range(2):
        answer = await paid.http.patch(f"/v1/videos/{video}", json={"budget": "2.50"})
        assert answer.status_code == 200, answer.text
        assert (answer.json()["status"], answer.json()["budget"]) == ("running", "2.50")
        assert answer.json()["exceeded"] is None
    doc = await money(paid, video)
    assert (doc["cap"], doc["available"]) == (250 * CENT, 250 * CENT)
    rows = await paid.app.ports.store.find(OUTBOX, {"video_id": video})
    wishes = [row["body"] for row in rows if row["name"] == VideoSteered.__name__]
    assert [(wish["rev"], wish["cap"], wish["desired"]) for wish in wishes] == [
        (1, 250 * CENT, "running")
    ]


async def test_a_raised_budget_leaves_the_rest_of_the_wish_as_it_was(paid: Api) -> None:
    video = await paid.make(budget="1.50")
    await paid.tell([VideoSteered(video_id=video, rev=4, desired="paused", priority=3)])
    shown = (await paid.http.patch(f"/v1/videos/{video}", json={"budget": "2.50"})).json()
    assert (shown["status"], shown["budget"]) == ("paused", "2.50")
    rows = await paid.app.ports.store.find(OUTBOX, {"video_id": video})
    [wish] = [row["body"] for row in rows if row["name"] == VideoSteered.__name__]
    assert (wish["rev"], wish["desired"], wish["priority"]) == (5, "paused", 3)


async def test_a_budget_below_what_is_spent_is_refused(paid: Api) -> None:
    video = await paid.make(budget="1.50")
    hold = {"holds.j:1": {"reserved": 90 * CENT}, "available": 60 * CENT}
    await paid.app.ports.store.update(MONEY, [Update(video, set=hold)])
    answer = await paid.http.patch(f"/v1/videos/{video}", json={"budget": "0.89"})
    problem = is_problem(answer, 422, "bad-input")
    assert problem["errors"][0]["field"] == "budget" and "at least 0.90" in problem["detail"]


async def test_a_finished_video_needs_no_budget_any_more(paid: Api) -> None:
    video = await paid.make(budget="1.50")
    await paid.tell([full_plan(video_id=video), completed(full_plan(video_id=video))])
    answer = await paid.http.patch(f"/v1/videos/{video}", json={"budget": "2.50"})
    is_problem(answer, 409, "not-in-this-status")


@pytest.mark.parametrize("budget", ["0", "-1", "much", 2.5, None])
async def test_no_odd_budget_changes_anything(paid: Api, budget: object) -> None:
    video = await paid.make(budget="1.50")
    answer = await paid.http.patch(f"/v1/videos/{video}", json={"budget": budget})
    is_problem(answer, 422, "bad-input")
    assert (await money(paid, video))["cap"] == 150 * CENT


# ── receipts ────────────────────────────────────────────────────────────────────────────────────


async def test_a_receipt_adds_up(paid: Api) -> None:
    video = await paid.make(budget="1.50")
    plan = full_plan(video_id=video)
    await paid.tell([plan])
    store = paid.app.ports.store
    job = Job(
        spec=spec(plan, CLIP, n=2, beat=1), state=State.DONE, cost=24 * CENT, posted_attempt=1
    )
    await store.insert(JOBS, [to_doc(job)])
    hold = {"reserved": 25 * CENT, "settled": 24 * CENT, "model": "maker/clip", "run": "r1"}
    await store.update(MONEY, [Update(video, set={f"holds.{job.hold}": hold})])
    answer = await paid.http.get(f"/v1/videos/{video}/receipt")
    assert answer.status_code == 200
    body = answer.json()
    assert body["rows"] == [
        {
            "job": job.id, "kind": "clip", "item": "clip 2", "take": 0, "attempt": 1,
            "model": "maker/clip", "run": "r1", "reserved": "0.25", "paid": "0.24",
            "state": "settled", "why": "",
        }
    ]  # fmt: skip
    assert (body["paid"], body["recorded"], body["held"], body["cap"]) == (
        "0.24",
        "0.24",
        "0.00",
        "1.50",
    )


@pytest.mark.parametrize("method", ["GET", "PATCH"])
async def test_nobody_sees_or_changes_the_money_of_a_video_that_is_none(
    paid: Api, method: str
) -> None:
    path = "/v1/videos/none/receipt" if method == "GET" else "/v1/videos/none"
    body = {"budget": "1"} if method == "PATCH" else None
    is_problem(await paid.http.request(method, path, json=body), 404, "no-such-video")


# ── unresolved jobs ─────────────────────────────────────────────────────────────────────────────


async def lose(api: Api, video: str) -> Job:
    """A clip of which nobody knows whether the provider runs it."""
    job = Job(
        spec=spec(full_plan(video_id=video), CLIP),
        state=State.FAILED,
        attempt=2,
        posted_attempt=1,
        posted_at=5,
        unresolved=True,
        finished_at=6,
    )
    store = api.app.ports.store
    await store.insert(JOBS, [to_doc(job)])
    held = {f"holds.{job.hold}": {"reserved": 25 * CENT}, "available": 125 * CENT}
    await store.update(MONEY, [Update(video, set=held)])
    return job


@pytest.mark.parametrize(("paid_as", "left"), [(None, 125), ("0.00", 150), ("0.05", 145)])
async def test_an_unresolved_job_is_listed_and_answered_for(
    paid: Api, paid_as: str | None, left: int
) -> None:
    video = await paid.make(budget="1.50")
    job = await lose(paid, video)
    [found] = (await paid.http.get("/v1/jobs/unresolved")).json()
    assert (found["job"], found["held"]) == (job.id, "0.25")
    asked = {"job": job.id, "do": "drop", "paid": paid_as}
    answer = await paid.http.post("/v1/jobs/unresolved", json=asked)
    assert (answer.status_code, answer.json()) == (200, [])
    assert (await money(paid, video))["available"] == left * CENT
    is_problem(await paid.http.post("/v1/jobs/unresolved", json=asked), 422, "bad-input")


async def test_who_settles_an_attempt_sees_it_in_the_cost_of_the_video(paid: Api) -> None:
    video = await paid.make(budget="1.50")
    job = await lose(paid, video)
    await paid.http.post("/v1/jobs/unresolved", json={"job": job.id, "do": "drop", "paid": "0.20"})
    assert (await paid.http.get(f"/v1/videos/{video}")).json()["cost"] == "0.20"
    receipt = (await paid.http.get(f"/v1/videos/{video}/receipt")).json()
    assert (receipt["paid"], receipt["recorded"]) == ("0.20", "0.20")


async def test_a_retry_of_what_can_not_be_retried_now_settles_nothing(paid: Api) -> None:
    """The video still runs: its end decides what is to be made again."""
    video = await paid.make(budget="1.50")
    job = await lose(paid, video)
    asked = {"job": job.id, "do": "retry", "paid": "0.00"}
    is_problem(await paid.http.post("/v1/jobs/unresolved", json=asked), 409, "not-in-this-status")
    assert len((await paid.http.get("/v1/jobs/unresolved")).json()) == 1


async def test_a_retry_with_a_price_that_can_not_be_right_asks_for_nothing(paid: Api) -> None:
    video = await paid.make(budget="1.50")
    plan = full_plan(video_id=video, budget=150 * CENT)
    job = await lose(paid, video)
    await paid.tell([plan, broken(job.spec), completed(plan)])
    asked = {"job": job.id, "do": "retry", "paid": "0.26"}
    is_problem(await paid.http.post("/v1/jobs/unresolved", json=asked), 422, "bad-input")
    rows = await paid.app.ports.store.find(OUTBOX, {"video_id": video})
    assert RevisionRequested.__name__ not in {row["name"] for row in rows}


async def test_a_retry_makes_what_failed_again_once_the_video_has_ended(paid: Api) -> None:
    video = await paid.make(budget="1.50")
    plan = full_plan(video_id=video, budget=150 * CENT)
    job = await lose(paid, video)
    await paid.tell([plan, broken(job.spec), completed(plan)])
    asked = {"job": job.id, "do": "retry", "paid": "0.00"}
    answer = await paid.http.post("/v1/jobs/unresolved", json=asked)
    assert (answer.status_code, answer.json()) == (200, []), answer.text
    rows = await paid.app.ports.store.find(OUTBOX, {"video_id": video})
    [again] = [row["body"]["again"] for row in rows if row["name"] == RevisionRequested.__name__]
    assert "clip/0" in again
