"""Webhooks: who is told what, how it is signed, and what a bad receiver can't do."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from services.gateway.routes.inputs import find_owner
from services.gateway.webhooks import post, sender
from services.gateway.webhooks.kept import MOST
from services.gateway.webhooks.occasions import NAMES, OCCASIONS, Occasion, list_deliveries
from services.gateway.webhooks.post import Poster
from shared.jobs.job import Rules, State
from shared.jobs.ledger import JOBS, Ledger
from shared.ports import Update
from shared.story.events import BudgetExceeded, Numbered, VideoFailed, VideoRequested
from shared.story.kinds import DELIVERY, KINDS
from tests.gateway.conftest import Api, open_api
from tests.gateway.receiver import HEARD, Receiver, receive
from tests.histories import full_plan, requested, view, whole

GONE = b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"
BROKEN = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
LEADS_ON = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
HUGE = b"HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n" + bytes(10 << 20)


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with open_api(tmp_path, loopback=True) as one:
        yield one


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receive() as one:
        yield one


async def create(api: Api, url: str, **known: Any) -> dict[str, Any]:
    answer = await api.http.post("/v1/webhooks", json={"url": url, **known})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def complete(api: Api, **asked: object) -> str:
    """Make a video, and let it be completed by services that the test plays."""
    made = await api.make(**asked)
    await api.tell(whole(full_plan(video_id=made)))
    return made


async def deliveries(api: Api, webhook: str, query: str = "") -> list[dict[str, Any]]:
    answer = await api.http.get(f"/v1/webhooks/{webhook}/deliveries{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["deliveries"]
    return found


async def settled(api: Api, webhook: str, status: str = "delivered") -> dict[str, Any]:
    """The latest delivery, once it stands so."""
    async with asyncio.timeout(10):
        while not (found := await deliveries(api, webhook)) or found[0]["status"] != status:
            await asyncio.sleep(0.01)
    return found[0]


async def tried(api: Api, webhook: str, tries: int = 1) -> dict[str, Any]:
    """The latest delivery, once so many tries of it have failed."""
    async with asyncio.timeout(10):
        while not (found := await deliveries(api, webhook)) or found[0]["tries"] < tries:
            await asyncio.sleep(0.01)
    return found[0]


async def let_time_pass(api: Api) -> None:
    """Every delivery that waits for its next try is due."""
    store = api.app.ports.store
    rows = await store.find(JOBS, {"spec.kind": DELIVERY.name, "state": State.NEW.value})
    await store.update(JOBS, [Update(row["_id"], set={"due_at": store.now()}) for row in rows])
    api.app.replicas["gateway"].worker.wake()


# ── telling ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_webhook_is_told_of_a_film_in_a_call_that_it_can_verify(
    api: Api, receiver: Receiver
) -> None:
    webhook = await create(api, receiver.url)
    made = await complete(api, metadata={"order": "A-17"})
    call = await receiver.wait_for(1)
    said = Verifier(webhook["secret"]).verify(call.body.decode(), dict(call.headers))
    assert said["type"] == "video.completed"
    assert said["timestamp"].endswith("Z")
    assert said["data"]["video_id"] == made
    assert said["data"]["metadata"] == {"order": "A-17"}
    assert said["data"]["links"]["media"] == f"/v1/videos/{made}/media?rev=1"
    told = await settled(api, webhook["id"])
    assert (told["id"], told["answer"]) == (call.headers["webhook-id"], 204)
    assert (told["video_id"], told["tries"], told["error"]) == (made, 0, None)
    assert len(receiver.calls) == 1


async def test_a_request_may_name_a_webhook_for_its_video_alone(
    api: Api, receiver: Receiver
) -> None:
    made = await complete(api, webhook={"url": receiver.url, "events": ["video.completed"]})
    await complete(api)
    call = await receiver.wait_for(1)
    secret = (await api.http.get("/v1/webhook-secret")).json()["secret"]
    said = Verifier(secret).verify(call.body.decode(), dict(call.headers))
    assert said["data"]["video_id"] == made
    assert (await api.http.get("/v1/webhooks")).json() == {"webhooks": []}
    links = (await api.http.get(f"/v1/videos/{made}")).json()["links"]
    assert len((await api.http.get(links["deliveries"])).json()["deliveries"]) == 1
    assert len(receiver.calls) == 1


async def test_a_webhook_is_told_what_it_asked_for_and_no_more(
    api: Api, receiver: Receiver
) -> None:
    failures = await create(api, receiver.url, events=["video.failed"])
    await complete(api)
    made = await api.make()
    await api.tell(
        [VideoFailed(video_id=made, rev=1, phase="plan", error="no words", code="auth", at=5)]
    )
    said = json.loads((await receiver.wait_for(1)).body)
    assert (said["type"], said["data"]["error"]) == ("video.failed", "no words")
    assert said["data"]["code"] == "auth"
    assert len(await deliveries(api, failures["id"])) == 1


async def test_facts_that_are_told_again_are_no_news(api: Api, receiver: Receiver) -> None:
    webhook = await create(api, receiver.url)
    made = await complete(api)
    await settled(api, webhook["id"])
    await api.tell(whole(full_plan(video_id=made)))
    assert len(await deliveries(api, webhook["id"])) == len(receiver.calls) == 1


def test_each_cap_that_is_exceeded_is_told_once() -> None:
    asked = requested(budget=5).model_copy(
        update={"webhooks": {"wh_1": ("video.budget_exceeded",)}}
    )
    excess = [
        BudgetExceeded(video_id="v1", at=at, cap=5, current=3, estimate=4, holds=at)
        for at in (10, 20)
    ]
    [one] = list_deliveries(view([asked, excess[0]]))
    assert list_deliveries(view([asked, *excess]))[0].id == one.id
    said = one.input["data"]
    assert (said["cap"], said["current"], said["estimate"]) == ("0.000005", "0.000003", "0.000004")
    assert "raise the budget" in said["message"]


def test_a_further_occasion_is_one_more_row_of_the_table() -> None:
    class ApprovalAwaited(Numbered):
        """The plan is there to be looked at."""

        what: str

    row = Occasion("video.awaiting_approval", ApprovalAwaited, ("rev", "what"))
    asked = requested().model_copy(update={"webhooks": {"wh_1": (row.name,)}})
    waits = ApprovalAwaited(video_id="v1", rev=1, what="plan", at=7)
    [told] = list_deliveries(view([asked, waits]), (*OCCASIONS, row))
    assert told.input["event"] == "video.awaiting_approval"
    assert told.input["data"]["what"] == "plan"


def test_deliveries_follow_from_what_is_known_in_whatever_order() -> None:
    plan = full_plan()
    asked = requested().model_copy(update={"webhooks": {"a": ("video.completed",), "b": ()}})
    facts = [fact for fact in whole(plan) if not isinstance(fact, VideoRequested)]
    [one] = list_deliveries(view([asked, *facts]))
    assert list_deliveries(view([*reversed(facts), asked])) == (one,)


# ── receivers that do not hear ──────────────────────────────────────────────────────────────────


async def test_what_was_not_heard_is_told_again_under_the_same_id(api: Api) -> None:
    async with receive(BROKEN) as receiver:
        webhook = await create(api, receiver.url)
        await complete(api)
        waiting = await tried(api, webhook["id"])
        assert (waiting["status"], waiting["error"]) == ("waiting", "it answered 503")
        assert waiting["next_at"] > waiting["created_at"]
        receiver.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        await let_time_pass(api)
        assert (await settled(api, webhook["id"]))["answer"] == 200
        assert len({call.headers["webhook-id"] for call in receiver.calls}) == 1
        assert len({call.body for call in receiver.calls}) == 1


def test_a_day_is_how_long_it_is_tried() -> None:
    rules = DELIVERY.retries
    assert rules is not None
    waits = [
        rules.backoff_ms[min(n, len(rules.backoff_ms)) - 1] for n in range(1, rules.tries_a_model)
    ]
    assert 23.5 < sum(waits) / 3_600_000 < 25
    assert max(waits) * 1.1 < 30 * 60_000, "the machine lets no job wait for longer"


async def test_who_answers_gone_is_told_nothing_any_more(api: Api) -> None:
    async with receive(GONE) as receiver:
        webhook = await create(api, receiver.url)
        await complete(api)
        failed = await settled(api, webhook["id"], "failed")
        assert "410" in failed["error"]
        [shown] = (await api.http.get("/v1/webhooks")).json()["webhooks"]
        assert shown["disabled_at"] is not None
        await complete(api)
        assert "disabled" in (await settled(api, webhook["id"], "failed"))["error"]
        assert len(receiver.calls) == 1
        path = f"/v1/webhooks/{webhook['id']}/deliveries/{failed['id']}/replay"
        assert (await api.http.post(path)).status_code == 409


async def test_nobody_is_led_on_to_another_address(api: Api) -> None:
    async with receive(LEADS_ON) as receiver:
        webhook = await create(api, receiver.url)
        await complete(api)
        assert "302" in (await tried(api, webhook["id"]))["error"]
        assert len(receiver.calls) == 1


async def test_an_answer_of_ten_megabytes_is_not_read(api: Api) -> None:
    async with receive(HUGE) as receiver:
        webhook = await create(api, receiver.url)
        await complete(api)
        assert (await settled(api, webhook["id"]))["answer"] == 200
        async with asyncio.timeout(5):
            while not receiver.cut_off:
                await asyncio.sleep(0.01)


async def test_who_hangs_delays_nobody_else(tmp_path: Path, receiver: Receiver) -> None:
    async with open_api(tmp_path, loopback=True, seconds=60) as api, receive(None) as hanging:
        slow = await create(api, hanging.url)
        await create(api, receiver.url)
        for seed in range(sender.A_WEBHOOK + 2):
            await complete(api, seed=seed)
        await receiver.wait_for(sender.A_WEBHOOK + 2)  # long before the other is given up
        assert len(hanging.calls) <= sender.A_WEBHOOK
        assert all(each["tries"] == 0 for each in await deliveries(api, slow["id"]))


async def test_who_hangs_is_given_up_in_time_and_then_left_alone_for_a_while(
    tmp_path: Path,
) -> None:
    async with open_api(tmp_path, loopback=True, seconds=0.2) as api, receive(None) as hanging:
        webhook = await create(api, hanging.url)
        await complete(api)
        assert (await tried(api, webhook["id"]))["error"] == "it did not answer within 0.2 s"
        await let_time_pass(api)
        assert (await tried(api, webhook["id"], 2))["error"] == "it did not answer a moment ago"
        assert len(hanging.calls) <= 1


async def test_a_video_waits_for_no_delivery(api: Api) -> None:
    async with receive(BROKEN) as receiver:
        webhook = await create(api, receiver.url)
        made = await complete(api)
        await tried(api, webhook["id"])
        ledger = Ledger(api.app.ports.store, KINDS, Rules())
        assert not await ledger.is_busy(made)
        assert await ledger.open_jobs(made) == []
        await ledger.cancel(made)
        assert (await deliveries(api, webhook["id"]))[0]["status"] == "waiting"
        shown = (await api.http.get(f"/v1/videos/{made}")).json()
        receiver.answer = HEARD
        await let_time_pass(api)
        await settled(api, webhook["id"])
        await api.bus.wait_until_idle()
        assert (await api.http.get(f"/v1/videos/{made}")).json() == shown


# ── where they may lead ─────────────────────────────────────────────────────────────────────────

INSIDE = (
    "http://127.0.0.1/",
    "http://localhost/",
    "http://10.1.2.3/",
    "http://169.254.169.254/latest/meta-data",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://user:pass@shop.example/",
    "http://shop.example:6379/",
    "ftp://shop.example/",
    "shop.example",
)


@pytest.mark.parametrize("url", INSIDE)
async def test_only_public_addresses_are_taken(tmp_path: Path, url: str) -> None:
    async with open_api(tmp_path) as api:
        answer = await api.http.post("/v1/webhooks", json={"url": url})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "url"
        body = {"prompt": "the sea", "webhook": {"url": url}}
        answer = await api.http.post("/v1/videos", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "webhook.url"
        assert (await api.http.get("/v1/videos")).json()["videos"] == []


async def test_a_name_that_leads_inside_later_is_not_followed_there(
    api: Api, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked up once for each call, and the call goes to the address that was judged."""
    inside = False

    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"] if inside else ["93.184.216.34"]

    guarded = Poster(resolve=resolve)
    monkeypatch.setattr(api.sender, "poster", guarded)
    await guarded.check("http://shop.example/", "url")
    webhook = await api.parts.webhooks.create("local", "http://shop.example/", NAMES)
    inside = True
    await complete(api)
    assert "not public" in (await tried(api, webhook.id))["error"]
    assert receiver.calls == []


