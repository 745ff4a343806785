"""`storywave doctor`: what is wrong with an installation is said with what to do, and no more."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from services.cli import doctor as doctors
from services.cli import main
from services.cli.contradictions import find_contradictions
from shared.bus import kafka_topics
from shared.bus.kafka_topics import Seen, TopicState
from shared.engines.replicate.catalog import Catalog, load
from shared.engines.replicate.client import TOKEN
from shared.jobs.gate import MONEY
from shared.jobs.job import Job, State
from shared.jobs.ledger import JOBS
from shared.jobs.rows import to_doc
from shared.runtime.settings import Settings
from shared.store.sqlite import SqliteStore
from shared.story.kinds import CLIP
from tests.engines.replicate.provider import needs_client
from tests.histories import full_plan, spec
from tests.prices import CENT
from tests.standins.replicate import StandIn, standin

Captured = pytest.CaptureFixture[str]
Doctor = Callable[[], tuple[int, str]]
KLING = "kwaivgi/kling-v2.5-turbo-pro"


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is set and nothing is there."""
    monkeypatch.chdir(tmp_path)
    for name in ("REPLICATE_API_TOKEN", "REPLICATE_BASE_URL", "STORYWAVE_MODE", "STORYWAVE_PAID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def doctor(capsys: Captured) -> Doctor:
    def look() -> tuple[int, str]:
        code = main(["doctor"])
        said = capsys.readouterr()
        assert said.err == ""
        return code, said.out

    return look


# ── settings ────────────────────────────────────────────────────────────────────────────────────


def test_a_fresh_installation_is_well_and_a_look_makes_nothing(
    doctor: Doctor, tmp_path: Path
) -> None:
    code, said = doctor()
    assert (code, said.splitlines()[-1]) == (0, "nothing is wrong")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("environment", "advice"),
    [
        ({"STORYWAVE_PAID": "1"}, f"{TOKEN} is empty: set it"),
        ({"STORYWAVE_PAID": "perhaps"}, "STORYWAVE_PAID"),
        (
            {"STORYWAVE_KAFKA": "k:9092"},
            "KAFKA has no effect: set STORYWAVE_MODE=cluster",
        ),
        ({"STORYWAVE_LLM_MODEL": "m"}, "LLM_MODEL has no effect: set STORYWAVE_LLM_URL"),
        ({"STORYWAVE_REHEARSAL_SECONDS": "3"}, "set STORYWAVE_ENGINE=rehearsal"),
        ({"STORYWAVE_ENGINE": "rehearsal", "STORYWAVE_PAID": "1"}, "a rehearsal pays nothing"),
        ({"STORYWAVE_REPLICATE_WEBHOOK_SECRET": "whsec_aaaa"}, "set STORYWAVE_PUBLIC_URL"),
        (
            {"STORYWAVE_REPLICATE_WEBHOOK_SECRET": "x", "STORYWAVE_PUBLIC_URL": "http://a.example"},
            "write it with https",
        ),
        ({"STORYWAVE_S3_KEY": "k"}, "set both, or neither"),
        ({"STORYWAVE_BUDGET": "3"}, "perhaps STORYWAVE_BUDGET_USD is meant"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_settings_that_cannot_all_be_meant_are_named_with_what_to_do(
    doctor: Doctor,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    advice: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    code, said = doctor()
    assert code == 1
    assert any(line.startswith("wrong") and advice in line for line in said.splitlines()), said


def test_the_settings_that_are_usual_contradict_nothing() -> None:
    assert list(find_contradictions(Settings(), {})) == []
    paid = Settings(paid=True, budget_usd="5", llm_url="http://127.0.0.1:9/v1", llm_model="m")
    assert list(find_contradictions(paid, {TOKEN: "r8"})) == []


def test_what_is_no_mistake_is_a_note() -> None:
    found = [
        *find_contradictions(Settings(), {TOKEN: "r8", "STORYWAVE_CLUSTER_CACHE": "x"}),
        *find_contradictions(Settings(paid=True, host="0.0.0.0"), {TOKEN: "r8"}),
    ]
    assert [each.level for each in found] == ["note"] * 4
    said = " ".join(each.said for each in found)
    assert "STORYWAVE_PAID is off" in said
    assert "a request that names no budget is refused" in said
    assert "can spend money" in said
    assert "r8" not in said


def test_where_others_can_ask_a_missing_key_is_wrong(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    make = ["keys", "create", "--owner", "acme", "--role", "admin"]
    assert main(["keys", "list"]) == 0
    capsys.readouterr()
    monkeypatch.setenv("STORYWAVE_HOST", "0.0.0.0")
    code, said = doctor()
    assert code == 1 and "`storywave keys create` makes one" in said
    assert main(make) == 0
    capsys.readouterr()
    assert doctor()[0] == 0


# ── paid engines ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("paid", "code"), [("1", 1), ("0", 0)])
def test_a_python_without_the_client_is_wrong_only_for_paid_engines(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, paid: str, code: int
) -> None:
    monkeypatch.setitem(sys.modules, "replicate", None)
    monkeypatch.setenv("STORYWAVE_PAID", paid)
    monkeypatch.setenv(TOKEN, "r8")
    given, said = doctor()
    assert given == code
    assert "use Python 3.11, 3.12 or 3.13" in said


@pytest.fixture
async def replicate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StandIn]:
    async with standin(tmp_path / "replicate") as served:
        monkeypatch.setenv(TOKEN, served.token)
        monkeypatch.setenv("REPLICATE_BASE_URL", served.url)
        monkeypatch.setenv("STORYWAVE_PAID", "1")
        yield served
        assert not served.provider.trouble
        assert not served.runs, "to look costs nothing"


@needs_client
async def test_a_model_that_has_changed_or_gone_is_named_with_what_differs(
    doctor: Doctor, replicate: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    kling = load().model(KLING)
    assert kling
    fields = {**kling.fields, "end_picture": kling.fields["end_image"]}
    gone = kling.model_copy(update={"name": "nobody/nothing"})
    models = (kling.model_copy(update={"fields": fields}), gone)
    changed = load().model_copy(update={"models": models})
    monkeypatch.setattr(doctors, "load", lambda: changed)
    code, said = await asyncio.to_thread(doctor)
    assert code == 1
    assert f"wrong  {KLING}: end_picture: is no field there" in said
    assert "wrong  nobody/nothing: is not there any more" in said


@needs_client
async def test_a_model_that_offers_more_than_we_know_is_no_fault(
    doctor: Doctor, replicate: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    kling = load().model(KLING)
    assert kling
    ratio = kling.fields["aspect_ratio"].model_copy(update={"enum": ("16:9", "9:16")})
    fewer = kling.model_copy(update={"fields": {**kling.fields, "aspect_ratio": ratio}})
    known = load().model_copy(update={"models": (fewer,)})
    monkeypatch.setattr(doctors, "load", lambda: known)
    code, said = await asyncio.to_thread(doctor)
    assert code == 0
    assert f"note   {KLING}: aspect_ratio: also takes 1:1 there" in said


@needs_client
async def test_models_that_agree_are_counted(
    doctor: Doctor, replicate: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = load()
    same = [model for model in known.models if model.name == KLING]
    monkeypatch.setattr(doctors, "load", lambda: Catalog.model_copy(known, update={"models": same}))
    code, said = await asyncio.to_thread(doctor)
    assert code == 0, said
    assert "all 1 models agree" in said


@needs_client
async def test_a_token_that_is_not_accepted_is_said_to_be(
    doctor: Doctor, replicate: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, "r8_wrong")
    code, said = await asyncio.to_thread(doctor)
    assert code == 1
    assert f"{TOKEN} is not accepted" in said
    assert "r8_wrong" not in said


@needs_client
def test_a_provider_that_is_away_is_said_to_be(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, "r8")
    monkeypatch.setenv("REPLICATE_BASE_URL", "http://127.0.0.1:9")
    code, said = doctor()
    assert code == 0, "without paid engines that is no matter"
    assert "is this machine online?" in said


# ── places ──────────────────────────────────────────────────────────────────────────────────────


def on_store(data: Path, *rows: tuple[str, dict[str, Any]]) -> SqliteStore:
    store = SqliteStore(data / "storywave.db")

    async def write() -> None:
        await store.open({})
        for collection, row in rows:
            await store.insert(collection, [row])
        await store.close()

    asyncio.run(write())
    return store


def test_what_waits_for_a_person_is_counted(doctor: Doctor, tmp_path: Path) -> None:
    job = spec(full_plan(), CLIP, beat=0, n=0)
    lost = Job(
        spec=job, state=State.FAILED, attempt=1, posted_attempt=1, posted_at=1, unresolved=True
    )
    deadly = Job(spec=spec(full_plan(), CLIP, beat=1, n=2), attempt=5, deaths=4)
    holds = {lost.hold: {"reserved": 25 * CENT}}
    on_store(
        tmp_path / "storywave-data",
        (JOBS, to_doc(lost)),
        (JOBS, to_doc(deadly)),
        (MONEY, {"_id": job.video_id, "holds": holds}),
    )
    code, said = doctor()
    assert code == 1
    assert "jobs: 1 may be paid for or not, $0.25 is held" in said
    assert "`storywave jobs unresolved` lists them" in said
    assert "work: 1 that do not go on by themselves" in said
    assert "`storywave status --stuck` lists them" in said


async def test_a_folder_in_which_a_server_works_is_left_to_it(
    doctor: Doctor, tmp_path: Path
) -> None:
    store = SqliteStore(tmp_path / "storywave-data" / "storywave.db")
    await store.open({})
    try:
        code, said = await asyncio.to_thread(doctor)
    finally:
        await store.close()
    assert code == 0
    assert "note   store: not looked into: data folder storywave-data is in use by process" in said


def test_a_full_disk_is_said_to_be(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctors, "LEAST_ROOM", 1 << 70)
    code, said = doctor()
    assert code == 1
    assert "MiB are free" in said and "make room" in said


@pytest.mark.parametrize(
    ("there", "level", "advice"),
    [
        ([], "note", "2 are missing, such as a: services make them at their start"),
        ([TopicState("c", 99, 9)], "wrong", "2 are missing, such as a, and others are there: `st"),
    ],
)
def test_topics_that_are_missing_beside_others_are_wrong(
    doctor: Doctor, away: None, monkeypatch: pytest.MonkeyPatch, there: Any, level: str, advice: str
) -> None:
    """A service makes its topics when it starts, and not again while it runs."""

    async def look(*_: object) -> Seen:
        return Seen(there, ["a", "b"], 0)

    monkeypatch.setattr(kafka_topics, "look_at_topics", look)
    _, said = doctor()
    [line] = [line for line in said.splitlines() if "topics: " in line]
    assert line.startswith(level) and advice in line


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server answers where they are looked for."""
    known = {
        "MODE": "cluster",
        "KAFKA": "127.0.0.1:9",
        "MONGO": "mongodb://127.0.0.1:9/",
        "S3_ENDPOINT": "http://127.0.0.1:9",
        "S3_KEY": "k",
        "S3_SECRET": "s",
    }
    for name, value in known.items():
        monkeypatch.setenv(f"STORYWAVE_{name}", value)


def test_servers_that_are_away_are_each_named(doctor: Doctor, away: None) -> None:
    code, said = doctor()
    assert code == 1
    wrong = [line for line in said.splitlines() if line.startswith("wrong")]
    assert [line.split()[1] for line in wrong] == ["bus:", "blobs:", "store:"], said
    assert said.splitlines()[-1] == "3 things are wrong"
