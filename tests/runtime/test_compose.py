"""The composition: one process a data folder, and what a second one may not do to it."""

import asyncio
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

import services
from shared.runtime.compose import open_app
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