# ── looking after them ──────────────────────────────────────────────────────────────────────────


async def test_a_delivery_can_be_made_once_more(api: Api, receiver: Receiver) -> None:
    webhook = await create(api, receiver.url)
    await complete(api)
    first = await settled(api, webhook["id"])
    path = f"/v1/webhooks/{webhook['id']}/deliveries/{first['id']}/replay"
    answer = await api.http.post(path)
    assert answer.status_code == 202
    assert (answer.json()["id"], answer.json()["replay"]) == (first["id"], 1)
    again = await receiver.wait_for(2)
    assert again.body == receiver.calls[0].body
    assert again.headers["webhook-id"] == first["id"]
    await settled(api, webhook["id"])
    assert [each["replay"] for each in await deliveries(api, webhook["id"])] == [1, 0]


async def test_deliveries_are_listed_page_by_page(api: Api, receiver: Receiver) -> None:
    webhook = await create(api, receiver.url)
    made = [await complete(api, seed=seed) for seed in range(3)]
    await receiver.wait_for(3)
    path = f"/v1/webhooks/{webhook['id']}/deliveries?limit=2"
    page = (await api.http.get(path)).json()
    rest = (await api.http.get(f"{path}&cursor={page['next']}")).json()
    shown = [each["video_id"] for each in (*page["deliveries"], *rest["deliveries"])]
    assert sorted(shown) == sorted(made)
    assert rest["next"] is None


