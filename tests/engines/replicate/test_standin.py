"""The engine against the stand-in over real HTTP: its books say what was run, and what was paid."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from shared.engines.replicate.catalog import load
from shared.engines.replicate.client import Provider
from shared.engines.replicate.engine import ReplicateEngine
from shared.engines.replicate.hooks import read_call
from shared.engines.replicate.transport import Transport
from shared.jobs.job import Job
from shared.jobs.outcomes import Accepted, Ended, Found, Pending, Produced, Refused
from tests.engines.replicate.attempts import accepted, make_job, make_task
from tests.engines.replicate.provider import needs_client
from tests.standins.receiver import receiver
from tests.standins.replicate import Settings, StandIn, serve, standin
from tests.standins.replicate.models import MODELS

pytestmark = needs_client

FLUX = "black-forest-labs/flux-schnell"
KLING = "kwaivgi/kling-v2.5-turbo-pro"
MUSICGEN = "meta/musicgen"
"""It is paid by the second."""


def now() -> int:
    return round(time.time() * 1000)


@pytest.fixture
async def replicate(tmp_path: Path) -> AsyncIterator[StandIn]:
    pinned = {model.version: model.name for model in load().models if model.version}
    async with standin(tmp_path / "replicate", versions=pinned, shrink=8) as served:
        yield served
        assert not served.provider.trouble


class Worker:
    """What the ledger does with an engine, without keeping anything."""

    def __init__(self, replicate: StandIn, folder: Path, hooks: str = "") -> None:
        provider = Provider(Transport(now))
        self.engine = ReplicateEngine(provider, now, hooks=hooks)
        self._folder = folder
        picture = folder / "picture.png"
        Image.new("RGB", (72, 128), "navy").save(picture)
        self._files = {"image": picture.read_bytes()}
        self.left: Callable[[], float] | None = None

    def task(self, job: Job) -> Any:
        return make_task(job, self._folder, self._files, self.left)

    async def submit(self, job: Job) -> Accepted | Produced | Refused:
        return await self.engine.submit(self.task(job), await self.engine.prepare(self.task(job)))

    async def follow(self, job: Job) -> Produced | Ended:
        """Return how a run has ended."""
        while isinstance(said := await self.engine.poll(self.task(job)), Pending):
            await asyncio.sleep(0.02)
        return said

    async def carry(self, job: Job) -> Produced | Ended:
        """Return what has become of a job."""
        said = await self.submit(job)
        assert isinstance(said, Accepted), said
        return await self.follow(accepted(job, said.external_id))


@pytest.fixture
async def worker(
    replicate: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Worker]:
    monkeypatch.setenv("REPLICATE_API_TOKEN", replicate.token)
    monkeypatch.setenv("REPLICATE_BASE_URL", replicate.url)
    working = Worker(replicate, tmp_path)
    yield working
    await working.engine.close()


def job_for(model: str, kind: str, **known: Any) -> Job:
    files = ["image"] if kind == "clip" else ()
    return make_job(kind, model, files=files, **{"posted_at": now(), **known})


# ── what is good ────────────────────────────────────────────────────────────────────────────────

MADE = [
    (model.name, kind)
    for model in load().models
    for kind in ("plan", "image", "clip", "voice", "music")
    if kind in model.kinds and model.name in MODELS and not model.needs("references")
]


@pytest.mark.parametrize(("model", "kind"), MADE)
async def test_each_model_takes_its_input_and_gives_what_its_kind_needs(
    replicate: StandIn, worker: Worker, model: str, kind: str
) -> None:
    job = job_for(model, kind)
    made = await worker.carry(job)
    assert isinstance(made, Produced), made
    if kind == "plan":
        assert made.made.data["beats"]
    else:
        async with httpx.AsyncClient() as http:
            assert (await http.get(made.urls["key"])).status_code == 200
    verdict = replicate.judge()
    assert (verdict.runs, verdict.dropped) == (1, {})
    ceiling = worker.engine.quote(job).ceiling
    assert ceiling is not None
    assert 0 < made.cost <= ceiling


@pytest.mark.parametrize(("model", "kind"), [(FLUX, "image"), (KLING, "clip"), (MUSICGEN, "music")])
async def test_the_price_is_what_the_provider_has_billed(
    replicate: StandIn, worker: Worker, model: str, kind: str
) -> None:
    made = await worker.carry(job_for(model, kind))
    assert made.cost == replicate.judge().billed


async def test_a_webhook_of_the_provider_wakes_its_job(
    replicate: StandIn, worker: Worker, tmp_path: Path
) -> None:
    async with receiver() as taken:
        worker = Worker(replicate, tmp_path, hooks=taken.url)
        await worker.carry(job_for(FLUX, "image"))
        await worker.engine.close()
        (heard,) = await taken.wait_for(1)
    query = heard.path.partition("?")[2]
    call = read_call(query, heard.headers, heard.body, replicate.settings.secret, time.time())
    assert (call.job, call.attempt, call.run) == ("v1/image/0/0/0", 2, replicate.runs[0].id)


# ── refusals ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("form", ["header", "body", "text"])
async def test_a_full_provider_is_understood_in_each_of_its_forms(
    replicate: StandIn, worker: Worker, form: str
) -> None:
    replicate.next("429", form=form, seconds=17)
    refused = await worker.submit(job_for(FLUX, "image"))
    assert isinstance(refused, Refused)
    assert (refused.why, refused.code) == ("busy", "rate_limited")
    assert refused.seconds == pytest.approx(17, abs=1)
    assert not replicate.runs


@pytest.mark.parametrize(("status", "code"), [("401", "auth"), ("402", "quota")])
async def test_a_refused_account_is_told_until_it_is_mended(
    replicate: StandIn, worker: Worker, status: Any, code: str
) -> None:
    replicate.settings.refuse = status
    refused = await worker.submit(job_for(FLUX, "image"))
    assert isinstance(refused, Refused)
    assert (refused.why, refused.code) == ("account", code)
    replicate.settings.refuse = None
    assert isinstance(await worker.submit(job_for(FLUX, "image")), Accepted)


async def test_a_retired_model_is_left_for_the_next_one(replicate: StandIn, worker: Worker) -> None:
    replicate.settings.retired = [FLUX]
    refused = await worker.submit(job_for(FLUX, "image"))
    assert isinstance(refused, Refused)
    assert refused.why == "model"


# ── nobody knows ────────────────────────────────────────────────────────────────────────────────

LOST = ["lost", "cut", "unreadable", "5xx_after"]


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize(("model", "kind"), [(FLUX, "image"), (KLING, "clip")])
async def test_a_run_whose_answer_was_lost_is_found_again(
    replicate: StandIn, worker: Worker, fault: str, model: str, kind: str
) -> None:
    await worker.submit(job_for(model, kind, n=1))
    replicate.next(fault)
    job = job_for(model, kind)
    with pytest.raises(Exception, match=r".*"):
        await worker.submit(job)
    await worker.submit(job_for(model, kind, n=2))
    found = await worker.engine.find(worker.task(job))
    assert found.is_complete
    assert replicate.runs[1].id in found.ids
    if kind == "image":  # a model with a seed: nobody else's run has this input
        assert found.ids == (replicate.runs[1].id,)


async def test_a_run_that_was_never_accepted_is_surely_absent(
    replicate: StandIn, worker: Worker
) -> None:
    replicate.next("5xx")
    job = job_for(FLUX, "image")
    with pytest.raises(Exception, match=r".*"):
        await worker.submit(job)
    assert await worker.engine.find(worker.task(job)) == Found((), is_complete=True)


@pytest.mark.parametrize("skew", [-7_200.0, 7_200.0])
async def test_it_is_found_whatever_the_providers_clock_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, skew: float
) -> None:
    settings = Settings(pace=200.0, jitter=0.0)
    async with serve(tmp_path / "skewed", settings, skew=skew) as replicate:
        monkeypatch.setenv("REPLICATE_API_TOKEN", replicate.token)
        monkeypatch.setenv("REPLICATE_BASE_URL", replicate.url)
        worker = Worker(replicate, tmp_path)
        replicate.next("lost")
        job = job_for(FLUX, "image")
        with pytest.raises(Exception, match=r".*"):
            await worker.submit(job)
        found = await worker.engine.find(worker.task(job))
        assert found == Found((replicate.runs[0].id,), is_complete=True)
        await worker.engine.close()


async def test_an_answer_that_comes_too_late_is_not_waited_for(
    replicate: StandIn, worker: Worker
) -> None:
    replicate.next("slow_answer", seconds=5)
    job = job_for(FLUX, "image")
    worker.left = lambda: 0.3
    with pytest.raises(TimeoutError):
        await worker.submit(job)
    assert (await worker.engine.find(worker.task(job))).ids == (replicate.runs[0].id,)


async def test_what_is_late_never_reaches_the_provider(replicate: StandIn, worker: Worker) -> None:
    worker.left = lambda: -1.0
    refused = await worker.submit(job_for(FLUX, "image"))
    assert isinstance(refused, Refused)
    assert not replicate.runs


async def test_a_provider_that_is_down_has_surely_accepted_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with standin(tmp_path / "replicate") as replicate:
        monkeypatch.setenv("REPLICATE_API_TOKEN", replicate.token)
        monkeypatch.setenv("REPLICATE_BASE_URL", replicate.url)
    worker = Worker(replicate, tmp_path)
    refused = await worker.submit(job_for(FLUX, "image"))
    assert isinstance(refused, Refused)
    assert (refused.why, refused.code) == ("busy", "network")
    await worker.engine.close()


# ── ends ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_run_that_the_list_shows_late_is_followed_all_the_same(
    replicate: StandIn, worker: Worker
) -> None:
    replicate.settings.list_lag = 3_600
    assert isinstance(await worker.carry(job_for(FLUX, "image")), Produced)


@pytest.mark.parametrize("fault", ["read_429", "read_5xx", "read_lost"])
async def test_trouble_with_a_question_ends_nothing(
    replicate: StandIn, worker: Worker, fault: str
) -> None:
    replicate.next(fault, seconds=0.05)
    assert isinstance(await worker.carry(job_for(FLUX, "image")), Produced)


@pytest.mark.parametrize(
    ("error", "code", "permanent", "retired", "most"),
    [
        ("PA", "internal", False, False, None),
        ("E6716", "timeout", False, False, None),
        ("E9243", "internal", False, False, 2),
        ("OOM", "internal", False, True, None),
        ("E002", "quota", False, True, None),
        ("E003", "rate_limited", False, False, None),
        ("E005", "flagged", True, False, None),
        ("RISK", "flagged", True, False, None),
        ("NSFW", "flagged", False, False, 2),
    ],
)
async def test_a_failed_run_says_what_follows(
    replicate: StandIn,
    worker: Worker,
    error: str,
    code: str,
    permanent: bool,
    retired: bool,
    most: int | None,
) -> None:
    replicate.next("fails", error=error)
    ended = await worker.carry(job_for(FLUX, "image"))
    assert isinstance(ended, Ended)
    said = (ended.code, ended.permanent, ended.retired, ended.most_tries)
    assert said == (code, permanent, retired, most)
    assert ended.cost == replicate.judge().billed == 0


@pytest.mark.parametrize(
    ("model", "kind", "pays", "is_free"),
    [
        (FLUX, "image", True, False),
        (FLUX, "image", False, True),
        (MUSICGEN, "music", False, False),  # its time is paid, whatever came of it
    ],
)
async def test_a_failed_run_costs_what_it_was_billed(
    replicate: StandIn, worker: Worker, model: str, kind: str, pays: bool, is_free: bool
) -> None:
    replicate.next("fails", error="E1000", pays=pays)
    ended = await worker.carry(job_for(model, kind))
    assert ended.cost == replicate.judge().billed
    assert (ended.cost == 0) == is_free


@pytest.mark.parametrize("fault", ["aborted", "canceled"])
async def test_a_run_that_was_stopped_costs_what_it_was_billed(
    replicate: StandIn, worker: Worker, fault: str
) -> None:
    replicate.next(fault)
    ended = await worker.carry(job_for(MUSICGEN, "music"))
    assert isinstance(ended, Ended)
    assert ended.cost == replicate.judge().billed


async def test_a_success_without_an_output_is_a_failure_with_its_price(
    replicate: StandIn, worker: Worker
) -> None:
    replicate.next("no_output")
    ended = await worker.carry(job_for(FLUX, "image"))
    assert isinstance(ended, Ended)
    assert not ended.permanent
    assert ended.cost == replicate.judge().billed


async def test_a_cancel_stops_the_run_and_its_time_is_paid(
    replicate: StandIn, worker: Worker
) -> None:
    replicate.settings.latency = {"music": (0.0, 600.0)}
    job = job_for(MUSICGEN, "music")
    said = await worker.submit(job)
    assert isinstance(said, Accepted)
    running = accepted(job, said.external_id)
    await asyncio.sleep(0.05)
    await worker.engine.cancel(worker.task(running))
    ended = await worker.follow(running)
    assert isinstance(ended, Ended)
    assert ended.cancelled
    assert ended.cost == replicate.judge().billed


async def test_a_run_that_hangs_is_stopped_by_its_provider_within_its_ceiling(
    replicate: StandIn, worker: Worker
) -> None:
    replicate.next("hangs")
    job = job_for(MUSICGEN, "music")
    said = await worker.submit(job)
    assert isinstance(said, Accepted)
    replicate.move(400)
    ended = await worker.follow(accepted(job, said.external_id))
    assert isinstance(ended, Ended)
    ceiling = worker.engine.quote(job).ceiling
    assert ceiling is not None
    assert replicate.judge().billed <= ended.cost <= ceiling
