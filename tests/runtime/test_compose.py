"""The composition: one process a data folder, and what a second one may not do to it."""

import asyncio
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

import services
from shared.jobs.turns import Room
from shared.runtime.allowances import Allowances
from shared.runtime.compose import allow, open_app
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
    assert allow(Settings()) == Allowances(6, 10, Room(an_owner=3, overall=0))
    given = Settings(clips_at_once=0, most_priority=2, active=7, active_an_owner=0)
    assert allow(given) == Allowances(0, 2, Room(an_owner=0, overall=7))
    assert allow(_paid(Settings())).clips_at_once == 3
    assert allow(_paid(Settings(clips_at_once=5))).clips_at_once == 5


def _paid(settings: Settings) -> Settings:
    # no engine of this version costs money: the next one brings the first
    return settings.model_copy(update={"engine": "replicate"})


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


async def test_a_loop_that_ends_is_seen_from_outside(tmp_path: Path) -> None:
    async with open_app(Settings(data=tmp_path, processes=1), SERVICES) as app:
        served = httpx.ASGITransport(Starlette(routes=probes(lambda: app)))
        async with httpx.AsyncClient(transport=served, base_url="http://here") as probe:
            assert (await probe.get("/healthz")).status_code == 200
            next(loop for loop in app.loops if loop.get_name() == "chunker worker").cancel()
            await asyncio.sleep(0.1)
            said = await probe.get("/healthz")
        assert (said.status_code, said.json()["dead"]) == (503, ["chunker worker"])
