"""The engine over a provider made of one function: what it asks, and what it makes of answers."""

import asyncio
import json
from dataclasses import replace
from datetime import datetime
from email.utils import formatdate
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from shared.engines.replicate.engine import Polling, Prepared, ReplicateEngine
from shared.engines.replicate.uploads import MOST_OF_PICTURE
from shared.jobs.job import Job, State
from shared.jobs.outcomes import Accepted, Ended, Found, Made, Pending, Produced, Refused
from shared.jobs.rows import end_event
from shared.story.errors import PermanentError
from shared.story.kinds import KINDS, ChunkReady
from shared.story.kinds.clips import ASKED_SECONDS, MADE_WITHOUT
from tests.engines.replicate.attempts import accepted, make_job, make_task
from tests.engines.replicate.provider import NOW, Answer, Asked, needs_client, open_provider, run

pytestmark = needs_client

KLING = "kwaivgi/kling-v2.5-turbo-pro"
WAN = "wan-video/wan-2.2-i2v-fast"
FLUX = "black-forest-labs/flux-schnell"
LARGE = bytes(300_000)

CREATED = "2026-09-21T14:13:20Z"
"""The time that our clock shows in these tests."""


def make_engine(answer: Answer, **more: Any) -> tuple[ReplicateEngine, Asked]:
    provider, asked = open_provider(answer)
    return ReplicateEngine(provider, lambda: NOW, **more), asked


def always(status: int, content: Any = None, **more: Any) -> Answer:
    return lambda request: httpx.Response(status, json=content, **more)


class Account:
    """What a provider knows: its runs, newest first, and its files."""

    def __init__(self, *runs: dict[str, Any]) -> None:
        self.runs = list(runs)
        self.files: dict[str, str] = {}

    def answer(self, request: httpx.Request) -> httpx.Response:
        path, name = request.url.path, request.url.path.rpartition("/")[2]
        if path == "/v1/files":
            content = request.content.partition(b"\r\n\r\n")[2].partition(b"\r\n--")[0]
            id_ = f"f{len(self.files)}"
            self.files[id_] = sha256(content).hexdigest()
            return httpx.Response(201, json={"id": id_, "urls": {"get": f"https://x/{id_}"}})
        if path.startswith("/v1/files/"):
            return httpx.Response(200, json={"checksums": {"sha256": self.files[name]}})
        if path == "/v1/predictions":
            return httpx.Response(200, json={"results": self.runs, "next": None})
        if path.endswith("/predictions"):
            return httpx.Response(201, json=run("new"))
        found = [each for each in self.runs if each["id"] == name]
        return httpx.Response(200, json=found[0]) if found else httpx.Response(404, json={})


async def submit(
    engine: ReplicateEngine, job: Job, folder: Path, files: dict[str, bytes] | None = None
) -> Accepted | Refused:
    task = make_task(job, folder, files)
    return await engine.submit(task, await engine.prepare(task))


# ── the one POST ────────────────────────────────────────────────────────────────────────────────


async def test_an_accepted_run_is_known_by_its_id(tmp_path: Path) -> None:
    engine, asked = make_engine(always(201, run("r7")))
    assert await submit(engine, make_job("image", FLUX), tmp_path) == Accepted("r7")
    (request,) = asked
    assert request.url.path == f"/v1/models/{FLUX}/predictions"
    sent = json.loads(request.content)
    assert "a lighthouse" in sent["input"]["prompt"]
    assert set(sent) == {"input"}


async def test_a_run_is_told_where_to_call_with_its_job_and_attempt(tmp_path: Path) -> None:
    engine, asked = make_engine(always(201, run()), hooks="https://a.example/hooks/replicate")
    await submit(engine, make_job("image", FLUX), tmp_path)
    sent = json.loads(asked[0].content)
    url = httpx.URL(sent["webhook"])
    assert dict(url.params) == {"job": "v1/image/0/0/0", "attempt": "2"}
    assert sent["webhook_events_filter"] == ["completed"]


