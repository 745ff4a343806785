"""Money on the command line: nothing by accident, a budget, a receipt, unresolved jobs."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from services.cli import build_parser, main
from services.cli import price as prices
from services.cli.environment import read_settings
from services.cli.make import build_request
from services.gateway.intake import OUTPUTS
from shared.jobs.gate import MONEY
from shared.jobs.job import Job, State
from shared.jobs.ledger import JOBS
from shared.jobs.rows import to_doc
from shared.ports import Store, Update
from shared.runtime import compose
from shared.runtime.settings import Settings
from shared.runtime.terms import Terms
from shared.store.sqlite import SqliteStore
from shared.story.brief import Brief
from shared.story.estimate import estimate_video
from shared.story.kinds import CLIP, KINDS
from shared.story.shape import expect_plan
from tests.engines.replicate.provider import needs_client
from tests.histories import full_plan, spec
from tests.prices import CENT, ask

Captured = pytest.CaptureFixture[str]
POSTED_AT = 1_750_000_000_000


class Maker:
    """Tells prices, and is never asked for anything else."""

    quote = staticmethod(lambda job: ask(job.spec))


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STORYWAVE_ENGINE", "rehearsal")
    monkeypatch.setenv("STORYWAVE_PROCESSES", "1")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paid engines could be had for every kind that has a price."""
    kinds = [kind for kind in KINDS if kind.order_of or kind.name == "plan"]
    prices_of = dict.fromkeys(kinds, Maker())
    monkeypatch.setattr(prices, "price_engines", lambda settings, paid: prices_of)


def make(data: Path, *options: str) -> int:
    return main(["make", "the sea", "--data", str(data), *options])


def find_video(data: Path) -> str:
    return str(on(data, _find_video))


async def _find_video(store: Store) -> str:
    [row] = await store.find(MONEY, {})
    return str(row["_id"])


def on(data: Path, use: Callable[[Store], Coroutine[Any, Any, Any]]) -> Any:
    """Do something with the store of a data folder in which no command runs."""

    async def run() -> Any:
        store = SqliteStore(data / "storywave.db")
        await store.open({})
        try:
            return await use(store)
        finally:
            await store.close()

    return asyncio.run(run())


# ── nothing by accident ─────────────────────────────────────────────────────────────────────────


