"""The composition: one process a data folder, and what a second one may not do to it."""

import asyncio
import subprocess
import sys
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

import services
from services.cli.environment import read_settings
from services.gateway.parts import build_gateway
from services.gateway.requests import VideoRequest
from shared.base.pool import Pool
from shared.jobs.turns import Room
from shared.runtime.allowances import Allowances
from shared.runtime.compose import allow, engines, open_app
from shared.runtime.probes import probes
from shared.runtime.settings import Settings
from shared.story.errors import BadInput

SERVICES = [services.load(name) for name in services.NAMES]


async def test_a_refused_second_process_leaves_the_work_of_the_first_alone(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, processes=1)
    async with open_app(settings, SERVICES):
        (folder,) = (tmp_path / "work").iterdir()
        (folder / "half.mp4").write_bytes(b"half")
        with pytest.raises(BadInput, match="in use"):
            async with open_app(settings, SERVICES):
                raise AssertionError("two processes on one folder")
        assert (folder / "half.mp4").exists()
    assert not folder.exists()


def test_bounds_come_from_the_settings_and_paid_clips_have_narrower_ones() -> None:
    assert allow(Settings()) == Allowances(6, 10, room=Room(an_owner=3, overall=0))
    given = Settings(clips_at_once=0, most_priority=2, active=7, active_an_owner=0)
    assert allow(given) == Allowances(0, 2, room=Room(an_owner=0, overall=7))
    assert allow(Settings(paid=True)).clips_at_once == 3
    assert allow(Settings(paid=True, clips_at_once=5)).clips_at_once == 5


@pytest.mark.parametrize("name", ["blobs", "work"])
def test_a_broken_data_folder_ends_the_process_with_advice(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("no folder")
    command = ["make", "sea", "--data", str(tmp_path), "-o", str(tmp_path / "film.mp4")]
    ended = subprocess.run(
        [sys.executable, "-m", "services.cli", *command],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 3
    assert f"{tmp_path / name}" in ended.stderr
    assert "make it a folder that can be written to" in ended.stderr
    assert "Traceback" not in ended.stderr


async def test_the_environment_says_what_follows_a_doubt_where_a_request_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYWAVE_CLIP_CHECK", "retry")
    settings = Settings(data=tmp_path, processes=1, engine="rehearsal")
    async with open_app(settings, SERVICES) as app:
        gateway = build_gateway(app)
        said = await gateway.intake.accept(VideoRequest(prompt="x", clip_check="off"), "ann")
        unsaid = await gateway.intake.accept(VideoRequest(prompt="x"), "ann")
        briefs = [(await gateway.videos.read_status(id_, "ann")).request for id_ in (said, unsaid)]
        gateway.close()
    assert [brief.clip_check for brief in briefs] == ["off", "retry"]


def engines_of(**known: Any) -> Mapping[str, str]:
    pool = Pool(1)
    try:
        made = engines(Settings(processes=1, **known), SERVICES, pool)
        return {kind.name: engine.name for kind, engine in made.items()}
    finally:
        pool.close()


def test_a_language_model_plans_where_one_is_named_and_does_nothing_else() -> None:
    local = engines_of()
    assert set(local.values()) == {"local"}
    named = {"llm_url": "http://127.0.0.1:11434/v1", "llm_model": "small"}
    assert engines_of(**named) == {**local, "plan": "chat"}
    assert set(engines_of(**named, engine="rehearsal").values()) == {"rehearsal"}


@pytest.mark.parametrize(
    ("variables", "advice"),
    [
        ({"LLM_URL": "localhost:11434"}, "STORYWAVE_LLM_URL: this is no address: write it like"),
        ({"LLM_URL": "http://x/v1"}, "STORYWAVE_LLM_MODEL: name the model"),
        ({"LLM_URL": "http://x/v1?key=sk-secret", "LLM_MODEL": "m"}, "STORYWAVE_LLM_URL: this is"),
        ({"LLM_KEY": "sk-secret\nmore"}, "STORYWAVE_LLM_KEY: "),
        ({"LLM_PRICE_IN": "-1"}, "STORYWAVE_LLM_PRICE_IN: give a number, 0 to 10000"),
        ({"LLM_PRICE_OUT": "much"}, "STORYWAVE_LLM_PRICE_OUT: "),
        ({"LLM_PRICE_OUT": "inf"}, "STORYWAVE_LLM_PRICE_OUT: "),
    ],
)
def test_a_mistake_about_the_language_model_is_named_and_no_key_repeated(
    monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str], advice: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"STORYWAVE_{name}", value)
    with pytest.raises(BadInput) as refused:
        read_settings(Namespace())
    assert advice in str(refused.value)
    assert "sk-secret" not in str(refused.value)


@pytest.mark.parametrize("end", ["", "/", "/chat/completions"])
def test_the_address_of_a_chat_may_be_pasted_whole(end: str) -> None:
    given = Settings(llm_url=f"http://127.0.0.1:11434/v1{end}", llm_model="small")
    assert given.llm_url == "http://127.0.0.1:11434/v1"


async def test_a_loop_that_ends_is_seen_from_outside(tmp_path: Path) -> None:
    async with open_app(Settings(data=tmp_path, processes=1), SERVICES) as app:
        served = httpx.ASGITransport(Starlette(routes=probes(lambda: app)))
        async with httpx.AsyncClient(transport=served, base_url="http://here") as probe:
            assert (await probe.get("/healthz")).status_code == 200
            next(loop for loop in app.loops if loop.get_name() == "chunker worker").cancel()
            await asyncio.sleep(0.1)
            said = await probe.get("/healthz")
        assert (said.status_code, said.json()["dead"]) == (503, ["chunker worker"])