async def test_of_many_webhooks_that_are_named_at_once_no_more_are_kept_than_may_be(
    api: Api,
) -> None:
    asked = {"url": "http://127.0.0.1/", "events": ["video.failed"]}
    posts = [api.http.post("/v1/webhooks", json=asked) for _ in range(MOST + 5)]
    answers = await asyncio.gather(*posts)
    assert sum(answer.status_code == 201 for answer in answers) == MOST
    [refused, *_] = [answer for answer in answers if answer.status_code != 201]
    assert "delete one first" in refused.text
    kept = (await api.http.get("/v1/webhooks")).json()["webhooks"]
    assert len(kept) == MOST


async def test_a_deleted_webhook_hears_nothing_more(api: Api) -> None:
    async with receive(BROKEN) as receiver:
        webhook = await create(api, receiver.url)
        await complete(api)
        await tried(api, webhook["id"])
        assert (await api.http.delete(f"/v1/webhooks/{webhook['id']}")).status_code == 204
        await let_time_pass(api)
        store = api.app.ports.store
        async with asyncio.timeout(10):
            while not await store.find(JOBS, {"spec.kind": "delivery", "state": "failed"}):
                await asyncio.sleep(0.01)
        assert len(receiver.calls) == 1
        answer = await api.http.get(f"/v1/webhooks/{webhook['id']}/deliveries")
        assert answer.status_code == 404