def test_a_token_alone_changes_nothing_but_that_the_price_is_said(
    data: Path, offered: None, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv(prices.TOKEN, "r8_secret")
    make(data, "--duration", "30")
    said = capsys.readouterr().err
    assert "up to $1.91 (--paid --budget 1.91)" in said
    assert "made on this machine, for nothing" in said
    assert "r8_secret" not in said


def test_without_a_token_nothing_is_said_of_prices(
    data: Path, offered: None, capsys: Captured
) -> None:
    make(data)
    assert "paid" not in capsys.readouterr().err


def test_models_are_wished_for_by_tier_and_by_name() -> None:
    wishes = ["--tier", "draft", "--model", "clip=google/veo-3.1", "--model", "image=best"]
    asked = build_request(build_parser().parse_args(["make", "x", *wishes]))
    brief = asked.brief("ann")
    assert (brief.tier, brief.models) == ("draft", {"clip": "google/veo-3.1", "image": "best"})


def test_a_model_that_there_is_not_is_said_to_whoever_asks_for_the_price(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("STORYWAVE_ENGINE", "local")
    asked = build_request(build_parser().parse_args(["make", "x", "--model", "clip=veo"]))
    monkeypatch.setenv(prices.TOKEN, "r8_secret")
    prices.say_price(asked, Settings())
    said = capsys.readouterr().err
    assert "paid engines could not make this: “veo” is no model; for clip, ask for draft" in said
    assert "made on this machine, for nothing" in said


@needs_client
@pytest.mark.parametrize("options", [["--model", "clip=veo", "--budget", "9"], []])
def test_what_is_refused_is_not_promised(
    options: list[str], data: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("STORYWAVE_ENGINE", "local")
    monkeypatch.setenv(prices.TOKEN, "r8_secret")
    assert make(data, "--paid", *options) == 2
    assert ("is no model" if options else "without a budget") in capsys.readouterr().err
    assert on(data, _list_promises) == []


async def _list_promises(store: Store) -> list[Any]:
    return await store.find(OUTPUTS, {})


def test_paid_engines_work_only_where_somebody_has_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(prices.TOKEN, "r8_secret")
    assert compose.find_terms(Settings()) == Terms()
    terms = compose.find_terms(Settings(paid=True))
    assert terms.ask is not None
    priced = estimate_video(expect_plan("v", Brief(prompt="the sea")), terms.ask)
    assert priced.is_complete and priced.total > 0, priced.notes
    assert {line.kind for line in priced.lines} == {
        "plan",
        "image",
        "card",
        "voice",
        "music",
        "clip",
    }


@pytest.mark.parametrize(
    ("options", "environment", "paid"),
    [([], "", False), (["--paid"], "", True), ([], "true", True), (["--paid"], "false", True)],
)
def test_an_option_or_a_setting_lets_them_work(
    options: list[str], environment: str, paid: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if environment:
        monkeypatch.setenv("STORYWAVE_PAID", environment)
    given = build_parser().parse_args(["make", "the sea", *options])
    assert read_settings(given).paid is paid


# ── budgets ─────────────────────────────────────────────────────────────────────────────────────


def test_a_budget_and_what_follows_at_its_end_are_asked_for() -> None:
    given = build_parser().parse_args(["make", "x", "--budget", "2.50", "--on-cap", "finish"])
    asked = build_request(given)
    assert (asked.cap, asked.on_cap) == (250 * CENT, "finish")


@pytest.mark.parametrize("budget", ["0", "0.00", "-1", "much"])
def test_an_odd_budget_is_refused_before_anything_is_begun(
    data: Path, budget: str, capsys: Captured
) -> None:
    assert make(data, f"--budget={budget}") == 2
    said = capsys.readouterr().err
    assert said.startswith("storywave: --budget: ") and "like 2.50" in said
    assert not data.exists()


def test_an_odd_usual_budget_is_named_by_its_variable(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("STORYWAVE_BUDGET_USD", "0")
    assert make(data) == 2
    assert "STORYWAVE_BUDGET_USD: give more than 0 dollars" in capsys.readouterr().err


def test_make_stops_where_the_budget_is_too_small_and_goes_on_when_it_is_raised(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """The engine charges nothing here, but its prices are asked for all the same."""
    monkeypatch.setattr(compose, "find_terms", lambda settings: Terms(ask, settings.budget))
    assert make(data, "--duration", "30", "--budget", "1.00") == 1
    said, video = capsys.readouterr().err, find_video(data)
    assert "more than the budget of $1.00" in said
    assert f"storywave budget {video}" in said
    kinds = on(data, lambda store: store.find(JOBS, {}))
    assert [row["spec"]["kind"] for row in kinds] == ["plan"]
    # what the rehearsal has made has no bytes: so its file can't be written, as the code tells
    assert main(["budget", video, "2.50", "--data", str(data)]) == 3
    assert "no bytes are stored" in capsys.readouterr().err
    assert len(on(data, lambda store: store.find(JOBS, {}))) > 20


def test_resume_does_not_wait_for_money(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr(compose, "find_terms", lambda settings: Terms(ask, settings.budget))
    make(data, "--budget", "1.00")
    capsys.readouterr()
    assert main(["resume", "--data", str(data)]) == 1
    assert "raise the budget" in capsys.readouterr().err


# ── receipts and unresolved jobs ────────────────────────────────────────────────────────────────


@pytest.fixture
def lost(data: Path, capsys: Captured) -> Job:
    """A video with one paid clip, and one of which nobody knows."""
    make(data, "--budget", "1.50")
    video = find_video(data)
    plan = full_plan(video_id=video)
    done = Job(spec=spec(plan, CLIP, n=90), state=State.DONE, cost=24 * CENT, posted_attempt=1)
    job = Job(
        spec=spec(plan, CLIP, n=91),
        state=State.FAILED,
        attempt=2,
        posted_attempt=1,
        posted_at=POSTED_AT,
        unresolved=True,
        finished_at=1,
    )
    holds = {
        f"holds.{done.hold}": {"reserved": 25 * CENT, "settled": 24 * CENT, "model": "maker/clip"},
        f"holds.{job.hold}": {"reserved": 25 * CENT},
    }

    async def add(store: Store) -> None:
        await store.insert(JOBS, [to_doc(done), to_doc(job)])
        await store.update(MONEY, [Update(video, set=holds)])

    on(data, add)
    capsys.readouterr()
    return job


def test_a_receipt_lists_what_was_paid_and_what_is_held(
    data: Path, lost: Job, capsys: Captured
) -> None:
    assert main(["receipt", lost.spec.video_id, "--data", str(data)]) == 0
    first, second, last = capsys.readouterr().out.splitlines()
    assert " ".join(first.split()) == "$0.24 clip clip 90 take 0, attempt 1 maker/clip of $0.25"
    assert second.split()[:4] == ["unresolved", "clip", "clip", "91"]
    assert last == "paid $0.24, held $0.25, budget $1.50"


def test_a_receipt_of_what_cost_nothing_says_so(data: Path, capsys: Captured) -> None:
    make(data)
    capsys.readouterr()
    assert main(["receipt", find_video(data), "--data", str(data)]) == 0
    assert capsys.readouterr().out.splitlines() == ["nothing was paid for", "paid $0.00"]


def test_there_is_no_receipt_of_a_video_that_is_none(data: Path, lost: Job) -> None:
    assert main(["receipt", "none", "--data", str(data)]) == 2


def test_an_unresolved_job_is_listed_and_dropped(data: Path, lost: Job, capsys: Captured) -> None:
    base = ["jobs", "unresolved", "--data", str(data)]
    assert main(base) == 0
    when = datetime.fromtimestamp(POSTED_AT / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    assert capsys.readouterr().out == f"{lost.id}  {when}  clip  attempt 1  held $0.25\n"
    assert main([*base, "--drop", lost.id, "--charged", "0.00"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "its attempt counts as having cost $0.00",
    ]
    assert main([*base, "--drop", lost.id]) == 2
    assert "lists all" in capsys.readouterr().err


IN_A_CLUSTER = """
from services.cli import main, money
opened = money.open_app
def open_app(chosen, services, at_rest):
    assert at_rest and chosen.mode == "cluster"
    return opened(chosen.model_copy(update={{"mode": "embedded"}}), services, at_rest=True)
money.open_app = open_app
raise SystemExit(main({command}))
"""
"""On a store of one process, as what is said does not depend on the store."""


def test_in_a_cluster_the_services_that_run_tell_of_an_answer(data: Path, lost: Job) -> None:
    command = ["jobs", "unresolved", "--drop", lost.id, "--data", str(data)]
    ran = subprocess.run(
        [sys.executable, "-c", IN_A_CLUSTER.format(command=command)],
        env={**os.environ, "STORYWAVE_MODE": "cluster"},
        capture_output=True,
        text=True,
        check=True,
    )
    said = "its attempt counts as having cost $0.25: the services that run tell it\n"
    assert (ran.stdout, ran.stderr) == (said, "")


@pytest.mark.parametrize("charged", ["-1", "much", "0.26"])
def test_an_odd_charge_changes_nothing(
    data: Path, lost: Job, charged: str, capsys: Captured
) -> None:
    command = ["jobs", "unresolved", "--drop", lost.id, f"--charged={charged}", "--data", str(data)]
    assert main(command) == 2
    capsys.readouterr()
    assert main(["jobs", "unresolved", "--data", str(data)]) == 0
    assert lost.id in capsys.readouterr().out


def test_a_charge_that_is_of_no_job_is_refused(data: Path, lost: Job, capsys: Captured) -> None:
    assert main(["jobs", "unresolved", "--charged", "0.35", "--data", str(data)]) == 2
    said = capsys.readouterr()
    assert (said.out, "say of which job, with --drop JOB or --retry JOB" in said.err) == ("", True)


def test_a_retry_that_is_refused_settles_nothing(data: Path, lost: Job, capsys: Captured) -> None:
    """The ends of these jobs were never told, so that what they give may still come."""
    base = ["jobs", "unresolved", "--data", str(data)]
    assert main([*base, "--retry", lost.id, "--charged", "0.00"]) == 2
    assert "Try again in a moment" in capsys.readouterr().err
    assert main(base) == 0
    assert lost.id in capsys.readouterr().out
