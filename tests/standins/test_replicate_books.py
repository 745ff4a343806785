"""The books of the stand-in for Replicate: what was paid, and what was paid twice."""

import asyncio
from pathlib import Path
from typing import Any

from tests.standins.caller import SCHNELL, Caller
from tests.standins.replicate import StandIn, read_runs, standin

KOKORO = "jaaari/kokoro-82m"
KLING = "kwaivgi/kling-v2.5-turbo-pro"


async def test_paid_twice_is_a_create_while_an_earlier_one_of_its_job_has_not_failed(
    replicate: StandIn, caller: Caller
) -> None:
    async def make(job: str, attempt: int, **given: Any) -> str:
        hook = f"http://127.0.0.1:1/hooks?job={job}&attempt={attempt}"
        given = {"prompt": "a fox", **given}
        shown = await caller.finish(await caller.post(SCHNELL, given, webhook=hook))
        return str(shown["id"])

    replicate.next("fails", error="PA", prompt="first")
    replicate.next("no_output", prompt="third", pays=True)
    await make("v/image/0", 1, prompt="first")
    await make("v/image/0", 2, prompt="first")
    paid = [await make("v/image/1", attempt, seed=attempt) for attempt in (1, 2)]
    await make("v/image/2", 1, prompt="third")
    await make("v/image/2", 2, prompt="third")
    verdict = replicate.judge()
    assert verdict.paid_twice == ((paid[0], paid[1]),) and verdict.paid_twice_micros == 3000
    assert verdict.billed == 5 * 3000 and verdict.groups == 3
    assert verdict.by_status == {"failed": 1, "succeeded": 5}
    answer = await caller.http.get("/_standin/judge", params={"by": "webhook.job"})
    assert answer.json()["paid_twice"] == [paid]
    by_input = await caller.http.get("/_standin/judge", params={"by": "model,input"})
    assert by_input.json()["paid_twice"] == []
    ledger = (await caller.http.get("/_standin/ledger")).json()
    assert ledger["billed_micros"] == verdict.billed
    assert ledger["runs"][1]["webhook_query"] == {"job": "v/image/0", "attempt": "2"}
    assert (await caller.http.get("/_standin/judge", params={"by": "owner"})).status_code == 400


async def test_two_creates_at_one_time_are_paid_twice_whatever_comes_of_them(
    replicate: StandIn, caller: Caller
) -> None:
    replicate.settings.latency = {"image": (0.1, 0.1)}
    replicate.next("fails", error="PA", times=2)
    first, second = await asyncio.gather(caller.ask(seed=1), caller.ask(seed=1))
    await caller.finish(first)
    await caller.finish(second)
    verdict = replicate.judge()
    assert len(verdict.paid_twice) == 1 and verdict.most_at_once == 2


async def test_what_was_made_and_never_fetched_is_listed(
    replicate: StandIn, caller: Caller
) -> None:
    fetched, left = [await caller.finish(await caller.ask()) for _ in range(2)]
    await caller.http.get(fetched["output"][0])
    assert replicate.judge().never_fetched == (left["id"],)


async def test_runs_go_on_in_another_process_of_the_same_folder(tmp_path: Path) -> None:
    slow: dict[str, Any] = {"latency": {"image": (0.2, 0.2)}}
    async with standin(tmp_path, **slow) as replicate, Caller(replicate) as caller:
        file = await caller.http.post("/v1/files", files={"content": ("a.txt", b"hello")})
        over = await caller.finish(await caller.ask())
        replicate.move(100)
        await caller.ask()
    with (tmp_path / "ledger.jsonl").open("a") as half:
        half.write('{"line": "accep')
    assert [run.status for run in read_runs(tmp_path)] == ["succeeded", "starting"]
    async with standin(tmp_path) as replicate, Caller(replicate) as caller:
        assert (await caller.get(over["id"]))["metrics"] == over["metrics"]
        assert (await caller.end(replicate.runs[1].id))["status"] == "succeeded"
        assert (await caller.http.get(f"/v1/files/{file.json()['id']}")).json()["size"] == 5
        assert replicate.provider.clock.ahead == 100
        assert replicate.judge().billed == 6000


async def test_the_script_is_exact_and_the_rates_come_from_the_seed(tmp_path: Path) -> None:
    async def refused(folder: str, seed: int) -> list[int]:
        async with standin(tmp_path / folder, seed=seed) as replicate, Caller(replicate) as caller:
            await caller.http.post("/_standin/faults", json={"rates": {"429": 0.3, "5xx": 0.2}})
            return [(await caller.ask()).status_code for _ in range(30)]

    first, again, other = [await refused(str(n), seed) for n, seed in enumerate((1, 1, 2))]
    assert first == again != other and set(first) == {201, 429, 503}
    async with standin(tmp_path / "script") as replicate, Caller(replicate) as caller:
        script = {"next": [{"name": "5xx", "after": 1, "times": 2, "kind": "image"}]}
        await caller.http.post("/_standin/faults", json=script)
        statuses = [(await caller.ask(m)).status_code for m in (KLING, *[SCHNELL] * 4)]
        assert statuses == [201, 201, 503, 503, 201]
        wrong = await caller.http.post("/_standin/faults", json={"next": [{"name": "flood"}]})
        assert wrong.status_code == 400 and "flood" in wrong.text