async def test_a_request_that_comes_again_brings_no_deleted_webhook_back(api: Api) -> None:
    again = {"Idempotency-Key": "k"}
    made = await api.make(headers=again, webhook={"url": "http://127.0.0.1/"})
    where = f"/v1/webhooks/wh_{made}"
    assert (await api.http.get(f"{where}/deliveries")).status_code == 200
    assert (await api.http.delete(where)).status_code == 204
    assert await api.make(headers=again, webhook={"url": "http://127.0.0.1/"}) == made
    assert (await api.http.get(f"{where}/deliveries")).status_code == 404


async def test_a_secret_is_shown_once_and_lies_in_no_job_or_event(
    api: Api, receiver: Receiver
) -> None:
    webhook = await create(api, receiver.url)
    await complete(api)
    await settled(api, webhook["id"])
    shown = (await api.http.get("/v1/webhooks")).text
    store = api.app.ports.store
    rows = [
        *await store.find(JOBS, {}),
        *await store.find("views.gateway", {}),
        *await store.find("outbox", {}),
    ]
    assert webhook["secret"] not in shown + json.dumps(rows)


async def test_no_owner_sees_another_s_webhooks(api: Api, receiver: Receiver) -> None:
    webhook = await create(api, receiver.url)
    await complete(api)
    told = await settled(api, webhook["id"])

    async def find_other() -> str:
        return "another"

    api.asgi.dependency_overrides[find_owner] = find_other
    here = f"/v1/webhooks/{webhook['id']}"
    assert (await api.http.get("/v1/webhooks")).json() == {"webhooks": []}
    assert (await api.http.get(f"{here}/deliveries")).status_code == 404
    assert (await api.http.delete(here)).status_code == 404
    replay = f"{here}/deliveries/{told['id']}/replay"
    assert (await api.http.post(replay)).status_code == 404
    await complete(api)
    assert len(receiver.calls) == 1


async def test_the_same_key_with_another_webhook_or_other_metadata_is_refused(api: Api) -> None:
    asked: dict[str, Any] = {
        "prompt": "the sea",
        "metadata": {"order": "1"},
        "webhook": {"url": "http://127.0.0.1:9/"},
    }
    headers = {"Idempotency-Key": "k"}
    first = await api.http.post("/v1/videos", json=asked, headers=headers)
    again = await api.http.post("/v1/videos", json=asked, headers=headers)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json()["metadata"] == {"order": "1"}
    for other in ({"metadata": {"order": "2"}}, {"webhook": {"url": "http://127.0.0.1:8/"}}):
        answer = await api.http.post("/v1/videos", json={**asked, **other}, headers=headers)
        assert answer.status_code == 422


@pytest.mark.parametrize(
    "metadata",
    [{"a.b": "1"}, {"": "1"}, {"a": 1}, {"a": "x" * 257}, {str(n): "" for n in range(17)}],
)
async def test_metadata_is_bounded(api: Api, metadata: dict[str, Any]) -> None:
    answer = await api.http.post("/v1/videos", json={"prompt": "the sea", "metadata": metadata})
    assert answer.status_code == 422


async def test_a_looking_up_that_takes_long_holds_up_no_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def never(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(post, "LOOK_SECONDS", 0.05)
    async with asyncio.timeout(2):
        await Poster(resolve=never).check("https://shop.example/", "url")