async def test_two_jobs_with_the_same_order_never_send_the_same_input(tmp_path: Path) -> None:
    engine, asked = make_engine(always(201, run()))
    for n in (0, 1):
        await submit(engine, make_job("image", FLUX, n=n), tmp_path)
    first, second = (json.loads(request.content)["input"] for request in asked)
    assert first["seed"] != second["seed"]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(always(500, {"detail": "oops"}), id="broke over it"),
        pytest.param(always(201, {"status": "starting"}), id="no id"),
        pytest.param(lambda request: httpx.Response(201, text='{"id": "r'), id="cut"),
        pytest.param(lambda request: httpx.Response(504, text="<html>"), id="a proxy gave up"),
    ],
)
async def test_an_answer_that_says_nothing_is_no_outcome(tmp_path: Path, answer: Answer) -> None:
    engine, _ = make_engine(answer)
    task = make_task(make_job("image", FLUX), tmp_path)
    prepared = await engine.prepare(task)
    with pytest.raises(Exception, match=r".+"):
        await engine.submit(task, prepared)


async def test_a_refusal_says_whose_fault_it_is_and_how_long_to_wait(tmp_path: Path) -> None:
    engine, _ = make_engine(always(429, {"retry_after": 30}))
    refused = await submit(engine, make_job("image", FLUX), tmp_path)
    assert isinstance(refused, Refused)
    assert (refused.why, refused.seconds) == ("busy", 30)


async def test_what_is_late_is_put_back_without_leaving_the_provider_alone(tmp_path: Path) -> None:
    engine, asked = make_engine(always(201, run()))
    task = make_task(make_job("image", FLUX), tmp_path, seconds_left=lambda: -1.0)
    refused = await engine.submit(task, await engine.prepare(task))
    assert isinstance(refused, Refused)
    assert refused.why == "busy"
    assert not asked


# ── files ───────────────────────────────────────────────────────────────────────────────────────


async def test_a_small_picture_travels_inside_the_input(tmp_path: Path) -> None:
    engine, asked = make_engine(always(201, run()))
    job = make_job("clip", KLING, files=["image"])
    await submit(engine, job, tmp_path, {"image": b"small"})
    sent = json.loads(asked[0].content)["input"]
    assert sent["start_image"].startswith("data:image/png;base64,")
    assert len(asked) == 1


async def test_a_large_picture_is_given_once_whoever_asks_at_the_same_time(tmp_path: Path) -> None:
    account = Account()
    engine, asked = make_engine(account.answer)
    jobs = [make_job("clip", KLING, n=n, files=["image"]) for n in range(3)]
    await asyncio.gather(*(submit(engine, job, tmp_path, {"image": LARGE}) for job in jobs))
    assert asked.paths().count("/v1/files") == 1
    sent = [json.loads(request.content)["input"] for request in asked[1:]]
    assert {each["start_image"] for each in sent} == {"https://x/f0"}
    assert account.files == {"f0": sha256(LARGE).hexdigest()}


async def test_a_file_is_given_again_before_the_provider_removes_it(tmp_path: Path) -> None:
    account, now = Account(), [NOW]
    provider, asked = open_provider(account.answer)
    engine = ReplicateEngine(provider, lambda: now[0])
    job = make_job("clip", KLING, files=["image"])
    for hours in (0, 22, 24):
        now[0] = NOW + hours * 3_600_000
        await submit(engine, job, tmp_path, {"image": LARGE})
    assert asked.paths().count("/v1/files") == 2


async def test_a_picture_that_would_break_its_run_is_made_smaller(tmp_path: Path) -> None:
    buffer = BytesIO()
    Image.effect_noise((2_700, 2_700), 100).save(buffer, "PNG")
    assert len(buffer.getvalue()) > MOST_OF_PICTURE
    engine, asked = make_engine(Account().answer)
    job = make_job("clip", KLING, files=["image"])
    await submit(engine, job, tmp_path, {"image": buffer.getvalue()})
    assert b"image/jpeg" in asked[0].content
    assert len(asked[0].content) < MOST_OF_PICTURE


async def test_a_large_file_that_is_no_picture_is_refused_before_anything_is_asked(
    tmp_path: Path,
) -> None:
    engine, asked = make_engine(Account().answer)
    job = make_job("clip", KLING, files=["image"])
    task = make_task(job, tmp_path, {"image": bytes(MOST_OF_PICTURE + 1)})
    with pytest.raises(PermanentError, match="“image” is no picture that can be read"):
        await engine.prepare(task)
    assert not asked


async def test_a_failed_upload_is_tried_again_for_the_next_job(tmp_path: Path) -> None:
    answers = iter([httpx.Response(503, json={}), httpx.Response(402, json={})])
    account = Account()

    def answer(request: httpx.Request) -> httpx.Response:
        return next(answers, None) or account.answer(request)

    engine, _ = make_engine(answer)
    job = make_job("clip", KLING, files=["image"])
    said = [await submit(engine, job, tmp_path, {"image": LARGE}) for _ in range(3)]
    assert [each.why for each in said if isinstance(each, Refused)] == ["busy", "account"]
    assert said[2] == Accepted("new")


async def test_where_files_are_refused_no_run_is_asked_for(tmp_path: Path) -> None:
    engine, asked = make_engine(always(401, {"title": "Unauthenticated"}))
    job = make_job("clip", KLING, files=["image"])
    refused = await submit(engine, job, tmp_path, {"image": LARGE})
    assert isinstance(refused, Refused)
    assert refused.why == "account"
    assert asked.paths() == ["/v1/files"]


async def test_a_clip_whose_picture_is_gone_is_made_from_words_where_its_model_can(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine, _ = make_engine(always(201, run()))
    task = make_task(make_job("clip", KLING, files=["image"]), tmp_path)
    prepared = await engine.prepare(task)
    assert isinstance(prepared, Prepared)
    assert "start_image" not in prepared.input
    assert "made from words alone: its input “image” is gone" in caplog.text


async def test_a_clip_whose_picture_is_gone_fails_where_its_model_needs_one(tmp_path: Path) -> None:
    engine, asked = make_engine(always(201, run()))
    task = make_task(make_job("clip", WAN, files=["image"]), tmp_path)
    with pytest.raises(PermanentError, match="its input “image” is gone"):
        await engine.prepare(task)
    assert not asked


# ── quotes ──────────────────────────────────────────────────────────────────────────────────────


async def find_print(folder: Path, job: Job, picture: bytes = b"a picture") -> str:
    engine, asked = make_engine(always(500))
    said = await engine.fingerprint(make_task(job, folder, {"image": picture}))
    assert asked == [], "nothing is asked of anybody"
    return said


async def test_two_jobs_that_want_the_same_have_one_fingerprint(tmp_path: Path) -> None:
    one, other = (make_job("clip", WAN, n=n, files=["image"]) for n in (0, 1))
    first = await find_print(tmp_path, one)
    assert first == await find_print(tmp_path, other), "a seed of its own is no other wish"
    moved = one.spec.model_copy(update={"files": {"image": "key/image.png"}, "video_id": "v2"})
    assert first == await find_print(tmp_path, replace(one, spec=moved))


async def test_another_model_other_words_or_another_picture_is_another_wish(
    tmp_path: Path,
) -> None:
    job = make_job("clip", WAN, files=["image"])
    words = job.spec.model_copy(update={"input": {**job.spec.input, "prompt": "a storm"}})
    prints = [
        await find_print(tmp_path, job),
        await find_print(tmp_path, job, b"another picture"),
        await find_print(tmp_path, make_job("clip", KLING, files=["image"])),
        await find_print(tmp_path, replace(job, spec=words)),
        await find_print(tmp_path, replace(job, tries=3)),
    ]
    assert len(set(prints)) == len(prints), "after three tries it is another model's turn"


def test_a_quote_is_the_most_that_one_run_can_cost() -> None:
    engine, _ = make_engine(always(500))
    quote = engine.quote(make_job("clip", KLING, files=["image"]))
    assert (quote.model, quote.ceiling) == (KLING, 350_000)


def test_after_three_tries_it_is_the_turn_of_the_next_model() -> None:
    engine, _ = make_engine(always(500))
    job = make_job("clip", KLING, files=["image"])
    models = [engine.quote(make_job("clip", KLING, files=["image"], tries=n)).model for n in (2, 3)]
    assert models == [KLING, "bytedance/seedance-1-lite"]
    assert engine.count_models(job) == 2


# ── what has become of a run ────────────────────────────────────────────────────────────────────


def running(model: str = KLING, kind: str = "clip", run_: str = "r1", **known: Any) -> Job:
    files = ["image"] if kind == "clip" else ()
    return accepted(make_job(kind, model, files=files), run_, **known)


async def poll(answer: Answer, folder: Path, job: Job | None = None) -> Any:
    engine, _ = make_engine(answer)
    return await engine.poll(make_task(job or running(), folder))


async def test_a_few_readings_of_the_list_serve_all_that_are_polled(tmp_path: Path) -> None:
    account = Account(*(run(f"r{n}", "processing") for n in range(50)))
    engine, asked = make_engine(account.answer)
    tasks = [make_task(running(run_=f"r{n}"), tmp_path) for n in range(50)]
    said = await asyncio.gather(*(engine.poll(task) for task in tasks))
    assert all(isinstance(each, Pending) for each in said)
    # one for the provider's clock, one for who came first, one for all who came meanwhile
    assert asked.paths() == ["/v1/predictions"] * 3


async def test_a_run_is_asked_for_alone_only_once_it_has_ended(tmp_path: Path) -> None:
    done = run("r1", "succeeded", output="https://x/a.mp4")
    engine, asked = make_engine(Account(done, run("r2", "processing")).answer)
    said = [await engine.poll(make_task(running(run_=id_), tmp_path)) for id_ in ("r2", "r1")]
    assert isinstance(said[0], Pending)
    assert isinstance(said[1], Produced)
    assert asked.paths()[-1] == "/v1/predictions/r1"
    assert "/v1/predictions/r2" not in asked.paths()


async def test_who_asks_before_the_time_sees_what_is_new(tmp_path: Path) -> None:
    account = Account(run("r1", "processing"))
    engine, _ = make_engine(account.answer)
    task = make_task(running(), tmp_path)
    assert isinstance(await engine.poll(task), Pending)
    account.runs = [run("r1", "succeeded", output="https://x/a.mp4")]
    assert isinstance(await engine.poll(task), Produced)


async def test_who_asks_in_his_time_sees_what_is_new_if_there_was_news_meanwhile(
    tmp_path: Path,
) -> None:
    account = Account(run("r1", "processing"))
    engine, _ = make_engine(account.answer, polling=Polling(share=0.0, least=0.0))
    said = []
    for attempt in (3, 4, 6):  # a webhook raises the fence: so no attempt 5 has looked
        task = make_task(running(attempt=attempt), tmp_path)
        said.append(await engine.poll(task))
        account.runs = [run("r1", "succeeded", output="https://x/a.mp4")]
    assert [type(each) for each in said] == [Pending, Pending, Produced]


async def test_a_run_that_the_list_does_not_show_yet_is_asked_for(tmp_path: Path) -> None:
    account = Account(run("r1", "processing"))
    listed = Account()

    def answer(request: httpx.Request) -> httpx.Response:
        is_list = request.url.path == "/v1/predictions"
        return (listed if is_list else account).answer(request)

    engine, asked = make_engine(answer)
    assert isinstance(await engine.poll(make_task(running(), tmp_path)), Pending)
    assert asked.paths()[-1] == "/v1/predictions/r1"


@pytest.mark.parametrize(
    "output",
    ["https://x/a.mp4", ["https://x/a.mp4"], {"video": "https://x/a.mp4", "seed": 7}],
)
async def test_an_output_of_any_shape_is_one_file_with_its_price(
    tmp_path: Path, output: Any
) -> None:
    metrics = {"video_output_duration_seconds": 5, "predict_time": 61.2}
    started = {"prompt": "a sea", "start_image": "https://x/i.png", "duration": 5}
    done = run("r1", "succeeded", output=output, metrics=metrics, input=started)
    said = await poll(Account(done).answer, tmp_path)
    made = Made(data={ASKED_SECONDS: 5.0})
    assert said == Produced(made, urls={"key": "https://x/a.mp4"}, cost=350_000)


@pytest.mark.parametrize(
    ("files", "given", "lack"),
    [
        (["image"], {"prompt": "a sea"}, "its storyboard image: it was gone"),
        (["last_frame"], {"prompt": "a sea"}, "the last frame of the clip before it: it was gone"),
        (["image"], {"prompt": "a sea", "start_image": "https://x/i.png"}, None),
        (["image"], {}, None),  # the provider has forgotten it
        ([], {"prompt": "a sea"}, None),
    ],
)
async def test_a_clip_that_was_made_without_its_picture_says_so(
    tmp_path: Path, files: list[str], given: dict[str, str], lack: str | None
) -> None:
    done = run("r1", "succeeded", output="https://x/a.mp4", input=given)
    said = await poll(
        Account(done).answer, tmp_path, accepted(make_job("clip", KLING, files=files))
    )
    assert said.made.data.get(MADE_WITHOUT) == lack


def test_what_an_engine_did_without_is_a_doubt_beside_those_of_the_check() -> None:
    data = {MADE_WITHOUT: "its storyboard image: it was gone", "doubts": ["flickers"]}
    result = {"key": "k", "seconds": 5.0, **data}
    spec = make_job("clip", KLING).spec
    done = Job(spec=spec, state=State.DONE, result=result, finished_at=NOW)
    ready = end_event(done, KINDS)
    assert isinstance(ready, ChunkReady)
    assert ready.doubts == ("was made without its storyboard image: it was gone", "flickers")


async def test_several_outputs_are_all_kept(tmp_path: Path) -> None:
    done = run("r1", "succeeded", output=["https://x/a.png", "https://x/b.png"])
    said = await poll(Account(done).answer, tmp_path, running(FLUX, "image"))
    assert said.urls == {"key": "https://x/a.png", "key/1": "https://x/b.png"}


@pytest.mark.parametrize("output", [None, [], "", "file:///etc/passwd", 7, {"url": None}])
async def test_a_success_without_an_output_is_a_failure_with_its_price(
    tmp_path: Path, output: Any
) -> None:
    metrics = {"video_output_duration_seconds": 5}
    said = await poll(
        Account(run("r1", "succeeded", output=output, metrics=metrics)).answer, tmp_path
    )
    assert isinstance(said, Ended)
    assert (said.permanent, said.cost) == (False, 350_000)
    assert "finished without an output" in said.error


async def test_a_flagged_run_names_the_input_at_fault_and_costs_nothing(tmp_path: Path) -> None:
    failed = run("r1", "failed", error="The input image was flagged as sensitive. (E005)")
    said = await poll(Account(failed).answer, tmp_path)
    assert (said.code, said.at_fault, said.permanent, said.cost) == ("flagged", "image", True, 0)


async def test_a_stopped_run_has_the_price_of_its_time(tmp_path: Path) -> None:
    kokoro = "jaaari/kokoro-82m"
    stopped = run("r1", "canceled", model=kokoro, metrics={"predict_time": 10})
    said = await poll(Account(stopped).answer, tmp_path, running(kokoro, "voice"))
    assert said.cancelled
    assert said.cost == 2_250


async def test_a_run_that_never_began_is_free_and_worth_another_try(tmp_path: Path) -> None:
    said = await poll(Account(run("r1", "aborted")).answer, tmp_path)
    assert (said.code, said.cost, said.permanent) == ("timeout", 0, False)


@pytest.mark.parametrize("status", [401, 429, 500, 503])
async def test_a_refused_question_ends_nothing(tmp_path: Path, status: int) -> None:
    said = await poll(always(status, {"retry_after": 40}), tmp_path)
    assert isinstance(said, Pending)
    assert said.seconds >= 40


async def test_after_a_full_provider_nobody_asks_for_a_while(tmp_path: Path) -> None:
    engine, asked = make_engine(always(429, {"retry_after": 40}))
    for id_ in ("r1", "r2", "r3"):
        said = await engine.poll(make_task(running(run_=id_), tmp_path))
        assert isinstance(said, Pending)
        assert said.seconds > 30
    assert len(asked) == 1


async def test_a_lost_connection_ends_nothing(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("gone")

    assert isinstance(await poll(answer, tmp_path), Pending)


async def test_a_run_that_is_unknown_for_long_is_never_run_again_and_costs_its_hold(
    tmp_path: Path,
) -> None:
    young = await poll(Account().answer, tmp_path, running(posted_at=NOW - 60_000))
    old = await poll(Account().answer, tmp_path, running(posted_at=NOW - 700_000))
    assert isinstance(young, Pending)
    assert (old.permanent, old.cost, old.code) == (True, 350_000, "unresolved")


async def test_a_model_that_the_catalog_no_longer_has_costs_what_is_held(tmp_path: Path) -> None:
    done = run("r1", "succeeded", output="https://x/a.mp4")
    said = await poll(Account(done).answer, tmp_path, running(model="gone/model"))
    assert said.cost == 350_000


@pytest.mark.parametrize(("age", "wait"), [(0, 1), (100, 4), (10_000, 30)])
def test_a_run_is_looked_at_ever_less_often(age: float, wait: float) -> None:
    assert Polling().wait(age) == wait


# ── a lost submit ───────────────────────────────────────────────────────────────────────────────


async def sent_by(engine: ReplicateEngine, job: Job, folder: Path, files: Any = None) -> Any:
    prepared = await engine.prepare(make_task(job, folder, files))
    assert isinstance(prepared, Prepared)
    return dict(prepared.input)


def listed(id_: str, model: str, input_: Any, **more: Any) -> dict[str, Any]:
    return run(id_, model=model, input=input_, created_at=CREATED, **more)


async def find(engine: ReplicateEngine, job: Job, folder: Path, files: Any = None) -> Found:
    return await engine.find(make_task(job, folder, files))


async def test_a_lost_run_is_found_by_its_model_and_its_input(tmp_path: Path) -> None:
    account = Account()
    engine, _ = make_engine(account.answer)
    job = make_job("image", FLUX)
    mine = await sent_by(engine, job, tmp_path)
    other = await sent_by(engine, make_job("image", FLUX, n=1), tmp_path)
    account.runs = [
        listed("newer", FLUX, {**mine, "added": "by the provider"}),
        listed("another model", "black-forest-labs/flux-dev", mine),
        listed("another job", FLUX, other),
        listed("aborted", FLUX, mine, status="aborted"),
    ]
    assert await find(engine, job, tmp_path) == Found(("aborted", "newer"), is_complete=True)


async def test_runs_that_differ_in_a_large_file_alone_are_told_apart(tmp_path: Path) -> None:
    account = Account()
    engine, _ = make_engine(account.answer)
    job = make_job("clip", KLING, files=["image"])
    mine = await sent_by(engine, job, tmp_path, {"image": LARGE})
    other = await sent_by(engine, job, tmp_path, {"image": LARGE + b"x"})
    account.runs = [listed("other", KLING, other), listed("mine", KLING, mine)]
    # in another process, which has uploaded nothing
    engine, _ = make_engine(account.answer)
    assert (await find(engine, job, tmp_path, {"image": LARGE})).ids == ("mine",)


async def test_runs_that_differ_in_a_small_file_alone_are_told_apart(tmp_path: Path) -> None:
    account = Account()
    engine, _ = make_engine(account.answer)
    job = make_job("clip", KLING, files=["image"])
    mine = await sent_by(engine, job, tmp_path, {"image": b"mine"})
    other = await sent_by(engine, job, tmp_path, {"image": b"other"})
    account.runs = [listed("other", KLING, other), listed("mine", KLING, mine)]
    assert (await find(engine, job, tmp_path, {"image": b"mine"})).ids == ("mine",)


async def test_the_list_is_read_to_its_end(tmp_path: Path) -> None:
    job = make_job("image", FLUX)
    pages: dict[str, tuple[list[Any], str | None]] = {"": ([], "https://x/y?cursor=2")}

    def answer(request: httpx.Request) -> httpx.Response:
        runs, more = pages[request.url.params.get("cursor", "")]
        return httpx.Response(200, json={"results": runs, "next": more})

    engine, _ = make_engine(answer)
    pages["2"] = ([listed("r1", FLUX, await sent_by(engine, job, tmp_path))], None)
    assert await find(engine, job, tmp_path) == Found(("r1",), is_complete=True)


async def test_nobody_can_be_sure_where_the_list_can_not_be_read(tmp_path: Path) -> None:
    engine, _ = make_engine(always(503, {}))
    assert await find(engine, make_job("image", FLUX), tmp_path) == Found((), is_complete=False)


@pytest.mark.parametrize("input_", [None, {}])
async def test_nobody_can_be_sure_where_an_input_has_been_removed(
    tmp_path: Path, input_: Any
) -> None:
    engine, _ = make_engine(Account(listed("r1", FLUX, input_)).answer)
    assert await find(engine, make_job("image", FLUX), tmp_path) == Found((), is_complete=False)


@pytest.mark.parametrize("ahead", [-7_200, 0, 7_200])
async def test_the_list_is_asked_in_the_providers_own_time(tmp_path: Path, ahead: int) -> None:
    date = {"date": httpx_date(NOW / 1000 + ahead)}
    engine, asked = make_engine(always(200, {"results": [], "next": None}, headers=date))
    await find(engine, make_job("image", FLUX), tmp_path)
    since = time_of(asked[-1].url.params["created_after"])
    assert since == pytest.approx(NOW / 1000 + ahead - 60, abs=1)


# ── the end ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("status", [200, 404, 422, 500])
async def test_a_cancel_of_whatever_has_become_of_it_does_no_harm(
    tmp_path: Path, status: int
) -> None:
    engine, asked = make_engine(always(status, run(status="canceled")))
    await engine.cancel(make_task(running(), tmp_path))
    assert asked.paths() == ["/v1/predictions/r1/cancel"]


def httpx_date(seconds: float) -> str:
    return formatdate(seconds, usegmt=True)


def time_of(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
